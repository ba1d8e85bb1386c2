import { describe, expect, it } from 'vitest';
import type { PostWish } from '../../../core/chat/bus.ts';
import { defaultPlatformChat, defaultSettings, type Ban } from '../../../core/chat/mode.ts';
import { Ear, messageOf, untilTrue, useShard } from './shard.ts';

const shard = useShard();

const placeOf = (broadcastId: string) => ({ broadcastId, channelId: `channel-of-${broadcastId}` });
const wishOf = (broadcastId: string, personId = 'ann', more: Partial<PostWish> = {}): PostWish => ({
  ...placeOf(broadcastId),
  personId,
  role: 'viewer',
  ...more,
});
const banOf = (personId: string, until?: number): Ban => ({
  personId,
  name: personId,
  by: 'mod',
  at: Date.now(),
  ...(until === undefined ? {} : { until }),
});

async function listening(broadcastId: string): Promise<Ear> {
  const ear = new Ear();
  await shard.openFanIn().subscribe(placeOf(broadcastId), ear);
  return ear;
}

async function admitted(wish: PostWish): Promise<string> {
  const admission = await shard.bus.admit(wish);
  if (admission.kind !== 'admitted') throw new Error(JSON.stringify(admission));
  return admission.id;
}

/** What a newcomer gets. */
const keptOf = async (broadcastId: string): Promise<readonly string[]> => {
  const { kept } = await shard.openFanIn().subscribe(placeOf(broadcastId), new Ear());
  return kept.map(({ id }) => id);
};

describe('a ban', () => {
  it('refuses for good, a timeout until its end, and a lifted one no more; the person is told', async () => {
    const broadcastId = await shard.warm();
    const ear = await listening(broadcastId);
    await shard.bus.setBan(placeOf(broadcastId), banOf('bad'));
    expect(await shard.bus.admit(wishOf(broadcastId, 'bad'))).toEqual({ kind: 'refused', reason: 'banned' });
    const until = Date.now() + 10_000;
    await shard.bus.setBan(placeOf(broadcastId), banOf('bad', until));
    const timeout = await shard.bus.admit(wishOf(broadcastId, 'bad'));
    expect(timeout).toMatchObject({ kind: 'refused', reason: 'timeout' });
    if (timeout.kind === 'refused') expect(timeout.retryAfterMs).toBeGreaterThan(9_000);
    expect(await shard.bus.standing(wishOf(broadcastId, 'bad'))).toMatchObject({ ban: { until } });
    await shard.bus.liftBan(placeOf(broadcastId), 'bad');
    expect((await shard.bus.admit(wishOf(broadcastId, 'bad'))).kind).toBe('admitted');
    expect(await shard.bus.standing(wishOf(broadcastId, 'bad'))).not.toHaveProperty('ban');
    await untilTrue('told', () => ear.controls.length === 3);
    expect(ear.controls).toEqual([
      { control: { type: 'standing', state: 'banned' }, personId: 'bad' },
      { control: { type: 'standing', state: 'timeout', until }, personId: 'bad' },
      { control: { type: 'standing', state: 'free' }, personId: 'bad' },
    ]);
  });

  it('that is over is none', async () => {
    const broadcastId = await shard.warm({ bans: [banOf('was', Date.now() - 1), banOf('is')] });
    expect((await shard.bus.admit(wishOf(broadcastId, 'was'))).kind).toBe('admitted');
    expect(await shard.bus.standing(wishOf(broadcastId, 'was'))).not.toHaveProperty('ban');
    expect(await shard.bus.standing(wishOf(broadcastId, 'is'))).toMatchObject({ ban: {} });
  });

  it('stops a message that was in flight, and lets out those behind it', async () => {
    const broadcastId = await shard.warm();
    const ear = await listening(broadcastId);
    const flying = await admitted(wishOf(broadcastId, 'bad', { idempotencyKey: 'k' }));
    const behind = await admitted(wishOf(broadcastId, 'good'));
    await shard.bus.publish(broadcastId, messageOf(behind, 'good'));
    await shard.bus.setBan(placeOf(broadcastId), banOf('bad'));
    await untilTrue('let out', () => ear.ids.includes(behind), 500);
    expect(await shard.bus.publish(broadcastId, messageOf(flying, 'bad'))).toBe('late');
    expect(await shard.bus.admit(wishOf(broadcastId, 'bad', { idempotencyKey: 'k' }))).toMatchObject({
      reason: 'banned',
    });
    expect(ear.ids).toEqual([behind]);
  });

  it('that is made while somebody warms the broadcast from an older list stays', async () => {
    const broadcastId = 'warmed-late';
    await shard.bus.setBan(placeOf(broadcastId), banOf('bad'));
    await shard.bus.liftBan(placeOf(broadcastId), 'good');
    await shard.warm({ broadcastId, bans: [banOf('good'), banOf('other')] });
    expect(await shard.bus.admit(wishOf(broadcastId, 'bad'))).toMatchObject({ reason: 'banned' });
    expect(await shard.bus.admit(wishOf(broadcastId, 'other'))).toMatchObject({ reason: 'banned' });
    expect((await shard.bus.admit(wishOf(broadcastId, 'good'))).kind).toBe('admitted');
  });

  it('of the platform holds everywhere, the longer of both counts, and it can be lifted', async () => {
    const until = Date.now() + 60_000;
    const [one, two] = [await shard.warm({ bans: [banOf('both', until)] }), await shard.warm()];
    const ear = await listening(two);
    await shard.bus.setPlatform({ ...defaultPlatformChat, version: 1 }, [banOf('bad'), banOf('both')]);
    expect(await shard.bus.admit(wishOf(one, 'bad'))).toMatchObject({ reason: 'banned' });
    expect(await shard.bus.standing(wishOf(one, 'both'))).toMatchObject({ ban: {} });
    expect(await shard.bus.admit(wishOf(one, 'both'))).toMatchObject({ reason: 'banned' });
    await shard.bus.setPlatform({ ...defaultPlatformChat, version: 1 }, []);
    expect(await shard.bus.admit(wishOf(one, 'both'))).toMatchObject({ reason: 'timeout' });
    expect((await shard.bus.admit(wishOf(two, 'bad'))).kind).toBe('admitted');
    await untilTrue('told', () =>
      ear.controls.some(({ control }) => control.type === 'standing' && control.state === 'free'),
    );
    expect(ear.controls).toContainEqual({ control: { type: 'standing', state: 'banned' }, personId: 'bad' });
  });
});

describe('settings', () => {
  it('hold at once, are told, and an older version changes nothing', async () => {
    const broadcastId = await shard.warm();
    const ear = await listening(broadcastId);
    await shard.bus.setSettings(placeOf(broadcastId), { ...defaultSettings, off: true, version: 2 });
    await shard.bus.setSettings(placeOf(broadcastId), { ...defaultSettings, version: 1 });
    expect(await shard.bus.admit(wishOf(broadcastId))).toEqual({ kind: 'refused', reason: 'chat-off' });
    expect((await shard.bus.admit(wishOf(broadcastId, 'mod', { role: 'moderator' }))).kind).toBe('admitted');
    expect(await shard.bus.standing(wishOf(broadcastId))).toMatchObject({
      settings: { off: true, version: 2 },
    });
    await untilTrue('told', () => ear.controls.length === 2);
    for (const { control } of ear.controls)
      expect(control).toEqual({ type: 'mode', mode: { slowS: 0, off: true } });
    const { settings } = await shard.openFanIn().subscribe(placeOf(broadcastId), new Ear());
    expect(settings.off).toBe(true);
  });

  it('of the platform close every chat, and viewers see it as one thing', async () => {
    const broadcastId = await shard.warm();
    const ear = await listening(broadcastId);
    await shard.bus.setPlatform({ blockedWords: ['x'], off: true, version: 5 }, []);
    expect(await shard.bus.admit(wishOf(broadcastId))).toMatchObject({ reason: 'chat-off' });
    expect(await shard.bus.standing(wishOf(broadcastId))).toMatchObject({
      platform: { blockedWords: ['x'], off: true },
      settings: { off: false },
    });
    await untilTrue('told', () => ear.controls.length === 1);
    expect(ear.controls[0]?.control).toMatchObject({ type: 'mode', mode: { off: true } });
    const { settings } = await shard.openFanIn().subscribe(placeOf(broadcastId), new Ear());
    expect(settings.off).toBe(true);
    await shard.bus.setPlatform({ blockedWords: [], off: false, version: 4 }, []);
    expect(await shard.bus.admit(wishOf(broadcastId))).toMatchObject({ reason: 'chat-off' });
    await shard.bus.setPlatform({ blockedWords: [], off: false, version: 6 }, []);
    expect((await shard.bus.admit(wishOf(broadcastId))).kind).toBe('admitted');
    await untilTrue('told', () => ear.controls.at(-1)?.control.type === 'mode');
  });
});

describe('a removed message', () => {
  it('is not kept any more, and its id is told', async () => {
    const broadcastId = await shard.warm();
    const ear = await listening(broadcastId);
    const ids = [await shard.post(broadcastId), await shard.post(broadcastId), await shard.post(broadcastId)];
    await shard.bus.remove(broadcastId, ids.slice(0, 2));
    expect(await keptOf(broadcastId)).toEqual(ids.slice(2));
    await untilTrue('told', () => ear.controls.length === 1);
    expect(ear.controls[0]?.control).toEqual({ type: 'delete', ids: ids.slice(0, 2) });
  });

  it('does not come back when it is published again', async () => {
    const broadcastId = await shard.warm();
    const ear = await listening(broadcastId);
    const id = await admitted(wishOf(broadcastId));
    await shard.bus.publish(broadcastId, messageOf(id, 'ann'));
    await shard.bus.remove(broadcastId, [id]);
    expect(await shard.bus.publish(broadcastId, messageOf(id, 'ann'))).toBe('published');
    expect(await keptOf(broadcastId)).toEqual([]);
    expect(ear.ids).toEqual([id]);
  });

  it('that still waits does not go out', async () => {
    const broadcastId = await shard.warm();
    const ear = await listening(broadcastId);
    const [first, held] = [await admitted(wishOf(broadcastId)), await admitted(wishOf(broadcastId))];
    await shard.bus.publish(broadcastId, messageOf(held, 'ann'));
    await shard.bus.remove(broadcastId, [held]);
    await shard.bus.publish(broadcastId, messageOf(first, 'ann'));
    const last = await shard.post(broadcastId);
    await untilTrue('heard', () => ear.ids.includes(last));
    expect(ear.ids).toEqual([first, last]);
    expect(await keptOf(broadcastId)).toEqual([first, last]);
  });
});

describe('a purge', () => {
  it('takes all that a person has said so far, also what waits or is in flight; not what they say later', async () => {
    const broadcastId = await shard.warm();
    const ear = await listening(broadcastId);
    const said = await shard.post(broadcastId, 'bad');
    const other = await shard.post(broadcastId, 'bad2');
    const flying = await admitted(wishOf(broadcastId, 'bad', { idempotencyKey: 'k' }));
    const waiting = await admitted(wishOf(broadcastId, 'bad'));
    await shard.bus.publish(broadcastId, messageOf(waiting, 'bad'));
    const until = await shard.bus.purge(broadcastId, 'bad');
    expect(until >= waiting).toBe(true);
    expect(await shard.bus.publish(broadcastId, messageOf(flying, 'bad'))).toBe('late');
    // Said before: it is not said again.
    expect(await shard.bus.admit(wishOf(broadcastId, 'bad', { idempotencyKey: 'k' }))).toEqual({
      kind: 'posted',
      id: flying,
    });
    const later = await shard.post(broadcastId, 'bad');
    expect(later > until).toBe(true);
    await untilTrue('heard', () => ear.ids.includes(later));
    expect(ear.ids).toEqual([said, other, later]);
    expect(await keptOf(broadcastId)).toEqual([other, later]);
    expect(ear.controls.map(({ control }) => control)).toContainEqual({
      type: 'purge',
      person: 'bad',
      until,
    });
  });

  it('of a cold broadcast is told all the same', async () => {
    const ear = await listening('cold-purge');
    const until = await shard.bus.purge('cold-purge', 'bad');
    expect(until).toMatch(/^\d{16}$/);
    await untilTrue('told', () => ear.controls.length === 1);
  });
});

describe('what is told', () => {
  it('reaches every task within a second, with the person whom it is for', async () => {
    const broadcastId = await shard.warm();
    const ears = [await listening(broadcastId), await listening(broadcastId)];
    await shard.bus.tell(broadcastId, { type: 'viewers', count: 3 });
    await shard.bus.tell(broadcastId, { type: 'moved', path: '/chat/b/', afterMs: 5 }, 'ann "quoted"');
    for (const ear of ears) {
      await untilTrue('told', () => ear.controls.length === 2, 1_000);
      expect(ear.controls).toEqual([
        { control: { type: 'viewers', count: 3 }, personId: undefined },
        { control: { type: 'moved', path: '/chat/b/', afterMs: 5 }, personId: 'ann "quoted"' },
      ]);
    }
  });

  it('as an order reaches every task, whatever it listens to', async () => {
    const orders: unknown[] = [];
    const fanIns = [shard.openFanIn(), shard.openFanIn()];
    for (const fanIn of fanIns) fanIn.onOrder((order) => orders.push(order));
    await untilTrue('live', () => fanIns.every(({ link }) => link === 'live'));
    await shard.bus.order({ type: 'drill', share: 0.5 });
    await untilTrue('heard', () => orders.length === 2);
    expect(orders[0]).toEqual({ type: 'drill', share: 0.5 });
  });
});
