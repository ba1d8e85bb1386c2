import { describe } from 'vitest';
import { defaultPolicy } from '../../../../core/fleet/policy.ts';
import { createWorld } from '../../../../tools/simulate/model/world.ts';
import { infrastructureContract } from '../../../lambda/scheduler/contract/infrastructure.ts';
import { fleetStoreContract, noon } from '../../../lambda/scheduler/contract/store.ts';

/** Longer than anything of the model takes to come to rest, shorter than its lists keep what has ended. */
const restMs = 400_000;

describe("the simulator's side of the ports", () => {
  infrastructureContract(() => {
    const policy = { ...defaultPolicy, hosts: { ...defaultPolicy.hosts, max: 3 } };
    const world = createWorld({ seed: 1, now: noon, policy, listsLag: false });
    const [first = '', second = ''] = policy.slots;
    return Promise.resolve({
      infrastructure: world.infrastructure,
      slots: [first, second] as const,
      digests: [world.released, 'sha256:other'] as const,
      maxHosts: policy.hosts.max,
      settle: () => Promise.resolve(world.advance(world.now + restMs)),
      release: (digest: string) => Promise.resolve(world.push(digest, 'good')),
      close: () => Promise.resolve(),
    });
  });

  fleetStoreContract(() => {
    const world = createWorld({ seed: 1, now: noon });
    return Promise.resolve({
      store: world.store,
      other: world.connect().store,
      close: () => Promise.resolve(),
    });
  });
});
