import { DeleteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { randomUUID } from 'node:crypto';
import type { ShardStore, UnarchivedStore } from '../../../core/chat/store.ts';
import type { TableNames } from '../../../core/tables.ts';
import { createChatItems, prefixes, shardsPlace, unarchivedPlace, type ChatKey } from './chat-items.ts';
import { toLoad, toShard } from './chat-records.ts';
import { reach, reachIf, type TableClient } from './client.ts';
import { expiryAt } from './fleet-items.ts';

interface Options {
  readonly client: TableClient;
  readonly tables: TableNames;
  readonly now: () => number;
}

/** Of a task that is gone; far longer than a load counts (loadFreshMs), for whoever looks why it went. */
const loadKeptMs = 5 * 60_000;

const shardKey = (shard: string): ChatKey => ({ place: shardsPlace, entry: prefixes.shard + shard });

export function createShards(options: Options): ShardStore {
  const { client } = options;
  const TableName = options.tables.chat;
  const items = createChatItems({ ...options, table: TableName });
  return {
    async announce({ shard, redisUrl }) {
      const command = new UpdateCommand({
        TableName,
        Key: { ...shardKey(shard) },
        // One that operators have closed stays closed when its tasks start anew.
        UpdateExpression: 'SET redisUrl = :url, #state = if_not_exists(#state, :open)',
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: { ':url': redisUrl, ':open': 'open' },
      });
      await reach('announce a shard', client.send(command));
    },

    async setState(shard, state) {
      const command = new UpdateCommand({
        TableName,
        Key: { ...shardKey(shard) },
        UpdateExpression: 'SET #state = :state',
        // One that is forgotten at the same moment is not brought back without its Redis.
        ConditionExpression: 'attribute_exists(place)',
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: { ':state': state },
      });
      await reachIf('open or close a shard', client.send(command));
    },

    forget: (shard) => items.remove(shardKey(shard)),

    report: (load) =>
      items.put(
        { place: shardsPlace, entry: `${prefixes.load}${load.shard}#${load.taskId}` },
        { ...load, expiresAt: expiryAt(load.at + loadKeptMs) },
      ),

    async list() {
      const all = await items.list(shardsPlace);
      return {
        shards: all
          .filter(({ entry }) => entry.startsWith(prefixes.shard))
          .flatMap((item) => toShard(item) ?? []),
        loads: all
          .filter(({ entry }) => entry.startsWith(prefixes.load))
          .flatMap((item) => toLoad(item) ?? []),
      };
    },
  };
}

/** Written before there were marks. */
const unmarked = '';

export function createUnarchived(
  options: Options & {
    /** Unique over all programs. */
    readonly newMark?: () => string;
  },
): UnarchivedStore {
  const { client, newMark = randomUUID } = options;
  const TableName = options.tables.chat;
  const items = createChatItems({ ...options, table: TableName });
  const keyOf = (shard: string, broadcastId: string): ChatKey => ({
    place: unarchivedPlace(shard),
    entry: broadcastId,
  });
  const notes: UnarchivedStore['notes'] = async (shard) =>
    (await items.list(unarchivedPlace(shard))).map(({ entry, mark }) => ({
      broadcastId: entry,
      mark: typeof mark === 'string' ? mark : unmarked,
    }));
  return {
    add: (shard, broadcastId) => items.put(keyOf(shard, broadcastId), { mark: newMark() }),
    notes,
    async list(shard) {
      return (await notes(shard)).map(({ broadcastId }) => broadcastId);
    },
    async done(shard, broadcastId, mark) {
      const key = keyOf(shard, broadcastId);
      if (mark === undefined) return items.remove(key);
      const isUnmarked = mark === unmarked;
      const command = new DeleteCommand({
        TableName,
        Key: { ...key },
        ConditionExpression: isUnmarked ? 'attribute_not_exists(mark)' : 'mark = :mark',
        ...(isUnmarked ? {} : { ExpressionAttributeValues: { ':mark': mark } }),
      });
      await reachIf('note that a chat is archived', client.send(command));
    },
  };
}
