import { describe } from 'vitest';
import { FakeClock } from '../../fakes/fleet/clock.ts';
import { connect } from '../../fakes/fleet/line.ts';
import { FakeStore } from '../../fakes/fleet/store.ts';
import { FleetWorld } from '../../fakes/fleet/world.ts';
import { infrastructureContract } from './contract/infrastructure.ts';
import { fleetStoreContract, noon, sharedStoreContract, type SharedStoreSide } from './contract/store.ts';

const slots = ['in-01', 'in-02'] as const;
const digests = ['sha256:a', 'sha256:b'] as const;

const newWorld = (): FleetWorld =>
  new FleetWorld({ clock: new FakeClock(noon), slots, maxHosts: 3, digest: digests[0] });

const openStore = (): Promise<SharedStoreSide> => {
  let now = noon;
  const world = newWorld();
  const fake = new FakeStore(() => now);
  return Promise.resolve({
    store: connect(world, fake).store,
    other: connect(world, fake).store,
    beat: async (heartbeat) => fake.beat(heartbeat),
    request: async (request) => fake.request(request),
    planEvent: async (event) => fake.planEvent(event),
    setNow: (to) => {
      now = to;
    },
    close: () => Promise.resolve(),
  });
};

describe('the fakes of these tests', () => {
  infrastructureContract(async () => {
    const world = newWorld();
    return {
      infrastructure: connect(world, new FakeStore(() => noon)).infrastructure,
      slots,
      digests,
      maxHosts: world.maxHosts,
      settle: async () => world.settle(),
      release: async (digest) => {
        world.release = { digest, pushedAt: noon };
      },
      close: () => Promise.resolve(),
    };
  });
  fleetStoreContract(openStore);
  sharedStoreContract(openStore);
});
