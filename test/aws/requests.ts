import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { emulatorProgram } from '../../tools/aws-emulators/python.ts';
import type { Call, Service } from '../../tools/aws-emulators/proxy/wire.ts';

/** botocore's names of the services whose requests are JSON, so that the proxy has them as they were made. */
const models: Partial<Readonly<Record<Service, string>>> = {
  dynamodb: 'dynamodb',
  ecr: 'ecr',
  ecs: 'ecs',
  monitoring: 'cloudwatch',
};

export interface Verdict {
  readonly checked: number;
  readonly wrong: readonly string[];
}

/** What botocore's models of the services say of recorded requests: a second reading of the API's reference. */
export function judge(calls: readonly Pick<Call, 'service' | 'operation' | 'input'>[]): Verdict {
  const requests = calls.flatMap(({ service, operation, input }) => {
    const model = models[service];
    return model === undefined ? [] : [[model, operation, input]];
  });
  const script = join(import.meta.dirname, '..', '..', 'tools', 'aws-emulators', 'validate_requests.py');
  const { status, stdout, stderr } = spawnSync(emulatorProgram('python'), [script], {
    input: JSON.stringify(requests),
    maxBuffer: 64 * 1024 ** 2,
  });
  if (status !== 0) throw new Error(`the requests could not be checked: ${stderr.toString()}`);
  return {
    checked: Number(/checked (\d+)/.exec(stderr.toString())?.[1]),
    wrong: stdout
      .toString()
      .split('\n')
      .filter((line) => line !== ''),
  };
}
