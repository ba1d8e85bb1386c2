import type { TidecastConfig } from '../../lib/config.ts';
import { Deployment } from '../support/iam/deployment.ts';
import { synthesise } from './synthesise.ts';

/** What a configuration would be in an account: to ask what its roles may do. */
export function deployed(config: TidecastConfig, build?: Parameters<typeof synthesise>[1]): Deployment {
  const { stacks } = synthesise(config, build);
  return new Deployment(
    new Map([...stacks.values()].map(({ stack, template }) => [stack.stackName, template.toJSON()])),
    { account: '111122223333', region: config.region },
  );
}
