import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Peer } from '../../../../core/fleet/heartbeat.ts';
import { inTurn, PeerList } from '../../../../containers/ingest/passing/peer-list.ts';
import { TableError } from '../../../../runtime/store/tables/client.ts';
import { createLogger } from '../../../../runtime/telemetry/log.ts';

const peer = (taskId: string, slots = 1): Peer => ({ taskId, relay: '10.0.0.1:1937', slots });

function listOf(read: () => Promise<readonly Peer[]>) {
  const time = { ms: 0 };
  let reads = 0;
  const list = new PeerList({
    read: () => {
      reads += 1;
      return read();
    },
    taskId: 'own',
    nowMs: () => time.ms,
    log: createLogger('test', 'silent'),
  });
  return { list, time, reads: () => reads };
}

describe('the list of peers', () => {
  it('is read at most every five seconds, however many ask', async () => {
    let peers = [peer('a')];
    const { list, time, reads } = listOf(() => Promise.resolve(peers));
    await Promise.all([list.get(), list.get(), list.get()]);
    peers = [peer('b')];
    time.ms = 4_999;
    expect(await list.get()).toEqual([peer('a')]);
    expect(reads()).toBe(1);
    time.ms = 5_000;
    expect(await list.get()).toEqual([peer('b')]);
    expect(reads()).toBe(2);
  });

  it('leaves the task itself out', async () => {
    const { list } = listOf(() => Promise.resolve([peer('own'), peer('a')]));
    expect(await list.get()).toEqual([peer('a')]);
  });

  it('stands while the table is away, and is not asked for more often then', async () => {
    let isAway = false;
    const { list, time, reads } = listOf(() =>
      isAway ? Promise.reject(new TableError('away')) : Promise.resolve([peer('a')]),
    );
    await list.get();
    isAway = true;
    time.ms = 5_000;
    expect(await list.get()).toEqual([peer('a')]);
    expect(await list.get()).toEqual([peer('a')]);
    expect(reads()).toBe(2);
  });

  it('is the last one while the table does not answer, and the new one once it does', async () => {
    const slow = Promise.withResolvers<readonly Peer[]>();
    const answers: Promise<readonly Peer[]>[] = [Promise.resolve([peer('a')]), slow.promise];
    const { list, time, reads } = listOf(() => answers.shift() ?? Promise.reject(new Error('asked again')));
    await list.get();
    time.ms = 60_000;
    expect(await list.get()).toEqual([peer('a')]);
    slow.resolve([peer('b')]);
    await vi.waitFor(async () => expect(await list.get()).toEqual([peer('b')]));
    expect(reads()).toBe(2);
  });
});

describe('the turn of the peers', () => {
  const peers: fc.Arbitrary<readonly Peer[]> = fc.uniqueArray(
    fc.record({
      taskId: fc.string(),
      relay: fc.constant<string>('10.0.0.1:1937'),
      slots: fc.integer({ min: 0, max: 20 }),
    }),
    { selector: ({ taskId }) => taskId, maxLength: 16 },
  );

  it('is everybody’s once, and at first one of the best four', () => {
    fc.assert(
      fc.property(peers, fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })), (all, dice) => {
        const turns = [...inTurn(all, () => dice.next().value as number)];
        expect(turns).toHaveLength(all.length);
        expect(new Set(turns)).toEqual(new Set(all));
        turns.forEach((each, turn) => expect(all.indexOf(each)).toBeLessThan(turn + 4));
      }),
    );
  });

  it('comes by chance, by the room that they have', () => {
    const all = [peer('a', 1), peer('b', 3), peer('c', 0), peer('d', 4), peer('e', 100)];
    const first = (at: number): string | undefined => [...inTurn(all, () => at)][0]?.taskId;
    expect(Array.from({ length: 8 }, (_, n) => first(n / 8))).toEqual([
      'a',
      ...['b', 'b', 'b'],
      ...['d', 'd', 'd', 'd'],
    ]);
  });
});
