import { describe, expect, it } from 'vitest';
import { fleetOf, front, shows, wishOf } from './fleet.ts';

const minuteMs = 60_000;

describe('an encoder in the model', () => {
  it('goes live at an address of the front set, and ends when it wants to', async () => {
    const world = await fleetOf(2);
    world.encoderComes(wishOf({ lengthMs: 10 * minuteMs }));
    expect(shows(world)).toHaveLength(1);
    world.advance(world.now + 9 * minuteMs);
    expect(shows(world)).toHaveLength(1);
    world.advance(world.now + 2 * minuteMs);
    expect(shows(world)).toHaveLength(0);
    expect(world.tally).toMatchObject({ encoders: 1, broadcasts: 1, refusedEncoders: 0, gaveUp: 0 });
  });

  it('is held for the grace window when it ends without saying so', async () => {
    const world = await fleetOf(1);
    world.encoderComes(wishOf({ lengthMs: minuteMs, endsCleanly: false }));
    world.advance(world.now + minuteMs + 50_000);
    expect(world.liveProcesses()[0]?.shows).toMatchObject([{ state: 'interrupted' }]);
    world.advance(world.now + minuteMs);
    expect(shows(world)).toHaveLength(0);
  });

  it('counts once as refused, and its person tries again until somebody takes it', async () => {
    const world = await fleetOf(1);
    for (let n = 0; n < 5; n++) world.encoderComes(wishOf({ lengthMs: 2 * minuteMs }));
    world.encoderComes(wishOf());
    expect(world.tally).toMatchObject({ refusedEncoders: 1, refusals: { full: 1 } });
    world.advance(world.now + 4 * minuteMs);
    expect(shows(world)).toHaveLength(1);
    expect(world.tally.refusedEncoders).toBe(1);
    const [longest = 0] = world.tally.waitsMs.toSorted((a, b) => b - a);
    expect(longest).toBeGreaterThanOrEqual(15_000);
  });

  it('gives up after five more tries', async () => {
    const world = await fleetOf(0);
    world.encoderComes(wishOf());
    world.advance(world.now + 10 * minuteMs);
    expect(world.tally).toMatchObject({ gaveUp: 1, refusedEncoders: 1, refusals: { 'no-answer': 6 } });
  });

  it('comes back to its own task inside the grace window, also when that one refuses newcomers', async () => {
    const world = await fleetOf(1);
    world.encoderComes(wishOf({ drops: [{ after: minuteMs, awayMs: 8_000 }] }));
    const [process] = world.liveProcesses();
    process?.terminate(world.now);
    expect(process?.refuses(world.now)).toBe('draining');
    world.advance(world.now + 3 * minuteMs);
    expect(process?.shows).toMatchObject([{ state: 'live', session: 2 }]);
    expect(world.tally).toMatchObject({ drops: 1, broadcasts: 1, resumed: { sameTask: 1 } });
  });

  it('goes on at another task, and the first lets go of it', async () => {
    const world = await fleetOf(2);
    world.encoderComes(wishOf({ drops: [{ after: 10 * minuteMs, awayMs: 3_000 }] }));
    const holder = world.liveProcesses().find((process) => process.shows.length > 0);
    const others = world.addresses.read().filter(({ ip }) => world.processAt(ip) !== holder);
    await front(
      world,
      others.map(({ ip }) => ip),
    );
    world.advance(world.now + 10 * minuteMs);
    expect(holder?.shows).toEqual([]);
    expect(shows(world)).toHaveLength(1);
    expect(world.tally).toMatchObject({ broadcasts: 1, resumed: { otherTask: 1 } });
  });

  it('is cut off by a dying task, and goes on as the same broadcast where there is another', async () => {
    const world = await fleetOf(2);
    world.encoderComes(wishOf());
    const holder = world.liveProcesses().find((process) => process.shows.length > 0);
    world.killTask(holder?.identity.taskId ?? '');
    expect(world.tally.cut).toEqual({ scheduler: 0, fault: 1, operator: 0 });
    const others = world.addresses.read().filter(({ ip }) => world.processAt(ip) !== undefined);
    await front(
      world,
      others.map(({ ip }) => ip),
    );
    expect(shows(world)).toHaveLength(1);
  });
});

describe('resolvers in the model', () => {
  it('name an address that has left the front set for at most two minutes more', async () => {
    const world = await fleetOf(2);
    const [first = '', second = ''] = world.addresses.read().map(({ ip }) => ip);
    for (let resolver = 0; resolver < 40; resolver++) world.dns.resolve(resolver);
    void world.infrastructure.act({ kind: 'set-front', ips: [second], ttlS: 20 }, AbortSignal.any([]));
    const changedAt = world.now;
    let last = changedAt;
    while (world.now < changedAt + 300_000) {
      world.advance(world.now + 1_000);
      for (let resolver = 0; resolver < 40; resolver++) {
        if (world.dns.resolve(resolver).includes(first)) last = world.now;
      }
    }
    expect(last).toBeGreaterThan(changedAt + 5_000);
    expect(last).toBeLessThanOrEqual(changedAt + world.policy.front.slackMs + world.policy.front.ttlS * 1000);
  });
});
