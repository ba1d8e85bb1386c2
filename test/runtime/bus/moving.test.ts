import { describe, expect, it } from 'vitest';
import { Ear, messageOf, untilTrue, useShard } from './shard.ts';

const shard = useShard();
const wishOf = (broadcastId: string, personId = 'ann') =>
  ({ broadcastId, channelId: `channel-of-${broadcastId}`, personId, role: 'viewer' }) as const;

async function admit(broadcastId: string): Promise<string> {
  const admission = await shard.bus.admit(wishOf(broadcastId));
  if (admission.kind !== 'admitted') throw new Error(admission.kind);
  return admission.id;
}

describe('a broadcast that was handed over', () => {
  it('takes no posts, lets out what waits, and what is in flight is late', async () => {
    const broadcastId = await shard.warm();
    const ear = new Ear();
    await shard.openFanIn().subscribe(wishOf(broadcastId), ear);
    const flying = await admit(broadcastId);
    const waiting = await admit(broadcastId);
    expect(await shard.bus.publish(broadcastId, messageOf(waiting, 'ann'))).toBe('published');
    await shard.bus.handOver(broadcastId);
    await untilTrue('out', () => ear.ids.includes(waiting));
    expect(await shard.bus.admit(wishOf(broadcastId))).toEqual({ kind: 'moved' });
    expect(await shard.bus.standing(wishOf(broadcastId))).toEqual({ kind: 'moved' });
    expect(await shard.bus.publish(broadcastId, messageOf(flying, 'ann'))).toBe('late');
    expect(await shard.bus.publish(broadcastId, messageOf(waiting, 'ann'))).toBe('published');
    await untilTrue('told', () => ear.controls.length > 0);
    expect(ear.ids).toEqual([waiting]);
  });

  it('says so also where it was cold, and to who warms it', async () => {
    const broadcastId = 'cold-and-gone';
    await shard.bus.handOver(broadcastId);
    expect(await shard.bus.standing(wishOf(broadcastId))).toEqual({ kind: 'moved' });
    await shard.warm({ broadcastId });
    expect(await shard.bus.admit(wishOf(broadcastId))).toEqual({ kind: 'moved' });
  });

  it('is taken over again as one that nobody knows, and those who are still there miss nothing', async () => {
    const broadcastId = await shard.warm();
    const ear = new Ear();
    await shard.openFanIn().subscribe(wishOf(broadcastId), ear);
    const first = await shard.post(broadcastId);
    await shard.bus.handOver(broadcastId);
    const elsewhere = messageOf(String(Number(first) + 1), 'bob');
    shard.store.write(broadcastId, elsewhere);
    await shard.bus.takeOver(broadcastId);
    expect(await shard.bus.admit(wishOf(broadcastId))).toEqual({ kind: 'cold' });
    await shard.warm({ broadcastId });
    const last = await shard.post(broadcastId);
    await untilTrue('heard', () => ear.ids.includes(last));
    expect(ear.ids).toEqual([first, elsewhere.id, last]);
  });
});
