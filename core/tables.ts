/**
 * The tables, as plain data: runtime/store/tables makes them locally, the CDK app makes them in AWS. All
 * keys are strings and everything is billed per request.
 *
 * Indexes hold keys only; a reader fetches the items themselves. So a heartbeat every 5 s costs no write in
 * an index (design section 5), and what a list says is the item's present state.
 */
export interface TableDefinition {
  readonly partitionKey: string;
  readonly sortKey?: string;
  /** Seconds since 1970 after which DynamoDB may delete an item. It takes its time: readers leave such items out. */
  readonly expiryAttribute?: string;
  readonly indexes: readonly IndexDefinition[];
}

export interface IndexDefinition {
  readonly name: string;
  readonly partitionKey: string;
  readonly sortKey: string;
}

export type TableName = 'channels' | 'broadcasts' | 'fleet' | 'chat' | 'messages';

/** The index attributes of a broadcast. An item without both keys of an index is not in it. */
export const broadcastIndexes = {
  /** Every broadcast of a channel, in the order of their starts: ids are ULIDs. */
  byChannel: { name: 'by-channel', partitionKey: 'channelId', sortKey: 'broadcastId' },
  /**
   * Public ones. `listing` is `public` or absent and belongs to who writes the visibility; `shelf` is
   * `live#<id>` from the first picture on, then `recording#<id>`, and belongs to the holding task. So neither
   * has to know of the other.
   */
  listed: { name: 'listed', partitionKey: 'listing', sortKey: 'shelf' },
  /** Live and interrupted ones: `unended` is `yes` or absent. For recovery. */
  unended: { name: 'unended', partitionKey: 'unended', sortKey: 'broadcastId' },
} as const satisfies Record<string, IndexDefinition>;

export const tables: Readonly<Record<TableName, TableDefinition>> = {
  /** Channels by id; beside them, under `owner#<sub>`, which channels an owner has. */
  channels: { partitionKey: 'channelId', indexes: [] },
  broadcasts: { partitionKey: 'broadcastId', indexes: Object.values(broadcastIndexes) },
  /** Heartbeats, orders, requests, events, lease, report and decisions (runtime/store/tables/fleet.ts). */
  fleet: { partitionKey: 'kind', sortKey: 'id', expiryAttribute: 'expiresAt', indexes: [] },
  /** Settings, bans, moderators, followers, audit, limits, shards (runtime/store/tables/chat.ts). */
  chat: { partitionKey: 'place', sortKey: 'entry', expiryAttribute: 'expiresAt', indexes: [] },
  /** Messages: `bucket` is the broadcast and one of 16, so that no channel meets a partition's 1,000 writes/s. */
  messages: { partitionKey: 'bucket', sortKey: 'id', expiryAttribute: 'expiresAt', indexes: [] },
};

export type TableNames = Readonly<Record<TableName, string>>;

export const tableNames = (prefix: string): TableNames => ({
  channels: `${prefix}-channels`,
  broadcasts: `${prefix}-broadcasts`,
  fleet: `${prefix}-fleet`,
  chat: `${prefix}-chat`,
  messages: `${prefix}-messages`,
});
