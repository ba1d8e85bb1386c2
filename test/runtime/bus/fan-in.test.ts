import { createClient } from '@redis/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BusError, presenceExpiryMs, type FanIn } from '../../../core/chat/bus.ts';
import { defaultSettings } from '../../../core/chat/mode.ts';
import { fanInContract } from './contract/fan-in.ts';
import { Ear, messageOf, newBroadcast, noLimits, untilTrue, useShard } from './shard.ts';
import { memberOf } from '../../../runtime/bus/wire.ts';
import { startWireCutter, type WireCutter } from './wire-cutter.ts';

const shard = useShard();

describe('what every fan-in does', () => {
  fanInContract(async () => {
    const wire = await startWireCutter(shard.redis.port);
    const opened: FanIn[] = [];
    return {
      newBroadcast: () => shard.warm(),
      openFanIn: () => {
        const fanIn = shard.openFanIn({ url: wire.url });
        opened.push(fanIn);
        return fanIn;
      },
      say: (broadcastId) => shard.post(broadcastId),
      tell: (...said) => shard.bus.tell(...said),
      order: (order) => shard.bus.order(order),
      cut: () => wire.cut(),
      mend: () => wire.mend(),
      close: async () => {
        for (const fanIn of opened) await fanIn.close();
        await wire.stop();
      },
    };
  });
});

const placeOf = (broadcastId: string) => ({ broadcastId, channelId: `channel-of-${broadcastId}` });

/** The first connection of a bus after an outage takes a moment. */
const again = async <T>(ask: () => Promise<T>): Promise<T> => {
  const end = performance.now() + 5_000;
  for (;;)
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof BusError) || performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
};

describe('a subscription', () => {
  it('hears nothing after it ended, and can begin again at once', async () => {
    const broadcastId = await shard.warm();
    const fanIn = shard.openFanIn();
    const [first, second] = [new Ear(), new Ear()];
    await fanIn.subscribe(placeOf(broadcastId), first);
    const turns = Promise.all([
      fanIn.unsubscribe(broadcastId),
      fanIn.subscribe(placeOf(broadcastId), second),
      fanIn.unsubscribe(broadcastId),
      fanIn.subscribe(placeOf(broadcastId), second),
    ]);
    await turns;
    const id = await shard.post(broadcastId);
    await untilTrue('heard', () => second.ids.includes(id));
    expect(first.heard).toEqual([]);
    expect(second.ids).toEqual([id]);
    await expect(fanIn.subscribe(placeOf(broadcastId), first)).rejects.toThrow('already');
  });

  it('works where Redis knows nothing: history and settings come from the store', async () => {
    const broadcastId = newBroadcast();
    const settings = { ...defaultSettings, slowS: 7 };
    const old = messageOf(String((Date.now() - 60_000) * 1_000), 'ann');
    shard.store.write(broadcastId, old);
    const ear = new Ear();
    const fanIn = shard.openFanIn({ readSettings: () => Promise.resolve(settings) });
    const begun = await fanIn.subscribe(placeOf(broadcastId), ear);
    expect(begun).toEqual({ kept: [old], whole: true, settings, removals: [] });
    expect(await shard.bus.admit({ ...placeOf(broadcastId), personId: 'p', role: 'viewer' })).toEqual({
      kind: 'cold',
    });
    await shard.warm({ broadcastId });
    const id = await shard.post(broadcastId);
    await untilTrue('heard', () => ear.ids.includes(id));
    expect(ear.ids).toEqual([id]);
  });

  it('fails with a BusError when the store can not be read, and can be tried again', async () => {
    const broadcastId = newBroadcast();
    let works = false;
    const fanIn = shard.openFanIn({
      readNewest: () =>
        works ? Promise.resolve({ messages: [], keys: new Map() }) : Promise.reject(new Error('throttled')),
    });
    await expect(fanIn.subscribe(placeOf(broadcastId), new Ear())).rejects.toThrow('throttled');
    works = true;
    expect((await fanIn.subscribe(placeOf(broadcastId), new Ear())).whole).toBe(true);
  });

  it('survives what it can not read', async () => {
    const broadcastId = await shard.warm();
    const ear = new Ear();
    const fanIn = shard.openFanIn();
    await fanIn.subscribe(placeOf(broadcastId), ear);
    await garbage(`chat:{${broadcastId}}`, ['', '{', 'null', '[]', '7', '{"prev":1}', '{"messages":1}']);
    await garbage('chat:orders', ['{', 'null']);
    const id = await shard.post(broadcastId);
    await untilTrue('heard', () => ear.ids.includes(id));
    expect(fanIn.link).toBe('live');
  });
});

async function garbage(channel: string, texts: readonly string[]): Promise<void> {
  for (const text of texts) await raw(['SPUBLISH', channel, text]);
}

async function raw(command: readonly string[]): Promise<unknown> {
  const client = await createClient({ url: shard.redis.url }).connect();
  const answer: unknown = await client.sendCommand([...command]);
  client.destroy();
  return answer;
}

/** Not all at once: on a busy machine the last would not be answered in time. */
async function postMany(broadcastId: string, count: number): Promise<void> {
  for (let left = count; left > 0; left -= 25)
    await Promise.all(Array.from({ length: Math.min(25, left) }, () => shard.post(broadcastId)));
}

describe('presence', () => {
  it('sums what all tasks say of a broadcast, and nobody remains when all have left', async () => {
    const [one, two] = [shard.openFanIn(), shard.openFanIn()];
    const [a, b] = [newBroadcast(), newBroadcast()];
    await untilTrue('live', () => one.link === 'live' && two.link === 'live');
    await one.present(
      new Map([
        [a, 3],
        [b, 1],
      ]),
    );
    expect(await two.present(new Map([[a, 4]]))).toEqual(new Map([[a, 7]]));
    expect(await shard.bus.viewers([a, b, 'unknown'])).toEqual(
      new Map([
        [a, 7],
        [b, 1],
      ]),
    );
    expect(await one.present(new Map([[a, 0]]))).toEqual(new Map([[a, 4]]));
    await two.present(new Map([[a, 0]]));
    expect(await shard.bus.viewers([a])).toEqual(new Map());
  });

  it('forgets a task that was not heard for three beats', async () => {
    const fanIn = shard.openFanIn();
    const broadcastId = newBroadcast();
    await untilTrue('live', () => fanIn.link === 'live');
    const key = `chat:{${broadcastId}}:viewers`;
    const agoUs = (ms: number): string => String((Date.now() - ms) * 1_000);
    await raw(['HSET', key, 'dead', `100 ${agoUs(presenceExpiryMs + 500)}`, 'late', `10 ${agoUs(11_000)}`]);
    expect(await shard.bus.viewers([broadcastId])).toEqual(new Map([[broadcastId, 10]]));
    expect(await fanIn.present(new Map([[broadcastId, 1]]))).toEqual(new Map([[broadcastId, 11]]));
    expect(Number(await raw(['PTTL', key]))).toBeGreaterThan(presenceExpiryMs - 1_000);
  });

  it('takes a thousand broadcasts in one round', async () => {
    const fanIn = shard.openFanIn();
    await untilTrue('live', () => fanIn.link === 'live');
    const counts = new Map(Array.from({ length: 1_000 }, (_, i) => [`many-${i}`, i] as const));
    expect((await fanIn.present(counts)).get('many-999')).toBe(999);
    expect((await shard.bus.viewers([...counts.keys()])).size).toBe(999);
  });
});

describe('a lost Redis', () => {
  let wire: WireCutter;
  beforeAll(async () => {
    wire = await startWireCutter(shard.redis.port);
  });
  afterEach(() => wire.mend());
  afterAll(() => wire.stop());

  it('that was killed and is empty: says so, comes back by itself, fills the hole from the store, then goes on', async () => {
    const broadcastId = await shard.warm();
    const fanIn = shard.openFanIn();
    const links: string[] = [];
    const ear = new Ear();
    await fanIn.subscribe(placeOf(broadcastId), ear);
    fanIn.onLink((link) => links.push(link));
    const ids = [await shard.post(broadcastId)];
    await untilTrue('heard', () => ear.heard.length === 1);
    await shard.redis.kill();
    await untilTrue('noticed', () => fanIn.link === 'reconnecting');
    await expect(fanIn.present(new Map([[broadcastId, 1]]))).rejects.toThrow(BusError);
    // Stored and published by somebody while this task did not hear.
    const missed = messageOf(String(Date.now() * 1_000), 'bob');
    shard.store.write(broadcastId, missed);
    ids.push(missed.id);
    await shard.redis.restart();
    await untilTrue('back', () => fanIn.link === 'live');
    await untilTrue('filled', () => ear.heard.length === 2);
    await again(() => shard.warm({ broadcastId }));
    await shard.bus.setLimits(noLimits);
    ids.push(await shard.post(broadcastId));
    await untilTrue('goes on', () => ear.heard.length === 3);
    expect(ear.ids).toEqual(ids);
    expect(links).toEqual(['reconnecting', 'live']);
  });

  it('that froze: counts as lost after 2 s, and what was said meanwhile comes afterwards', async () => {
    const broadcastId = await again(() => shard.warm());
    const fanIn = shard.openFanIn();
    const ear = new Ear();
    await fanIn.subscribe(placeOf(broadcastId), ear);
    await again(() => shard.post(broadcastId));
    shard.redis.freeze();
    const start = performance.now();
    await untilTrue('noticed', () => fanIn.link === 'reconnecting');
    expect(performance.now() - start).toBeLessThan(3_500);
    expect(fanIn.lagMs).toBeGreaterThanOrEqual(0);
    shard.redis.thaw();
    const id = await again(() => shard.post(broadcastId));
    await untilTrue('heard', () => ear.ids.includes(id));
    expect(ear.ids).toEqual(shard.store.all(broadcastId).map((message) => message.id));
    expect(fanIn.link).toBe('live');
  });

  it('that kept a publication to itself is found out by the next one', async () => {
    const broadcastId = await shard.warm();
    const ear = new Ear();
    await shard.openFanIn().subscribe(placeOf(broadcastId), ear);
    const first = await shard.post(broadcastId);
    await untilTrue('heard', () => ear.heard.length === 1);
    const silent = messageOf(String(Number(first) + 1), 'ann');
    await raw(['ZADD', `chat:{${broadcastId}}:kept`, silent.id, memberOf(silent)]);
    await raw(['HSET', `chat:{${broadcastId}}:state`, 'published', silent.id]);
    const last = await shard.post(broadcastId);
    await untilTrue('heard', () => ear.ids.includes(last));
    expect(ear.ids).toEqual([first, silent.id, last]);
  });

  it('that lost what it knew, while the store fails: nothing is left out once it answers', async () => {
    const broadcastId = await shard.warm();
    let works = false;
    const troubles: unknown[] = [];
    const fanIn = shard.openFanIn({
      url: wire.url,
      readNewest: (id, count) =>
        works ? Promise.resolve(shard.store.newest(id, count)) : Promise.reject(new Error('throttled')),
      onTrouble: (error) => {
        troubles.push(error);
      },
    });
    const ear = new Ear();
    await fanIn.subscribe(placeOf(broadcastId), ear);
    wire.cut();
    await postMany(broadcastId, 20);
    await raw(['DEL', `chat:{${broadcastId}}:state`, `chat:{${broadcastId}}:kept`]);
    wire.mend();
    await untilTrue('tried', () => troubles.length > 0);
    expect(ear.heard).toEqual([]);
    works = true;
    await untilTrue('all heard', () => ear.heard.length === 20);
    expect(ear.ids).toEqual(shard.store.all(broadcastId).map(({ id }) => id));
  });

  it('did not hear what staff did meanwhile: it hears it afterwards', async () => {
    const broadcastId = await shard.warm();
    const fanIn = shard.openFanIn({ url: wire.url });
    const ear = new Ear();
    await fanIn.subscribe(placeOf(broadcastId), ear);
    const id = await shard.post(broadcastId);
    await untilTrue('heard', () => ear.heard.length === 1);
    wire.cut();
    await shard.bus.remove(broadcastId, [id]);
    const until = await shard.bus.purge(broadcastId, 'bad');
    await shard.bus.setSettings(placeOf(broadcastId), { ...defaultSettings, slowS: 5, version: 1 });
    wire.mend();
    await untilTrue('told', () => ear.controls.length >= 3);
    expect(ear.controls.map(({ control }) => control)).toEqual([
      { type: 'delete', ids: [id] },
      { type: 'purge', person: 'bad', until },
      { type: 'mode', mode: { slowS: 5, off: false } },
    ]);
  });
});
