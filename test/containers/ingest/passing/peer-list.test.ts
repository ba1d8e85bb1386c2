import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Peer } from '../../../../core/fleet/heartbeat.ts';
import { PeerList } from '../../../../containers/ingest/passing/peer-list.ts';
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
      slots: fc.integer({ min: 1, max: 20 }),
    }),
    { selector: ({ taskId }) => taskId, maxLength: 16 },
  );

  it('is everybody’s once, and at first one of the best four', async () => {
    await fc.assert(
      fc.asyncProperty(
        peers,
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        async (all, dice) => {
          const { list } = listOf(() => Promise.resolve(all));
          const turns = [...(await list.inTurn(() => dice.next().value as number))];
          expect(turns).toHaveLength(all.length);
          expect(new Set(turns)).toEqual(new Set(all));
          turns.forEach((each, turn) => expect(all.indexOf(each)).toBeLessThan(turn + 4));
        },
      ),
    );
  });

  it('comes by chance, by the room that they have', async () => {
    const all = [peer('a', 1), peer('b', 3), peer('c', 0), peer('d', 4), peer('e', 2), peer('f', 100)];
    const first = async (at: number): Promise<string | undefined> => {
      const [turn] = await listOf(() => Promise.resolve(all)).list.inTurn(() => at);
      return turn?.taskId;
    };
    expect(await Promise.all(Array.from({ length: 10 }, (_, n) => first(n / 10)))).toEqual([
      'a',
      ...['b', 'b', 'b'],
      ...['d', 'd', 'd', 'd'],
      ...['e', 'e'],
    ]);
  });

  it('counts whom the task has led there itself, until the scheduler must have seen it', async () => {
    const all = [peer('a', 2), peer('b', 1), peer('c', 1)];
    const { list, time } = listOf(() => Promise.resolve(all));
    const next = async (): Promise<string | undefined> => {
      const [turn] = await list.inTurn(() => 0);
      return turn?.taskId;
    };
    const led = [];
    for (let n = 0; n < 5; n += 1) led.push(await next());
    // When nobody has room any more the best one is asked all the same.
    expect(led).toEqual(['a', 'a', 'b', 'c', 'a']);
    time.ms = 15_000;
    expect(await next()).toBe('a');
    expect(await next()).toBe('a');
    expect(await next()).toBe('b');
  });
});
