import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Channel } from '../../../../core/broadcast/types.ts';
import { tableNames } from '../../../../core/tables.ts';
import { createBroadcastShards, type ChooseShard } from '../../../../runtime/store/tables/broadcast-shard.ts';
import { TableError, type TableClient } from '../../../../runtime/store/tables/client.ts';
import { graceMs, newId, startTestTables, type TestTables } from './harness.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTestTables();
});
afterAll(() => tables.stop());

const open = async (channel: Channel, chooseShard?: ChooseShard, now = 1_000) =>
  tables.broadcasts.openSession({
    channel: (await tables.channels.get(channel.channelId)) ?? channel,
    taskId: 'task-1',
    slot: 'in-01',
    now,
    graceMs,
    newId,
    chooseShard,
  });

describe('a broadcast', () => {
  it('begins with the shard that is chosen for it, and keeps it through sessions, reports and its end', async () => {
    const channel = await tables.channel();
    const { broadcast } = await open(channel, () => Promise.resolve('a'));
    const { broadcastId } = broadcast;
    expect(broadcast.shard).toBe('a');
    const again = await open(channel, () => Promise.resolve('b'), 2_000);
    expect(again).toMatchObject({ resumed: true, broadcast: { broadcastId, shard: 'a' } });
    await tables.broadcasts.report({
      broadcastId,
      session: 2,
      now: 3_000,
      state: 'live',
      encoderSeenAt: 3_000,
    });
    expect((await tables.broadcasts.listUnended()).broadcasts).toMatchObject([{ broadcastId, shard: 'a' }]);
    await tables.broadcasts.end({ broadcastId, session: 2, endedAt: 4_000, durationS: 3 });
    expect(await tables.broadcasts.get(broadcastId)).toMatchObject({ state: 'ended', shard: 'a' });
  });

  it('that goes on asks for no shard', async () => {
    const channel = await tables.channel();
    await open(channel);
    let asked = 0;
    const choose = (): Promise<string> => {
      asked += 1;
      return Promise.resolve('a');
    };
    const { resumed, broadcast } = await open(channel, choose, 2_000);
    expect({ resumed, asked }).toEqual({ resumed: true, asked: 0 });
    expect(broadcast).not.toHaveProperty('shard');
  });

  it.each([
    ['there is none', () => Promise.resolve(undefined)],
    ['choosing fails', () => Promise.reject(new TableError('away'))],
    [
      'choosing breaks',
      () => {
        throw new Error('broken');
      },
    ],
    ['choosing takes too long', () => new Promise(() => {})],
  ] satisfies [string, ChooseShard][])('begins without a shard when %s', async (_, choose) => {
    const begun = performance.now();
    const { broadcast } = await open(await tables.channel(), choose);
    expect(broadcast).not.toHaveProperty('shard');
    expect(await tables.broadcasts.get(broadcast.broadcastId)).toMatchObject({ state: 'live' });
    expect(performance.now() - begun).toBeLessThan(2_000);
  });

  it('that began without gets one once, whoever asks at the same time', async () => {
    const { broadcast } = await open(await tables.channel());
    const { broadcastId } = broadcast;
    const answers = await Promise.all(
      ['a', 'b', 'c', 'd'].map((shard) => tables.broadcasts.assignShard(broadcastId, shard)),
    );
    expect(new Set(answers).size).toBe(1);
    expect((await tables.broadcasts.get(broadcastId))?.shard).toBe(answers[0]);
    expect(await tables.broadcasts.assignShard(broadcastId, 'z')).toBe(answers[0]);
  });

  it('that is not there gets none, and none comes to be', async () => {
    await expect(tables.broadcasts.assignShard('nothing', 'a')).rejects.toThrow(TableError);
    expect(await tables.broadcasts.moveShard('nothing', 'a', 'b')).toBe(false);
    expect(await tables.broadcasts.get('nothing')).toBeUndefined();
  });

  it('moves only from where it is, and once', async () => {
    const { broadcast } = await open(await tables.channel(), () => Promise.resolve('a'));
    const { broadcastId } = broadcast;
    expect(await tables.broadcasts.moveShard(broadcastId, 'b', 'c')).toBe(false);
    const moves = await Promise.all(
      ['x', 'y'].map((to) => tables.broadcasts.moveShard(broadcastId, 'a', to)),
    );
    expect(moves.filter(Boolean)).toHaveLength(1);
    expect((await tables.broadcasts.get(broadcastId))?.shard).toBe(moves[0] === true ? 'x' : 'y');
    // Nobody can be moved away from nowhere.
    const without = (await open(await tables.channel())).broadcast;
    expect(await tables.broadcasts.moveShard(without.broadcastId, 'a', 'b')).toBe(false);
  });

  it('has moved also when the answer was lost and the SDK asked again', async () => {
    const client = {
      send: async (command: never) => {
        if ((command as object) instanceof UpdateCommand) await tables.client.send(command);
        return tables.client.send(command);
      },
    } as unknown as TableClient;
    const shards = createBroadcastShards({ client, tables: tableNames('tidecast') });
    const { broadcastId } = (await open(await tables.channel())).broadcast;
    expect(await shards.assignShard(broadcastId, 'a')).toBe('a');
    expect(await shards.moveShard(broadcastId, 'a', 'b')).toBe(true);
    expect((await tables.broadcasts.get(broadcastId))?.shard).toBe('b');
  });
});
