import { BatchWriteCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { setTimeout as delay } from 'node:timers/promises';
import { reach, TableError, type TableClient } from './client.ts';

/** Keys of the fleet table: `kind` is the partition, `id` the sort key. */
export const fleetKinds = {
  heartbeat: 'heartbeat',
  order: 'order',
  request: 'request',
  event: 'event',
  scheduler: 'scheduler',
} as const;

export const leaseKey = { kind: fleetKinds.scheduler, id: 'lease' };
export const reportKey = { kind: fleetKinds.scheduler, id: 'report' };
export const peersKey = { kind: fleetKinds.scheduler, id: 'peers' };

/** What an item carries beside what it is about. */
export interface ItemMarks {
  readonly kind: string;
  readonly id: string;
  /** Seconds since 1970 (core/tables.ts). */
  readonly expiresAt?: number;
  readonly fence?: number;
}

export function withoutMarks<T extends object>(item: T & ItemMarks): T {
  const { kind: _kind, id: _id, expiresAt: _expiresAt, fence: _fence, ...rest } = item;
  return rest as unknown as T;
}

/** In whole seconds, never early. */
export const expiryAt = (ms: number): number => Math.ceil(ms / 1000);

export const isOver = (item: Pick<ItemMarks, 'expiresAt'>, now: number): boolean =>
  item.expiresAt !== undefined && item.expiresAt * 1000 <= now;

/** Every item of a kind, strongly consistent, all pages, without those whose time is over. */
export async function queryAll<T extends object>(options: {
  readonly client: TableClient;
  readonly table: string;
  readonly kind: string;
  readonly now: number;
}): Promise<readonly T[]> {
  const { client, table, kind, now } = options;
  const found: T[] = [];
  let after: Record<string, unknown> | undefined;
  do {
    const command: QueryCommand = new QueryCommand({
      TableName: table,
      KeyConditionExpression: '#kind = :kind',
      ExpressionAttributeNames: { '#kind': 'kind' },
      ExpressionAttributeValues: { ':kind': kind },
      ConsistentRead: true,
      ...(after === undefined ? {} : { ExclusiveStartKey: after }),
    });
    const { Items: items = [], LastEvaluatedKey: last } = await reach(
      `read all of ${kind}`,
      client.send(command),
    );
    for (const item of items as (T & ItemMarks)[]) if (!isOver(item, now)) found.push(withoutMarks<T>(item));
    after = last;
  } while (after !== undefined);
  return found;
}

/** BatchWriteItem takes so many items. */
export const itemsInBatch = 25;
/** As in get-all.ts: 50 + 100 + … + 800 ms of patience when DynamoDB is short of capacity. */
const attempts = 6;
const firstPauseMs = 50;

/** Writes at most `itemsInBatch` new items. The same items again do no harm. */
export async function putBatch(client: TableClient, table: string, items: readonly object[]): Promise<void> {
  let left: NonNullable<NonNullable<BatchWriteCommand['input']['RequestItems']>[string]> = items.map(
    (Item) => ({ PutRequest: { Item: Item as Record<string, unknown> } }),
  );
  for (let attempt = 0; left.length > 0; attempt += 1) {
    if (attempt === attempts) throw new TableError(`could not write to ${table}: it is short of capacity`);
    if (attempt > 0) await delay(firstPauseMs * 2 ** (attempt - 1));
    const command = new BatchWriteCommand({ RequestItems: { [table]: left } });
    const output = await reach(`write to ${table}`, client.send(command));
    left = output.UnprocessedItems?.[table] ?? [];
  }
}
