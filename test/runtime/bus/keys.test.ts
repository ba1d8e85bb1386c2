import { createClient } from '@redis/client';
import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../../../core/chat/mode.ts';
import { Ear, messageOf, noLimits, untilTrue, useShard } from './shard.ts';

const shard = useShard();

const open = () => createClient({ url: shard.redis.url }).connect();

async function withRedis<T>(ask: (redis: Awaited<ReturnType<typeof open>>) => Promise<T>): Promise<T> {
  const redis = await open();
  try {
    return await ask(redis);
  } finally {
    redis.destroy();
  }
}

const wishOf = (broadcastId: string, personId: string) =>
  ({ broadcastId, channelId: 'c', personId, role: 'viewer', idempotencyKey: `key of ${personId}` }) as const;

/** All that can happen to a broadcast; one post of it is held and one is in flight at the end. */
async function everything(broadcastId: string): Promise<void> {
  const { bus } = shard;
  const place = { broadcastId, channelId: 'c' };
  const fanIn = shard.openFanIn();
  await fanIn.subscribe(place, new Ear());
  await fanIn.present(new Map([[broadcastId, 1]]));
  await shard.post(broadcastId);
  await bus.setSettings(place, { ...defaultSettings, version: 1 });
  await bus.setBan(place, { personId: 'bad', name: 'b', by: 'm', at: 1 });
  await bus.purge(broadcastId, 'bad');
  await bus.remove(broadcastId, [await shard.post(broadcastId)]);
  await bus.withdraw(wishOf(broadcastId, 'w'), await admitted(broadcastId, 'w'));
  await admitted(broadcastId, 'flying');
  await bus.publish(broadcastId, messageOf(await admitted(broadcastId, 'held'), 'held'));
}

async function admitted(broadcastId: string, personId: string): Promise<string> {
  const admission = await shard.bus.admit(wishOf(broadcastId, personId));
  if (admission.kind !== 'admitted') throw new Error(JSON.stringify(admission));
  return admission.id;
}

describe('what lies in Redis', () => {
  it('goes away by itself: only what belongs to the whole shard stays', async () => {
    await everything(await shard.warm());
    const lasting = await withRedis(async (redis) => {
      const keys = await redis.keys('*');
      const times = await Promise.all(keys.map((key) => redis.ttl(key)));
      return keys.filter((_, at) => (times[at] ?? -1) < 0);
    });
    expect(lasting.sort()).toEqual(['chat:places', 'chat:platform']);
  });

  it('names no more broadcasts than there are, give or take as many', async () => {
    const dead = Array.from({ length: 100 }, (_, n) => `chat:{forgotten-${n}}`);
    await withRedis((redis) => redis.sAdd('chat:places', dead));
    for (let n = 0; n < 150; n += 1) await shard.warm();
    const left = await withRedis((redis) => redis.sMembers('chat:places'));
    expect(left.filter((place) => dead.includes(place)).length).toBeLessThan(80);
    expect(left.length).toBeGreaterThanOrEqual(150);
  });

  it('may be lost one by one: the broadcast is cold, or goes on', async () => {
    const broadcastId = await shard.warm();
    await everything(broadcastId);
    const keys = await withRedis((redis) => redis.keys(`chat*`));
    expect(keys.length).toBeGreaterThan(10);
    for (const key of keys) {
      await withRedis((redis) => redis.del(key));
      await shard.bus.setLimits(noLimits);
      const admission = await shard.bus.admit(wishOf(broadcastId, `after ${key}`.replaceAll(' ', '-')));
      if (admission.kind === 'cold') await shard.warm({ broadcastId });
      else expect(admission.kind, key).toBe('admitted');
      await shard.post(broadcastId);
    }
  });

  it('was written by a clock that is an hour ahead: nobody is held up by that', async () => {
    const aheadUs = (Date.now() + 3_600_000) * 1_000;
    await shard.bus.setLimits({
      ...noLimits,
      person: { perS: 20, burst: 1 },
      platform: { perS: 20, burst: 1 },
    });
    const broadcastId = await shard.warm({ settings: { ...defaultSettings, slowS: 1 } });
    const ear = new Ear();
    await shard.openFanIn().subscribe({ broadcastId, channelId: 'c' }, ear);
    await withRedis(async (redis) => {
      const bucket = { spent: 1, at: aheadUs, tail: aheadUs, slot: 999_999_999 };
      await redis.hSet('chat:platform:bucket', bucket);
      await redis.set('chat:person:ann', `1 ${aheadUs} ${aheadUs} ${aheadUs}`);
      await redis.set(`chat:{${broadcastId}}:here:ann`, `${aheadUs} ${aheadUs} 0 0`);
    });
    const start = performance.now();
    let id: string | undefined;
    await untilTrue('admitted', async () => {
      const admission = await shard.bus.admit({
        broadcastId,
        channelId: 'c',
        personId: 'ann',
        role: 'viewer',
      });
      if (admission.kind === 'admitted') ({ id } = admission);
      return id !== undefined;
    });
    expect(performance.now() - start).toBeLessThan(2_000);
    await shard.bus.setLimits(noLimits);
    const second = await admitted(broadcastId, 'bob');
    await shard.bus.publish(broadcastId, messageOf(second, 'bob'));
    await withRedis((redis) => redis.zAdd(`chat:{${broadcastId}}:due`, { score: aheadUs, value: second }));
    await untilTrue('let out', async () => {
      await shard.bus.standing(wishOf(broadcastId, 'bob'));
      return ear.ids.includes(second);
    });
  });
});
