import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Broadcast } from '../../../../core/broadcast/types.ts';
import type { Broadcasts } from '../../../../containers/ingest/broadcast/broadcasts.ts';
import type { BroadcastDependencies } from '../../../../containers/ingest/broadcast/ports.ts';
import { Recovery } from '../../../../containers/ingest/broadcast/recovery.ts';
import { createLogger } from '../../../../runtime/telemetry/log.ts';

const everyMs = 10_000;

/** A fleet with so many broadcasts under way, all of other tasks; times of every full reading are kept. */
function fleetOf(count: number) {
  const seenAt = new Map(Array.from({ length: count }, (_, i) => [`b${i}`, undefined as number | undefined]));
  const read: number[] = [];
  const ended: (readonly [id: string, atMs: number])[] = [];
  let asked = 0;
  const broadcast = (broadcastId: string): Broadcast => {
    const at = seenAt.get(broadcastId) ?? Date.now();
    return {
      broadcastId,
      channelId: 'c',
      ownerId: 'o',
      channelName: '',
      title: '',
      visibility: 'public',
      state: 'live',
      startedAt: 0,
      session: 1,
      slot: 's',
      taskId: 'other',
      seenAt: at,
      encoderSeenAt: at,
    };
  };
  const records = {
    unended: async function* unended(): AsyncGenerator<Broadcast> {
      read.push(Date.now());
      for (const id of seenAt.keys()) yield broadcast(id);
    },
    get: (id: string) => {
      asked += 1;
      return Promise.resolve(seenAt.has(id) ? broadcast(id) : undefined);
    },
    takeOver: (stale: Broadcast) => Promise.resolve(stale),
    discard: ({ broadcastId }: Broadcast) => {
      ended.push([broadcastId, Date.now()]);
      seenAt.delete(broadcastId);
      return Promise.resolve();
    },
  } as unknown as BroadcastDependencies['records'];
  const recovery = new Recovery(
    {
      records,
      clock: { now: () => Date.now() },
      log: createLogger('test', 'silent'),
      graceMs: 60_000,
    } as BroadcastDependencies,
    { holds: () => false } as unknown as Broadcasts,
    () => Promise.resolve([]),
  );
  return {
    recovery,
    read,
    ended,
    asked: () => asked,
    /** Its task dies now. */
    leave: (id: string) => void seenAt.set(id, Date.now()),
    start: (random: () => number = () => 0.5) => recovery.start(everyMs, random),
  };
}

describe('the search for broadcasts left behind', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
  afterEach(() => void vi.useRealTimers());

  it('reads everything every time while that is little', async () => {
    const { recovery, read, asked, start } = fleetOf(100);
    start();
    await vi.advanceTimersByTimeAsync(10 * everyMs);
    expect(read).toHaveLength(11);
    expect(asked()).toBe(0);
    await recovery.stop();
  });

  it('reads everything more rarely the more there is', async () => {
    const { recovery, read, asked, start } = fleetOf(1_000);
    start();
    await vi.advanceTimersByTimeAsync(20 * everyMs);
    expect(read.map((at) => at - 1_000_000)).toEqual([0, 100_000, 200_000]);
    // Nobody was silent.
    expect(asked()).toBe(0);
    await recovery.stop();
  });

  it('follows the silent ones in between: they are ended no later than in a small fleet', async () => {
    const { recovery, read, ended, asked, leave, start } = fleetOf(1_000);
    leave('b500');
    await vi.advanceTimersByTimeAsync(16_000);
    start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(read).toHaveLength(1);
    // Dead for 60 s and a look; two more to be sure that it stays silent were made on the way.
    expect(ended).toEqual([['b500', 1_066_000]]);
    expect(asked()).toBeLessThan(8);
    await recovery.stop();
  });

  it('follows few after an outage of the table, when everybody looks silent', async () => {
    const { recovery, asked, leave, start } = fleetOf(1_000);
    for (let i = 0; i < 1_000; i += 1) leave(`b${i}`);
    await vi.advanceTimersByTimeAsync(16_000);
    start();
    await vi.advanceTimersByTimeAsync(everyMs);
    expect(asked()).toBe(50);
    await recovery.stop();
  });

  it('does not keep in step with the other tasks', async () => {
    const early = fleetOf(1);
    const late = fleetOf(1);
    early.start(() => 0);
    late.start(() => 0.999);
    await vi.advanceTimersByTimeAsync(10 * everyMs);
    expect(early.read).toHaveLength(13);
    expect(late.read).toHaveLength(9);
    await Promise.all([early.recovery.stop(), late.recovery.stop()]);
  });

  it('calls nobody silent for the time in which it stood still itself', async () => {
    const { recovery, ended, leave, start } = fleetOf(1);
    leave('b0');
    start();
    await vi.advanceTimersByTimeAsync(everyMs);
    // The whole machine sleeps; its timers are late when it wakes up.
    vi.setSystemTime(Date.now() + 10 * 60_000);
    await vi.advanceTimersByTimeAsync(1.5 * everyMs);
    expect(ended).toEqual([]);
    // Its task wakes up as well, only later.
    leave('b0');
    await vi.advanceTimersByTimeAsync(5 * everyMs);
    expect(ended).toEqual([]);
    await vi.advanceTimersByTimeAsync(5 * everyMs);
    expect(ended).toHaveLength(1);
    await recovery.stop();
  });
});
