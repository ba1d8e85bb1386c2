import { startFaultProxy } from '../../runtime/store/tables/fault-proxy.ts';
import { IamError, type Check } from './evaluate.ts';
import { tableNeeds, type Program } from './table-needs.ts';
import { tableChecks } from './table-operations.ts';

/** Tables whose roles go by the partition as well, because several programs own a part of them. */
const byPartition = new Set(['fleet', 'chat']);

/** `PutItem fleet heartbeat`, `Query broadcasts/by-channel`: how table-needs.ts says what DynamoDB checks. */
export function needsOf({ action, resource, context }: Check): readonly string[] {
  const [, table = '', index] = /table\/[^/]*?-?(\w+)(?:\/index\/(.+))?$/.exec(resource) ?? [];
  const need = `${action.replace('dynamodb:', '')} ${table}${index === undefined ? '' : `/${index}`}`;
  if (!byPartition.has(table)) return [need];
  const partitions = [context['dynamodb:LeadingKeys'] ?? []].flat();
  return partitions.map((key) => `${need} ${key.replace(/#.*/, '#…')}`);
}

const place = { account: '111122223333', region: 'us-east-1' };

/**
 * Tables for one program of a test, through an endpoint that hears every call. Closing throws when the program
 * has asked for something that table-needs.ts does not have: test/lib/programs.test.ts asks the program's role for
 * what stands there, and for nothing else.
 */
export async function watchTables(
  program: Program,
  endpoint: string,
): Promise<{ readonly endpoint: string; close(): Promise<void> }> {
  const proxy = await startFaultProxy(endpoint, () => ({ kind: 'pass' }));
  return {
    endpoint: proxy.url,
    async close() {
      await proxy.stop();
      const needs = proxy.asked.flatMap(({ operation, body }) =>
        tableChecks(operation, body, place).flatMap(needsOf),
      );
      const known = new Set<string>(tableNeeds[program]);
      const unknown = [...new Set(needs)].filter((need) => !known.has(need));
      if (unknown.length > 0)
        throw new IamError(
          `${program} asks DynamoDB for what test/support/iam/table-needs.ts does not have: ${unknown.join('; ')}`,
        );
    },
  };
}
