import { DeleteCommand, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { platformScope, type ChatScope } from '../../../core/chat/store.ts';
import { reach, type TableClient } from './client.ts';
import { isOver } from './fleet-items.ts';

/** Key of the chat table: `place` is the partition, `entry` the sort key. */
export interface ChatKey {
  readonly place: string;
  readonly entry: string;
}

export type ChatItem = ChatKey & Readonly<Record<string, unknown>> & { readonly expiresAt?: number };

/** Entries of a place that begin alike, as `ban#<person>`. */
export const prefixes = {
  ban: 'ban#',
  moderator: 'moderator#',
  follow: 'follow#',
  shard: 'shard#',
  load: 'load#',
} as const;

export const settingsEntry = 'settings';
export const limitsEntry = 'limits';
export const shardsPlace = 'shards';

/** Settings, bans and moderators of a channel; of the platform also the limits. */
export const placeOf = (scope: ChatScope): string => (scope === platformScope ? scope : `channel#${scope}`);
export const auditPlace = (scope: ChatScope): string => `audit#${scope}`;
export const personPlace = (personId: string): string => `person#${personId}`;
export const unarchivedPlace = (shard: string): string => `unarchived#${shard}`;

/** As in message-reader.ts: a page takes the SDK 20 µs an item, in one go, and a chat task has ticks to keep. */
const itemsOfPage = 500;

/** The table, as everything in it is read and written. What is over counts as not there. */
export interface ChatItems {
  get(key: ChatKey): Promise<ChatItem | undefined>;
  /** Strongly consistent, all pages, in the order of the entries. */
  list(place: string, prefix?: string): Promise<readonly ChatItem[]>;
  put(key: ChatKey, value: object): Promise<void>;
  remove(key: ChatKey): Promise<void>;
}

export function createChatItems(options: {
  readonly client: TableClient;
  readonly table: string;
  readonly now: () => number;
}): ChatItems {
  const { client, table: TableName, now } = options;
  return {
    async get(key) {
      const command = new GetCommand({ TableName, Key: { ...key }, ConsistentRead: true });
      const { Item: item } = await reach('read the chat table', client.send(command));
      return item === undefined || isOver(item, now()) ? undefined : (item as ChatItem);
    },

    async list(place, prefix) {
      const found: ChatItem[] = [];
      let after: Record<string, unknown> | undefined;
      do {
        const command: QueryCommand = new QueryCommand({
          TableName,
          KeyConditionExpression: `#place = :place${
            prefix === undefined ? '' : ' AND begins_with(#entry, :prefix)'
          }`,
          ExpressionAttributeNames: {
            '#place': 'place',
            ...(prefix === undefined ? {} : { '#entry': 'entry' }),
          },
          ExpressionAttributeValues: {
            ':place': place,
            ...(prefix === undefined ? {} : { ':prefix': prefix }),
          },
          ConsistentRead: true,
          Limit: itemsOfPage,
          ...(after === undefined ? {} : { ExclusiveStartKey: after }),
        });
        const { Items: items = [], LastEvaluatedKey: last } = await reach(
          'list entries of the chat table',
          client.send(command),
        );
        for (const item of items) if (!isOver(item, now())) found.push(item as ChatItem);
        after = last;
      } while (after !== undefined);
      return found;
    },

    async put(key, value) {
      const command = new PutCommand({ TableName, Item: { ...value, ...key } });
      await reach('write to the chat table', client.send(command));
    },

    async remove(key) {
      const command = new DeleteCommand({ TableName, Key: { ...key } });
      await reach('remove from the chat table', client.send(command));
    },
  };
}

/** What follows a prefix in a sort key. */
export const afterPrefix = ({ entry }: ChatKey, prefix: string): string => entry.slice(prefix.length);
