import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { heldBackMs, publishWithinMs, type PostWish } from '../../../core/chat/bus.ts';
import { Ear, messageOf, untilTrue, useShard } from './shard.ts';

const shard = useShard();

const wishOf = (broadcastId: string, personId = 'ann', idempotencyKey?: string): PostWish => ({
  broadcastId,
  channelId: `channel-of-${broadcastId}`,
  personId,
  role: 'viewer',
  ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
});

async function admitted(broadcastId: string, personId = 'ann', idempotencyKey?: string): Promise<string> {
  const admission = await shard.bus.admit(wishOf(broadcastId, personId, idempotencyKey));
  if (admission.kind !== 'admitted') throw new Error(JSON.stringify(admission));
  return admission.id;
}

async function listening(broadcastId: string): Promise<Ear> {
  const ear = new Ear();
  await shard.openFanIn().subscribe({ broadcastId, channelId: `channel-of-${broadcastId}` }, ear);
  return ear;
}

describe('the order of messages', () => {
  it('gives ids of 16 digits that rise and are the time of Redis', async () => {
    const broadcastId = await shard.warm();
    const ids = await Promise.all(Array.from({ length: 50 }, () => admitted(broadcastId)));
    expect(ids).toEqual([...new Set(ids)].sort());
    for (const id of ids) expect(id).toMatch(/^\d{16}$/);
    expect(Math.abs(Number(ids[0]) / 1_000 - Date.now())).toBeLessThan(5_000);
  });

  it('never gives an id at or below what the store has', async () => {
    const future = String((Date.now() + 3_600_000) * 1_000);
    const broadcastId = await shard.warm({ kept: [messageOf(future, 'bob')] });
    expect(await admitted(broadcastId)).toBe(String(Number(future) + 1));
    expect(await admitted(broadcastId)).toBe(String(Number(future) + 2));
  });

  it('lets messages out in the order of their ids whichever is stored first', async () => {
    const broadcastId = await shard.warm();
    const ear = await listening(broadcastId);
    const [first, second, third] = [
      await admitted(broadcastId),
      await admitted(broadcastId),
      await admitted(broadcastId),
    ];
    expect(await shard.bus.publish(broadcastId, messageOf(third, 'ann'))).toBe('published');
    expect(await shard.bus.publish(broadcastId, messageOf(second, 'ann'))).toBe('published');
    expect(await shard.bus.publish(broadcastId, messageOf(first, 'ann'))).toBe('published');
    await untilTrue('all heard', () => ear.heard.length === 3);
    expect(ear.ids).toEqual([first, second, third]);
  });

  it('lets out what waited behind a withdrawn one at once', async () => {
    const broadcastId = await shard.warm();
    const ear = await listening(broadcastId);
    const [first, second] = [await admitted(broadcastId), await admitted(broadcastId)];
    await shard.bus.publish(broadcastId, messageOf(second, 'ann'));
    const start = performance.now();
    await shard.bus.withdraw(wishOf(broadcastId), first);
    await untilTrue('heard', () => ear.heard.length === 1);
    expect(performance.now() - start).toBeLessThan(heldBackMs / 2);
    expect(await shard.bus.publish(broadcastId, messageOf(first, 'ann'))).toBe('late');
    expect(ear.ids).toEqual([second]);
  });

  it('lets out nothing that its author was told was refused, however late Redis gets to it', async () => {
    const broadcastId = await shard.warm();
    const ear = await listening(broadcastId);
    const old = await admitted(broadcastId, 'ann', 'key-1');
    await delay(publishWithinMs + 50);
    expect(await shard.bus.publish(broadcastId, messageOf(old, 'ann'))).toBe('late');
    const anew = await admitted(broadcastId, 'ann', 'key-1');
    expect(anew > old).toBe(true);
    await shard.bus.publish(broadcastId, messageOf(anew, 'ann'));
    await untilTrue('heard', () => ear.heard.length === 1);
    expect(ear.ids).toEqual([anew]);
  });

  it('gives up one that nobody publishes, lets the others out by itself, and says late to it', async () => {
    const broadcastId = await shard.warm();
    const ear = await listening(broadcastId);
    const [dead, alive] = [await admitted(broadcastId), await admitted(broadcastId)];
    await shard.bus.publish(broadcastId, messageOf(alive, 'ann'));
    const start = performance.now();
    await untilTrue('let out', () => ear.heard.length === 1);
    const heldMs = performance.now() - start;
    expect(heldMs).toBeGreaterThan(heldBackMs * 0.9);
    expect(heldMs).toBeLessThan(heldBackMs * 1.5);
    expect(await shard.bus.publish(broadcastId, messageOf(dead, 'ann'))).toBe('late');
    await untilTrue('told', () => ear.controls.length === 1);
    expect(ear.controls[0]?.control).toEqual({ type: 'delete', ids: [dead] });
    expect(ear.ids).toEqual([alive]);
  });

  it('waits for a slow store as long as nobody waits behind it', async () => {
    const broadcastId = await shard.warm();
    const id = await admitted(broadcastId);
    await new Promise((resolve) => setTimeout(resolve, heldBackMs + 100));
    expect((await shard.bus.standing(wishOf(broadcastId))).kind).toBe('known');
    expect(await shard.bus.publish(broadcastId, messageOf(id, 'ann'))).toBe('published');
  });

  it('is released by a task that counts viewers when the publishers are dead', async () => {
    const broadcastId = await shard.warm();
    const fanIn = shard.openFanIn();
    const ear = new Ear();
    await fanIn.subscribe({ broadcastId, channelId: 'c' }, ear);
    const dying = shard.openBus();
    await admitted(broadcastId);
    const id = await admitted(broadcastId);
    await dying.publish(broadcastId, messageOf(id, 'ann'));
    await dying.close();
    await untilTrue('let out', async () => {
      await fanIn.present(new Map([[broadcastId, 1]]));
      return ear.heard.length === 1;
    });
  });

  it('sends the same message once however often it is published', async () => {
    const broadcastId = await shard.warm();
    const ear = await listening(broadcastId);
    const [first, second] = [await admitted(broadcastId), await admitted(broadcastId)];
    for (const id of [second, second, first, first, second])
      expect(await shard.bus.publish(broadcastId, messageOf(id, 'ann'))).toBe('published');
    await shard.post(broadcastId, 'bob');
    await untilTrue('heard', () => ear.heard.length === 3);
    expect(ear.ids.slice(0, 2)).toEqual([first, second]);
  });

  it('takes texts of every kind through unchanged', async () => {
    const broadcastId = await shard.warm();
    const ear = await listening(broadcastId);
    const texts = ['"quotes" \\ and ] } ,', 'こんにちは 👋🏽', '\u2028\u0000\ud800 %g %s', '</script>'];
    for (const text of texts) await shard.post(broadcastId, 'ann', text);
    await untilTrue('heard', () => ear.heard.length === texts.length);
    expect(ear.heard.map(({ text }) => text)).toEqual(texts);
  });
});

describe('an idempotency key', () => {
  it('makes one message: again while it is on its way, posted afterwards', async () => {
    const broadcastId = await shard.warm();
    const wish = wishOf(broadcastId, 'ann', 'key 1');
    const id = await admitted(broadcastId, 'ann', 'key 1');
    expect(await shard.bus.admit(wish)).toEqual({ kind: 'admitted', id, again: true });
    expect(await shard.bus.standing(wish)).not.toHaveProperty('posted');
    await shard.bus.publish(broadcastId, messageOf(id, 'ann'));
    expect(await shard.bus.admit(wish)).toEqual({ kind: 'posted', id });
    expect(await shard.bus.standing(wish)).toMatchObject({ posted: id });
  });

  it('belongs to one person and one broadcast, and is free again after a withdrawal', async () => {
    const broadcastId = await shard.warm();
    const other = await shard.warm();
    const id = await admitted(broadcastId, 'ann', 'same');
    expect(await admitted(broadcastId, 'bob', 'same')).not.toBe(id);
    expect(await admitted(other, 'ann', 'same')).not.toBe(id);
    await shard.bus.withdraw(wishOf(broadcastId, 'ann', 'same'), id);
    expect(await shard.bus.admit(wishOf(broadcastId, 'ann', 'same'))).toMatchObject({ again: false });
  });

  it('makes another message when the first one was given up', async () => {
    const broadcastId = await shard.warm();
    const ear = await listening(broadcastId);
    const dead = await admitted(broadcastId, 'ann', 'k');
    await shard.bus.publish(broadcastId, messageOf(await admitted(broadcastId, 'bob'), 'bob'));
    await untilTrue('let out', () => ear.heard.length === 1);
    const anew = await shard.bus.admit(wishOf(broadcastId, 'ann', 'k'));
    expect(anew).toMatchObject({ kind: 'admitted', again: false });
    expect(anew).not.toMatchObject({ id: dead });
  });
});

describe('a Redis that knows nothing', () => {
  it('is cold to standing and admit, also to publish, and takes what was stored as published once warm', async () => {
    const broadcastId = 'never-seen';
    const wish = wishOf(broadcastId);
    expect(await shard.bus.standing(wish)).toEqual({ kind: 'cold' });
    expect(await shard.bus.admit(wish)).toEqual({ kind: 'cold' });
    const old = messageOf(String(Date.now() * 1_000), 'ann');
    expect(await shard.bus.publish(broadcastId, old)).toBe('cold');
    expect(await shard.bus.takeBack(wish, old.id)).toBe('cold');
    await shard.warm({ broadcastId, kept: [old] });
    expect(await shard.bus.publish(broadcastId, old)).toBe('published');
    expect((await shard.bus.standing(wish)).kind).toBe('known');
  });
});
