import { describe, expect, it } from 'vitest';
import type { IngestProcess } from '../../../../tools/simulate/model/process.ts';
import type { World } from '../../../../tools/simulate/model/world.ts';
import { fleetOf, front, leaseOf, stop, wishOf } from './fleet.ts';

const minuteMs = 60_000;

interface Pair {
  readonly world: World;
  readonly full: IngestProcess;
  readonly peer: IngestProcess;
}

/** Two hosts; newcomers only know the first, which has its four broadcasts; the second is named as its peer. */
async function fullAndPeer(): Promise<Pair> {
  const world = await fleetOf(2);
  const [full, peer] = world.liveProcesses();
  if (full === undefined || peer === undefined) throw new Error('two tasks serve');
  const ips = world.addresses.read().filter(({ ip }) => world.processAt(ip) === full);
  await front(
    world,
    ips.map(({ ip }) => ip),
  );
  for (let n = 0; n < 4; n++) world.encoderComes(wishOf());
  await world.store.writePeers(
    [{ taskId: peer.identity.taskId, relay: '10.0.0.2:1937', slots: 4 }],
    await leaseOf(world),
  );
  return { world, full, peer };
}

describe('a full host in the model', () => {
  it('passes a newcomer on to its peer, and is not empty while the connection goes through it', async () => {
    const { world, full, peer } = await fullAndPeer();
    world.encoderComes(wishOf({ lengthMs: 5 * minuteMs }));
    expect(full.shows).toHaveLength(4);
    expect(peer.shows).toHaveLength(1);
    expect(full.passing).toBe(1);
    expect(world.tally).toMatchObject({ passedOn: 1, refusedEncoders: 0 });
    world.advance(world.now + 6 * minuteMs);
    expect(peer.shows).toHaveLength(0);
    expect(full.passing).toBe(0);
  });

  it('takes the newcomer itself up to the ceiling when no peer is there', async () => {
    const { world, full, peer } = await fullAndPeer();
    world.killTask(peer.identity.taskId);
    world.encoderComes(wishOf());
    expect(full.shows).toHaveLength(5);
    world.encoderComes(wishOf());
    expect(world.tally.refusals.full).toBe(1);
  });

  it('cuts what goes through it when it dies, and the broadcast goes on', async () => {
    const { world, full, peer } = await fullAndPeer();
    world.encoderComes(wishOf());
    const passed = peer.shows[0]?.broadcastId ?? '';
    const ips = world.addresses.read().filter(({ ip }) => world.processAt(ip) === peer);
    await front(
      world,
      ips.map(({ ip }) => ip),
    );
    world.killTask(full.identity.taskId);
    expect(world.tally.cut.fault).toBe(5);
    world.advance(world.now + 30_000);
    expect(peer.held(passed)).toMatchObject({ state: 'live', session: 2 });
  });

  it('breaks I1 when it is stopped with a connection that goes through it', async () => {
    const { world, full } = await fullAndPeer();
    const encoder = world.encoderComes(wishOf());
    expect(encoder.isHeldBy(full)).toBe(false);
    for (const { broadcastId } of full.shows) full.letGo(broadcastId, world.now);
    full.terminate(world.now);
    await stop(world, full.identity.taskId);
    expect(world.tally.violations).toMatchObject([{ invariant: 'I1' }]);
    expect(world.tally.violations[0]?.text).toContain('go through it');
  });
});
