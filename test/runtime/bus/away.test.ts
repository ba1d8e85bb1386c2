import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BusError, type PostBus } from '../../../core/chat/bus.ts';
import { defaultPlatformChat, defaultSettings } from '../../../core/chat/mode.ts';
import { startRedis } from '../../support/redis.ts';
import { Ear, messageOf, noLimits, untilTrue, useShard, warmState } from './shard.ts';
import { startWireCutter, type WireCutter } from './wire-cutter.ts';

const shard = useShard({ password: 'as-secret-as-it-gets' });
const place = { broadcastId: 'b', channelId: 'c' };
const wish = { ...place, personId: 'ann', role: 'viewer' } as const;

/** Everything that an API task asks a bus. */
const calls: Readonly<Record<string, (bus: PostBus) => Promise<unknown>>> = {
  standing: (bus) => bus.standing(wish),
  admit: (bus) => bus.admit(wish),
  publish: (bus) => bus.publish('b', messageOf('1763654400000000', 'ann')),
  withdraw: (bus) => bus.withdraw(wish, '1763654400000000'),
  takeBack: (bus) => bus.takeBack(wish, '1763654400000000'),
  epoch: (bus) => bus.epoch('b'),
  warm: (bus) => bus.warm(warmState('b')),
  setSettings: (bus) => bus.setSettings(place, defaultSettings),
  setBan: (bus) => bus.setBan(place, { personId: 'x', name: 'x', by: 'y', at: 1 }),
  liftBan: (bus) => bus.liftBan(place, 'x'),
  setPlatform: (bus) => bus.setPlatform(defaultPlatformChat, []),
  remove: (bus) => bus.remove('b', ['1763654400000000']),
  purge: (bus) => bus.purge('b', 'x'),
  tell: (bus) => bus.tell('b', { type: 'viewers', count: 1 }),
  setLimits: (bus) => bus.setLimits(noLimits),
  viewers: (bus) => bus.viewers(['b']),
  order: (bus) => bus.order({ type: 'drill', share: 0 }),
  platformDemand: (bus) => bus.platformDemand(),
  platformRefused: (bus) => bus.platformRefused(),
  setPlatformShare: (bus) => bus.setPlatformShare(1_000_000),
};

/** Calls all at once; each has to fail in time. */
async function expectAllToFail(bus: PostBus): Promise<void> {
  await Promise.all(
    Object.entries(calls).map(async ([name, call]) => {
      const start = performance.now();
      const error: unknown = await call(bus).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error, name).toBeInstanceOf(BusError);
      expect(performance.now() - start, name).toBeLessThan(1_000);
    }),
  );
}

/** ms until it is answered again. */
async function backAfter(bus: PostBus): Promise<number> {
  const start = performance.now();
  await untilTrue('back', () =>
    bus.standing(wish).then(
      () => true,
      () => false,
    ),
  );
  return performance.now() - start;
}

describe('while Redis is away', () => {
  it('every call fails within a second, and works again within about one when it is back', async () => {
    const bus = shard.openBus();
    for (const [name, call] of Object.entries(calls)) await expect(call(bus), name).resolves.not.toThrow();
    await shard.redis.kill();
    await expectAllToFail(bus);
    await shard.redis.restart();
    expect(await backAfter(bus)).toBeLessThan(1_500);
    for (const call of Object.values(calls)) await call(bus);
  });

  it('frozen, the same, also for longer than a connection is given up', async () => {
    const bus = shard.openBus();
    await bus.warm(warmState('b'));
    shard.redis.freeze();
    await expectAllToFail(bus);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await expectAllToFail(bus);
    shard.redis.thaw();
    expect(await backAfter(bus)).toBeLessThan(1_500);
  });

  it('a bus that never met its Redis fails in time, and finds it once it is there', async () => {
    const lone = await startRedis();
    await lone.kill();
    const bus = shard.openBus(lone.url);
    await expectAllToFail(bus);
    await expectAllToFail(bus);
    await lone.restart();
    expect(await backAfter(bus)).toBeLessThan(1_500);
    await bus.close();
    await expectAllToFail(bus);
    await lone.stop();
  });

  it('the password is in no error', async () => {
    const { openPostBus } = await import('../../../runtime/bus/post-bus.ts');
    const bus = openPostBus({ url: shard.redis.url, password: 'a-wrong-guess', clock: Date });
    for (let round = 0; round < 2; round += 1) {
      const error: unknown = await bus.standing(wish).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(BusError);
      const { inspect } = await import('node:util');
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('a-wrong-guess');
    }
    await bus.close();
  });
});

describe('a reply that is lost', () => {
  let wire: WireCutter;
  beforeAll(async () => {
    wire = await startWireCutter(shard.redis.port);
  });
  afterAll(() => wire.stop());

  it('of a publish: asked again it is published, and heard once', async () => {
    await shard.bus.warm(warmState('lost'));
    const bus = shard.openBus(wire.url);
    const ear = new Ear();
    await shard.openFanIn().subscribe({ broadcastId: 'lost', channelId: 'c' }, ear);
    await backAfter(bus);
    const admission = await bus.admit({ ...wish, broadcastId: 'lost' });
    if (admission.kind !== 'admitted') throw new Error(JSON.stringify(admission));
    wire.loseReplies();
    await expect(bus.publish('lost', messageOf(admission.id, 'ann'))).rejects.toThrow(BusError);
    await untilTrue('heard', () => ear.heard.length === 1);
    wire.mend();
    await backAfter(bus);
    expect(await bus.publish('lost', messageOf(admission.id, 'ann'))).toBe('published');
    const next = await bus.admit({ ...wish, broadcastId: 'lost' });
    if (next.kind !== 'admitted') throw new Error(JSON.stringify(next));
    await bus.publish('lost', messageOf(next.id, 'ann'));
    await untilTrue('heard', () => ear.heard.length === 2);
    expect(ear.ids).toEqual([admission.id, next.id]);
  });

  it('of an admission: the same key gets the same id, and nothing waits for it for ever', async () => {
    await shard.bus.warm(warmState('lost-2'));
    const bus = shard.openBus(wire.url);
    const ear = new Ear();
    await shard.openFanIn().subscribe({ broadcastId: 'lost-2', channelId: 'c' }, ear);
    await backAfter(bus);
    wire.loseReplies();
    const keyed = { ...wish, broadcastId: 'lost-2', idempotencyKey: 'k' };
    await expect(bus.admit(keyed)).rejects.toThrow(BusError);
    wire.mend();
    await backAfter(bus);
    expect(await bus.admit(keyed)).toMatchObject({ kind: 'admitted', again: true });
    const other = await bus.admit({ ...keyed, personId: 'bob' });
    if (other.kind !== 'admitted') throw new Error(JSON.stringify(other));
    await bus.publish('lost-2', messageOf(other.id, 'bob'));
    await untilTrue('let out', () => ear.heard.length === 1, 2_000);
  });
});
