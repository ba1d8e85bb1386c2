import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { setTimeout as delay } from 'node:timers/promises';
import type { Broadcast } from '../../../core/broadcast/types.ts';
import type { TableNames } from '../../../core/tables.ts';
import { reach, reachIf, TableError, type TableClient } from './client.ts';

/** Which shard has the chat of a broadcast. */
export interface BroadcastShards {
  /** For one that began without: the answer is the shard that counts, which is another's when that was faster. */
  assignShard(broadcastId: string, shard: string): Promise<string>;
  /** False: it is not in `from` (any more), or there is no such broadcast. */
  moveShard(broadcastId: string, from: string, to: string): Promise<boolean>;
}

export function createBroadcastShards(options: {
  readonly client: TableClient;
  readonly tables: TableNames;
}): BroadcastShards {
  const { client } = options;
  const TableName = options.tables.broadcasts;

  const set = (
    broadcastId: string,
    shard: string,
    condition: string,
    values: Readonly<Record<string, string>>,
  ): Promise<unknown> =>
    reachIf(
      'give a broadcast its chat shard',
      client.send(
        new UpdateCommand({
          TableName,
          Key: { broadcastId },
          UpdateExpression: 'SET #shard = :shard',
          ConditionExpression: condition,
          ExpressionAttributeNames: { '#shard': 'shard' },
          ExpressionAttributeValues: { ':shard': shard, ...values },
        }),
      ),
    );

  const read = async (broadcastId: string): Promise<string | undefined> => {
    const command = new GetCommand({ TableName, Key: { broadcastId }, ConsistentRead: true });
    const { Item: item } = await reach('read the chat shard of a broadcast', client.send(command));
    return (item as Broadcast | undefined)?.shard;
  };

  return {
    async assignShard(broadcastId, shard) {
      const isNew = 'attribute_exists(broadcastId) AND attribute_not_exists(#shard)';
      if ((await set(broadcastId, shard, isNew, {})) !== undefined) return shard;
      const found = await read(broadcastId);
      if (found === undefined) throw new TableError(`there is no broadcast ${broadcastId}`);
      return found;
    },

    async moveShard(broadcastId, from, to) {
      if ((await set(broadcastId, to, '#shard = :from', { ':from': from })) !== undefined) return true;
      // A lost answer, asked again by the SDK, looks like a refusal.
      return (await read(broadcastId)) === to;
    },
  };
}

export type ChooseShard = () => Promise<string | undefined>;

/** Longer than the tables take to answer, and nothing beside the seconds that the first picture takes. */
const patienceMs = 500;

/** A show starts with or without a chat: a choice that fails, or takes too long, is none. */
export async function chosenShard(choose: ChooseShard | undefined): Promise<string | undefined> {
  if (choose === undefined) return undefined;
  const waiting = new AbortController();
  try {
    return await Promise.race([choose(), delay(patienceMs, undefined, waiting)]);
  } catch {
    return undefined;
  } finally {
    waiting.abort();
  }
}
