import { defaultPolicy, type Policy } from '../../../../core/fleet/policy.ts';
import type { Lease } from '../../../../core/fleet/ports.ts';
import { createWorld, type World } from '../../../../tools/simulate/model/world.ts';
import type { Wish } from '../../../../tools/simulate/trace/trace.ts';

export const noon = Date.UTC(2026, 10, 20, 12);
/** Boot, start, and a record's way to the resolvers. */
export const settleMs = 400_000;

const never = new AbortController().signal;

/** A world with so many serving hosts, all of them in the front set, made by hand. */
export async function fleetOf(
  hosts: number,
  options: { readonly seed?: number; readonly policy?: Policy } = {},
): Promise<World> {
  const policy = options.policy ?? defaultPolicy;
  const world = createWorld({
    seed: options.seed ?? 1,
    now: noon,
    policy: { ...policy, addresses: { ...policy.addresses, quota: 20 } },
    listsLag: false,
  });
  const { infrastructure } = world;
  await infrastructure.act({ kind: 'set-desired', hosts }, never);
  world.advance(world.now + settleMs);
  const booted = await infrastructure.read('hosts', never);
  for (const [index, { hostId }] of booted.entries()) {
    const slot = policy.slots[index] ?? '';
    await infrastructure.act({ kind: 'allocate-address', slot }, never);
    const address = world.addresses.read().find((each) => each.slot === slot);
    const addressId = address?.addressId ?? '';
    await infrastructure.act({ kind: 'associate-address', addressId, hostId, slot }, never);
    const digest = world.released;
    await infrastructure.act({ kind: 'start-task', hostId, slot, digest, token: hostId }, never);
  }
  world.advance(world.now + settleMs);
  await front(
    world,
    world.addresses.read().map(({ ip }) => ip),
  );
  return world;
}

/** Sets the front set and waits until every resolver must have it. */
export async function front(world: World, ips: readonly string[]): Promise<void> {
  await world.infrastructure.act({ kind: 'set-front', ips, ttlS: 20 }, never);
  world.advance(world.now + 150_000);
}

export async function leaseOf(world: World): Promise<Lease> {
  const lease = await world.store.acquireLease({ holder: 'test', now: world.now, leaseMs: 3_600_000 });
  if (lease === undefined) throw new Error('nobody else holds it');
  return lease;
}

export const stop = (world: World, taskId: string, forced = false): Promise<void> =>
  world.infrastructure.act({ kind: 'stop-task', taskId, reason: 'a test', forced }, never);

export const terminate = (world: World, hostId: string): Promise<void> =>
  world.infrastructure.act({ kind: 'terminate-host', hostId }, never);

export const wishOf = (changes: Partial<Wish> = {}): Wish => ({
  at: 0,
  lengthMs: 3_600_000,
  points: 1000,
  endsCleanly: true,
  drops: [],
  ...changes,
});

/** What all live processes hold. */
export const shows = (world: World): readonly string[] =>
  world.liveProcesses().flatMap((process) => process.shows.map(({ broadcastId }) => broadcastId));
