import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChatTaskLoad, ShardStore, UnarchivedStore } from '../../../../../core/chat/store.ts';
import { noon } from './chat.ts';

/** Empty stores. Opened anew for every test. */
export interface ShardStoreSide {
  readonly shards: ShardStore;
  readonly unarchived: UnarchivedStore;
  /** The time by which the store judges what is over. */
  setNow(now: number): void;
  close(): Promise<void>;
}

const loadOf = (shard: string, taskId: string, changes: Partial<ChatTaskLoad> = {}): ChatTaskLoad => ({
  shard,
  taskId,
  sockets: 10,
  capacity: 100,
  at: noon,
  ...changes,
});

export function shardStoreContract(open: () => Promise<ShardStoreSide>): void {
  let side: ShardStoreSide;
  beforeEach(async () => {
    side = await open();
  });
  afterEach(() => side.close());

  const sorted = async () => {
    const { shards, loads } = await side.shards.list();
    return {
      shards: shards.toSorted((a, b) => (a.shard < b.shard ? -1 : 1)),
      loads: loads.toSorted((a, b) => (a.taskId < b.taskId ? -1 : 1)),
    };
  };

  describe('shards', () => {
    it('are open when they announce themselves, and are found with the loads of their tasks', async () => {
      const { shards } = side;
      expect(await sorted()).toEqual({ shards: [], loads: [] });
      await shards.announce({ shard: 'a', redisUrl: 'redis://one:6379' });
      await shards.announce({ shard: 'a-b', redisUrl: 'rediss://two:6379' });
      await shards.report(loadOf('a', 't1'));
      await shards.report(loadOf('a', 't2'));
      await shards.report(loadOf('a', 't1', { sockets: 50, at: noon + 10_000 }));
      expect(await sorted()).toEqual({
        shards: [
          { shard: 'a', redisUrl: 'redis://one:6379', state: 'open' },
          { shard: 'a-b', redisUrl: 'rediss://two:6379', state: 'open' },
        ],
        loads: [loadOf('a', 't1', { sockets: 50, at: noon + 10_000 }), loadOf('a', 't2')],
      });
    });

    it('stay closed when a task starts anew, with its new Redis, until they are opened', async () => {
      const { shards } = side;
      await shards.announce({ shard: 'a', redisUrl: 'redis://one:1' });
      await shards.setState('a', 'closed');
      await Promise.all([1, 2, 3].map(() => shards.announce({ shard: 'a', redisUrl: 'redis://one:2' })));
      expect((await sorted()).shards).toEqual([{ shard: 'a', redisUrl: 'redis://one:2', state: 'closed' }]);
      await shards.setState('a', 'open');
      expect((await sorted()).shards).toMatchObject([{ state: 'open' }]);
    });

    it('are forgotten, and not brought back by whoever closes them too late', async () => {
      const { shards } = side;
      await shards.announce({ shard: 'a', redisUrl: 'redis://one:1' });
      await shards.forget('a');
      await shards.forget('a');
      await shards.setState('a', 'closed');
      expect(await sorted()).toEqual({ shards: [], loads: [] });
      // Its tasks run after all.
      await shards.announce({ shard: 'a', redisUrl: 'redis://one:1' });
      expect((await sorted()).shards).toMatchObject([{ state: 'open' }]);
    });

    it('forget the load of a task that has been silent for minutes', async () => {
      await side.shards.report(loadOf('a', 't1'));
      side.setNow(noon + 5 * 60_000 - 1_000);
      expect((await sorted()).loads).toHaveLength(1);
      side.setNow(noon + 5 * 60_000);
      expect((await sorted()).loads).toEqual([]);
    });
  });

  describe('broadcasts that are not archived', () => {
    it('are listed by shard until they are done', async () => {
      const { unarchived } = side;
      await Promise.all(['b2', 'b1', 'b1', 'b3'].map((id) => unarchived.add('a', id)));
      await unarchived.add('b', 'b9');
      expect(await unarchived.list('a')).toEqual(['b1', 'b2', 'b3']);
      await unarchived.done('a', 'b2');
      await unarchived.done('a', 'b2');
      await unarchived.done('b', 'b1');
      expect(await unarchived.list('a')).toEqual(['b1', 'b3']);
      expect(await unarchived.list('b')).toEqual(['b9']);
      expect(await unarchived.list('c')).toEqual([]);
    });

    it('are not done with when something was added since they were looked at', async () => {
      const { unarchived } = side;
      await unarchived.add('marks', 'b1');
      const [before] = await unarchived.notes('marks');
      await unarchived.add('marks', 'b1');
      const [after] = await unarchived.notes('marks');
      expect(before?.broadcastId).toBe('b1');
      expect(after?.mark).not.toBe(before?.mark);
      await unarchived.done('marks', 'b1', before?.mark);
      expect(await unarchived.list('marks')).toEqual(['b1']);
      await unarchived.done('marks', 'b1', after?.mark);
      await unarchived.done('marks', 'b1', after?.mark);
      expect(await unarchived.list('marks')).toEqual([]);
    });
  });
}
