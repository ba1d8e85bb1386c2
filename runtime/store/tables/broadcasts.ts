import { GetCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Broadcast, Visibility } from '../../../core/broadcast/types.ts';
import { broadcastIndexes, type IndexDefinition, type TableNames } from '../../../core/tables.ts';
import { shelfOf, toBroadcast, type BroadcastItem } from './broadcast-item.ts';
import { createBroadcastShards, type BroadcastShards } from './broadcast-shard.ts';
import { reach, reachIf, type TableClient } from './client.ts';
import { decodeCursor, encodeCursor, type CursorKind } from './cursor.ts';
import { getAll } from './get-all.ts';
import { createSessions, type Sessions } from './sessions.ts';

export interface BroadcastPage {
  readonly broadcasts: readonly Broadcast[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
}

export interface Broadcasts extends Sessions, BroadcastShards {
  get(broadcastId: string): Promise<Broadcast | undefined>;
  /** Title and visibility, the owner's part. Undefined when there is none of this owner. */
  update(
    broadcastId: string,
    ownerId: string,
    changes: { readonly title?: string | undefined; readonly visibility?: Visibility | undefined },
  ): Promise<Broadcast | undefined>;
  /** Public ones with a picture, newest first; at most 200, which is what a page can show. */
  listLive(): Promise<readonly Broadcast[]>;
  /** Public ones, newest first. A bad cursor is a BadCursorError, here and below. */
  listRecordings(options: {
    readonly limit: number;
    readonly cursor?: string | undefined;
  }): Promise<BroadcastPage>;
  /** Newest first; the public ones that there is something to see of, or all. */
  listByChannel(options: {
    readonly channelId: string;
    readonly limit: number;
    readonly cursor?: string | undefined;
    readonly includeAll: boolean;
  }): Promise<BroadcastPage>;
  /** Live and interrupted ones of everybody, oldest first, for recovery. Pages of 100. */
  listUnended(cursor?: string): Promise<BroadcastPage>;
}

interface List {
  readonly kind: CursorKind;
  readonly index: IndexDefinition;
  readonly partition: string;
  /** Only entries whose sort key is this shelf's. */
  readonly shelf?: 'live' | 'recording';
  readonly newestFirst: boolean;
  /** The index may be a moment behind the item. */
  readonly keep: (item: BroadcastItem) => boolean;
}

const maxLive = 200;
/** Pages read for one answer when most entries are not for the asker's eyes; then it is a short page. */
const maxQueries = 10;

export function createBroadcasts(options: {
  readonly client: TableClient;
  readonly tables: TableNames;
}): Broadcasts {
  const { client, tables } = options;
  const TableName = tables.broadcasts;

  const queryIds = async (list: List, limit: number, after: string | undefined): Promise<string[]> => {
    const { partitionKey, sortKey, name } = list.index;
    const sortValue = (id: string): string => (list.shelf === undefined ? id : shelfOf(list.shelf, id));
    const command = new QueryCommand({
      TableName,
      IndexName: name,
      KeyConditionExpression: `${partitionKey} = :partition${
        list.shelf === undefined ? '' : ` AND begins_with(${sortKey}, :prefix)`
      }`,
      ExpressionAttributeValues: {
        ':partition': list.partition,
        ...(list.shelf === undefined ? {} : { ':prefix': shelfOf(list.shelf, '') }),
      },
      ScanIndexForward: !list.newestFirst,
      Limit: limit,
      ...(after === undefined
        ? {}
        : {
            ExclusiveStartKey: {
              [partitionKey]: list.partition,
              [sortKey]: sortValue(after),
              broadcastId: after,
            },
          }),
    });
    const { Items: items = [] } = await reach(`list broadcasts (${name})`, client.send(command));
    return items.map((item) => String(item['broadcastId']));
  };

  const page = async (list: List, limit: number, cursor: string | undefined): Promise<BroadcastPage> => {
    const kept: Broadcast[] = [];
    let after = cursor === undefined ? undefined : decodeCursor(list.kind, cursor);
    for (let query = 0; query < maxQueries; query += 1) {
      // One more than asked for says whether there is another page.
      const ids = await queryIds(list, limit + 1, after);
      const items = await getAll<BroadcastItem>({ client, table: TableName, keyName: 'broadcastId', ids });
      for (const item of items.filter(list.keep)) {
        if (kept.length === limit) {
          const last = kept.at(-1);
          return last === undefined
            ? { broadcasts: kept }
            : { broadcasts: kept, nextCursor: encodeCursor(list.kind, last.broadcastId) };
        }
        kept.push(toBroadcast(item));
      }
      if (ids.length <= limit) return { broadcasts: kept };
      after = ids.at(-1);
    }
    return after === undefined
      ? { broadcasts: kept }
      : { broadcasts: kept, nextCursor: encodeCursor(list.kind, after) };
  };

  return {
    ...createSessions(options),
    ...createBroadcastShards(options),

    async get(broadcastId) {
      const command = new GetCommand({ TableName, Key: { broadcastId }, ConsistentRead: true });
      const { Item: item } = await reach('read a broadcast', client.send(command));
      return item === undefined ? undefined : toBroadcast(item as BroadcastItem);
    },

    async update(broadcastId, ownerId, { title, visibility }) {
      const sets = [
        // Sets what is there already when nothing changes, so that the expression is never empty.
        'ownerId = :owner',
        ...(title === undefined ? [] : ['title = :title']),
        ...(visibility === undefined ? [] : ['visibility = :visibility']),
        ...(visibility === 'public' ? ['listing = :visibility'] : []),
      ];
      const removes = [
        ...(visibility === undefined || visibility === 'public' ? [] : ['listing']),
        // The picture of a private broadcast is deleted; the holding task says so when there is one again.
        ...(visibility === 'private' ? ['hasThumbnail'] : []),
      ];
      const output = await reachIf(
        'update a broadcast',
        client.send(
          new UpdateCommand({
            TableName,
            Key: { broadcastId },
            UpdateExpression: `SET ${sets.join(', ')}${removes.length === 0 ? '' : ` REMOVE ${removes.join(', ')}`}`,
            ConditionExpression: 'ownerId = :owner',
            ExpressionAttributeValues: {
              ':owner': ownerId,
              ...(title === undefined ? {} : { ':title': title }),
              ...(visibility === undefined ? {} : { ':visibility': visibility }),
            },
            ReturnValues: 'ALL_NEW',
          }),
        ),
      );
      return output === undefined ? undefined : toBroadcast(output.Attributes as BroadcastItem);
    },

    async listLive() {
      const { broadcasts } = await page(
        {
          kind: 'recordings',
          index: broadcastIndexes.listed,
          partition: 'public',
          shelf: 'live',
          newestFirst: true,
          keep: (item) => item.visibility === 'public' && item.state !== 'ended',
        },
        maxLive,
        undefined,
      );
      return broadcasts;
    },

    listRecordings: ({ limit, cursor }) =>
      page(
        {
          kind: 'recordings',
          index: broadcastIndexes.listed,
          partition: 'public',
          shelf: 'recording',
          newestFirst: true,
          keep: (item) => item.visibility === 'public' && item.state === 'ended',
        },
        limit,
        cursor,
      ),

    listByChannel: ({ channelId, limit, cursor, includeAll }) =>
      page(
        {
          kind: 'channel',
          index: broadcastIndexes.byChannel,
          partition: channelId,
          newestFirst: true,
          keep: (item) => includeAll || (item.visibility === 'public' && item.shelf !== undefined),
        },
        limit,
        cursor,
      ),

    listUnended: (cursor) =>
      page(
        {
          kind: 'unended',
          index: broadcastIndexes.unended,
          partition: 'yes',
          newestFirst: false,
          keep: (item) => item.state !== 'ended',
        },
        100,
        cursor,
      ),
  };
}
