import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '@redis/client';
import { beforeEach, describe, expect, it } from 'vitest';
import { idempotencyS, publishWithinMs, type PostWish } from '../../../core/chat/bus.ts';
import { messageId, type MessageKeys } from '../../../core/chat/message.ts';
import { keptLength } from '../../../core/chat/protocol.ts';
import { hashOf } from '../../../runtime/bus/idempotency.ts';
import { Ear, messageOf, newBroadcast, noLimits, untilTrue, useShard, warmState } from './shard.ts';

const shard = useShard();
let broadcastId: string;
beforeEach(async () => {
  broadcastId = await shard.warm();
});

const wishOf = (idempotencyKey = 'key', personId = 'ann'): PostWish => ({
  broadcastId,
  channelId: `channel-of-${broadcastId}`,
  personId,
  role: 'viewer',
  idempotencyKey,
});

async function admitted(wish = wishOf()): Promise<string> {
  const admission = await shard.bus.admit(wish);
  if (admission.kind !== 'admitted') throw new Error(JSON.stringify(admission));
  return admission.id;
}

/** Admitted and stored with its key, as the API does it. */
async function stored(wish = wishOf()): Promise<string> {
  const id = await admitted(wish);
  shard.store.write(broadcastId, messageOf(id, wish.personId), hashOf(wish.personId, wish.idempotencyKey));
  return id;
}

async function posted(wish = wishOf()): Promise<string> {
  const id = await stored(wish);
  expect(await shard.bus.publish(broadcastId, messageOf(id, wish.personId))).toBe('published');
  return id;
}

async function redis(...command: string[]): Promise<unknown> {
  const client = await createClient({ url: shard.redis.url }).connect();
  try {
    return await client.sendCommand(command);
  } finally {
    client.destroy();
  }
}

/** Redis knows nothing any more. */
async function forget(): Promise<void> {
  await redis('FLUSHALL');
  await shard.bus.setLimits(noLimits);
}

async function listening(): Promise<Ear> {
  const ear = new Ear();
  await shard.openFanIn().subscribe(wishOf(), ear);
  return ear;
}

const keyIn = (wish: PostWish): string =>
  `chat:{${broadcastId}}:key:${hashOf(wish.personId, wish.idempotencyKey)}`;

describe('a Redis that came back empty', () => {
  it('knows again what a key has made, of the same person only', async () => {
    const id = await posted();
    await forget();
    expect((await shard.bus.admit(wishOf())).kind).toBe('cold');
    await shard.warm({ broadcastId });
    expect(await shard.bus.standing(wishOf())).toMatchObject({ kind: 'known', posted: id });
    expect(await shard.bus.admit(wishOf())).toEqual({ kind: 'posted', id });
    expect(await shard.bus.admit(wishOf('key', 'bob'))).toMatchObject({ kind: 'admitted', again: false });
    expect(await shard.bus.admit(wishOf('another'))).toMatchObject({ kind: 'admitted', again: false });
  });

  it('knows it also when a chat task was the first to tell it', async () => {
    const id = await posted();
    await forget();
    const { kept } = await shard.openFanIn().subscribe(wishOf(), new Ear());
    expect(kept.map((message) => message.id)).toEqual([id]);
    await shard.warm({ broadcastId, keys: new Map() });
    expect(await shard.bus.admit(wishOf())).toEqual({ kind: 'posted', id });
  });

  it('remembers it as long as it would have, and not what is older', async () => {
    const now = Date.now();
    const [young, old] = [now - 100_000, now - (idempotencyS + 1) * 1_000].map((ms) => messageId(ms * 1_000));
    const ahead = messageId((now + 3_600_000) * 1_000);
    for (const [id, key] of [
      [young, 'young'],
      [old, 'old'],
      [ahead, 'ahead'],
    ] as const)
      shard.store.write(broadcastId, messageOf(id ?? '', 'ann'), hashOf('ann', key));
    await forget();
    await shard.warm({ broadcastId });
    const leftS = Number(await redis('TTL', keyIn(wishOf('young'))));
    expect(leftS).toBeGreaterThan(idempotencyS - 120);
    expect(leftS).toBeLessThanOrEqual(idempotencyS - 100 + 1);
    expect(await redis('TTL', keyIn(wishOf('ahead')))).toBe(idempotencyS);
    expect(await shard.bus.admit(wishOf('old'))).toMatchObject({ kind: 'admitted' });
  });

  it('goes by what it knows itself, and by the newest of two in the store', async () => {
    const hash = hashOf('ann', 'key');
    const [first, second] = [await posted(wishOf('x')), await posted(wishOf('y'))];
    const keys: MessageKeys = new Map([
      [second, hash],
      [first, hash],
    ]);
    await forget();
    await shard.warm({ broadcastId, keys });
    expect(await shard.bus.admit(wishOf())).toEqual({ kind: 'posted', id: second });
    await shard.warm({ broadcastId, keys: new Map([[first, hash]]) });
    expect(await shard.bus.admit(wishOf())).toEqual({ kind: 'posted', id: second });
  });

  it('learns of those who come later only what is older than what it keeps, and decided by then', async () => {
    const ids = Array.from({ length: keptLength + 2 }, (_, n) => messageId((Date.now() - 9_000) * 1_000 + n));
    for (const id of ids) shard.store.write(broadcastId, messageOf(id, 'ann'));
    const [oldest = '', middle = ''] = [ids[0], ids[100]];
    const recent = messageId((Date.now() - publishWithinMs) * 1_000);
    await forget();
    await shard.openFanIn().subscribe(wishOf(), new Ear());
    const keys = new Map(
      [oldest, middle, recent].map(
        (id, n) => [id, hashOf('ann', ['oldest', 'middle', 'recent'][n])] as const,
      ),
    );
    await shard.warm({ broadcastId, keys });
    expect(await shard.bus.admit(wishOf('oldest'))).toEqual({ kind: 'posted', id: oldest });
    for (const key of ['middle', 'recent'])
      expect((await shard.bus.admit(wishOf(key))).kind, key).toBe('admitted');
  });

  it('takes nothing that was read in the store before it forgot: something may have been said since', async () => {
    await forget();
    const epoch = await shard.bus.epoch(broadcastId);
    expect(await shard.bus.epoch(broadcastId)).toBe(epoch);
    const before = { ...warmState(broadcastId), epoch };
    await shard.warm({ broadcastId });
    const id = await posted();
    expect(await shard.bus.warm(before)).toBe('warm');
    await forget();
    expect(await shard.bus.warm(before)).toBe('stale');
    expect((await shard.bus.admit(wishOf())).kind).toBe('cold');
    await shard.warm({ broadcastId, epoch: await shard.bus.epoch(broadcastId) });
    expect(await shard.bus.admit(wishOf())).toEqual({ kind: 'posted', id });
    const last = await shard.bus.epoch(broadcastId);
    await shard.bus.takeOver(broadcastId);
    expect(await shard.bus.warm({ ...before, epoch: last })).toBe('stale');
  });

  it('says so to who publishes, and counts as published what was stored before it was warmed', async () => {
    const [before, after] = [await stored(wishOf('before')), await admitted(wishOf('after'))];
    await forget();
    expect(await shard.bus.publish(broadcastId, messageOf(before, 'ann'))).toBe('cold');
    await shard.warm({ broadcastId });
    expect(await shard.bus.publish(broadcastId, messageOf(before, 'ann'))).toBe('published');
    expect(await shard.bus.publish(broadcastId, messageOf(after, 'ann'))).toBe('late');
    const { kept } = await shard.openFanIn().subscribe(wishOf(), new Ear());
    expect(kept.map(({ id }) => id)).toEqual([before]);
  });
});

describe('taking back', () => {
  const history = async (): Promise<readonly string[]> =>
    (await shard.openFanIn().subscribe(wishOf(), new Ear())).kept.map(({ id }) => id);

  it('takes what is out away from everybody, and its key is free', async () => {
    const ear = await listening();
    const id = await posted();
    expect(await shard.bus.takeBack(wishOf(), id)).toBe('gone');
    await untilTrue('told', () => ear.controls.length === 1);
    expect(ear.controls[0]?.control).toEqual({ type: 'delete', ids: [id] });
    expect(await history()).toEqual([]);
    expect(await shard.bus.publish(broadcastId, messageOf(id, 'ann'))).toBe('late');
    expect(await shard.bus.admit(wishOf())).toMatchObject({ kind: 'admitted', again: false });
  });

  it.each(['standing', 'admit'] as const)('leaves what %s has told a retry', async (ask) => {
    const id = await posted();
    expect(JSON.stringify(await shard.bus[ask](wishOf()))).toContain(id);
    expect(await shard.bus.takeBack(wishOf(), id)).toBe('answered');
    expect(await shard.bus.takeBack(wishOf(), id)).toBe('answered');
    expect(await history()).toEqual([id]);
    expect(await shard.bus.admit(wishOf())).toEqual({ kind: 'posted', id });
    expect(Number(await redis('TTL', keyIn(wishOf())))).toBeGreaterThan(idempotencyS - 60);
  });

  it('gives up what is on its way, and what waits, and lets the others out', async () => {
    const ear = await listening();
    const [flying, waiting] = [await admitted(wishOf('1')), await admitted(wishOf('2'))];
    await shard.bus.publish(broadcastId, messageOf(waiting, 'ann'));
    expect(await shard.bus.takeBack(wishOf('2'), waiting)).toBe('gone');
    const last = await admitted(wishOf('3'));
    await shard.bus.publish(broadcastId, messageOf(last, 'ann'));
    expect(await shard.bus.takeBack(wishOf('1'), flying)).toBe('gone');
    await untilTrue('heard', () => ear.ids.includes(last));
    expect(ear.ids).toEqual([last]);
    for (const key of ['1', '2'])
      expect(await shard.bus.admit(wishOf(key))).toMatchObject({ kind: 'admitted', again: false });
  });

  it('of who was admitted again leaves what somebody has published, out or waiting', async () => {
    const [first, second] = [await admitted(wishOf('1')), await admitted(wishOf('2'))];
    await shard.bus.publish(broadcastId, messageOf(second, 'ann'));
    expect(await shard.bus.takeBack(wishOf('2'), second, 'again')).toBe('answered');
    expect(await shard.bus.takeBack(wishOf('1'), first, 'again')).toBe('gone');
    expect(await shard.bus.takeBack(wishOf('2'), second, 'again')).toBe('answered');
    expect(await history()).toEqual([second]);
  });

  it('of what nobody can have seen tells nobody, unless it was read from the store', async () => {
    const ear = await listening();
    const unseen = await admitted(wishOf('1'));
    expect(await shard.bus.takeBack(wishOf('1'), unseen, 'storer')).toBe('gone');
    const seen = await posted(wishOf('2'));
    expect(await shard.bus.takeBack(wishOf('2'), seen, 'storer')).toBe('gone');
    await untilTrue('told', () => ear.controls.length > 0);
    expect(ear.controls.map(({ control }) => control)).toEqual([{ type: 'delete', ids: [seen] }]);
    expect(await shard.bus.admit(wishOf('1'))).toMatchObject({ kind: 'admitted', again: false });
  });

  it('of a post without a key takes it away whatever was asked', async () => {
    const { idempotencyKey: _, ...wish } = wishOf();
    const id = await posted(wish);
    await shard.bus.standing(wish);
    expect(await shard.bus.takeBack(wish, id)).toBe('gone');
    expect(await history()).toEqual([]);
  });

  it('leaves another message of the same key alone', async () => {
    const dead = await admitted();
    await delay(publishWithinMs + 20);
    const id = await posted();
    expect(await shard.bus.takeBack(wishOf(), dead)).toBe('gone');
    expect(await shard.bus.admit(wishOf())).toEqual({ kind: 'posted', id });
    expect(await history()).toEqual([id]);
  });
});

describe('where a broadcast was handed over', () => {
  it('only what went out there is published, whoever tells it what the store has', async () => {
    const id = await stored();
    await forget();
    await shard.bus.handOver(broadcastId);
    await shard.openFanIn().subscribe(wishOf(), new Ear());
    expect(await shard.bus.publish(broadcastId, messageOf(id, 'ann'))).toBe('late');
    expect(await shard.bus.takeBack(wishOf(), id)).toBe('gone');
  });

  it('the next shard knows the keys, and after a stay elsewhere this one does', async () => {
    const id = await posted();
    await shard.bus.handOver(broadcastId);
    const elsewhere = messageOf(String(Number(id) + 1), 'ann');
    shard.store.write(broadcastId, elsewhere, hashOf('ann', 'said elsewhere'));
    await shard.bus.takeOver(broadcastId);
    await shard.warm({ broadcastId });
    expect(await shard.bus.admit(wishOf('said elsewhere'))).toEqual({ kind: 'posted', id: elsewhere.id });
    expect(await shard.bus.admit(wishOf())).toEqual({ kind: 'posted', id });
  });
});

describe('the hash of a key', () => {
  it('is in nothing that viewers are sent', async () => {
    const hash = hashOf('ann', 'key');
    const listener = await createClient({ url: shard.redis.url, RESP: 3 }).connect();
    const wire: string[] = [];
    const channel = `chat:{${broadcastId}}`;
    await listener.sSubscribe(channel, (text) => void wire.push(text));
    await listener.subscribe(channel, (text) => void wire.push(text));
    const id = await posted();
    await shard.bus.takeBack(wishOf(), await posted(wishOf('other')));
    await forget();
    await shard.warm({ broadcastId });
    const { kept } = await shard.openFanIn().subscribe(wishOf(), new Ear());
    await untilTrue('heard', () => wire.length > 2);
    listener.destroy();
    const lies = JSON.stringify(await redis('ZRANGE', `${channel}:kept`, '0', '-1'));
    expect(lies).toContain(id);
    for (const seen of [...wire, lies, JSON.stringify(kept)]) expect(seen).not.toContain(hash);
    expect(Object.keys(kept[0] ?? {}).sort()).toEqual(['at', 'by', 'id', 'text']);
  });
});

describe('keys', () => {
  it('of one broadcast are not those of another', async () => {
    await posted();
    broadcastId = await shard.warm({ broadcastId: newBroadcast() });
    expect((await shard.bus.admit(wishOf())).kind).toBe('admitted');
  });

  it('as many as are ever read are learnt at once', async () => {
    const base = Date.now() * 1_000 - 60_000_000;
    const keys = new Map(
      Array.from({ length: 5_000 }, (_, n) => [messageId(base + n), hashOf('ann', `k${n}`)] as const),
    );
    await forget();
    await shard.warm({ broadcastId, keys });
    expect(await shard.bus.admit(wishOf('k4999'))).toMatchObject({ kind: 'posted' });
    expect(await shard.bus.admit(wishOf('k0'))).toMatchObject({ kind: 'posted' });
  });
});
