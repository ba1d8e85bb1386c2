import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { MessageRange } from '../../../core/chat/store.ts';
import { reach, type TableClient } from './client.ts';
import { isOver } from './fleet-items.ts';
import { bucketsOf, endOf, messageIdOf, type MessageKey } from './message-items.ts';

export interface MessageQuery extends MessageRange {
  readonly broadcastId: string;
  /** Only what this person has said. DynamoDB reads, and bills, everything in the range for it. */
  readonly personId?: string;
}

/** How far a bucket has been read, from the newest on. */
interface Bucket {
  readonly name: string;
  readonly found: MessageKey[];
  /** Where the next page begins; undefined before the first and after the last. */
  next: Record<string, unknown> | undefined;
  isDone: boolean;
}

/**
 * Of everything: a page takes the SDK 20 µs an item to read, in one go, and a chat task that archives has ticks to
 * keep (DynamoDB's own page of 1 MB would be 4,000 items). A few at a time, for the same reason.
 */
const itemsOfPage = 200;
const pagesAtOnce = 4;

/** Twice the even share, and a few: a second page is seldom needed, and a first one seldom read for nothing. */
const pageLimit = (newest: number): number => Math.min(newest, Math.ceil(newest / 8) + 10);

/**
 * Items of a broadcast, oldest first, out of all buckets, strongly consistent, without those whose time is over.
 * For the newest n no bucket is read further back than the n-th newest of what is known of all of them.
 */
export function createMessageReader(options: {
  readonly client: TableClient;
  readonly table: string;
  readonly now: () => number;
}) {
  const { client, table, now } = options;

  const condition = ({ from, to }: MessageRange): string => {
    if (from !== undefined && to !== undefined) return ' AND #id BETWEEN :from AND :to';
    return from === undefined ? (to === undefined ? '' : ' AND #id <= :to') : ' AND #id >= :from';
  };

  const readPage = async (bucket: Bucket, query: MessageQuery): Promise<void> => {
    const { from, to, newest, personId } = query;
    const where = condition(query);
    const command = new QueryCommand({
      TableName: table,
      KeyConditionExpression: `#bucket = :bucket${where}`,
      ExpressionAttributeNames: {
        '#bucket': 'bucket',
        ...(where === '' ? {} : { '#id': 'id' }),
        ...(personId === undefined ? {} : { '#by': 'by', '#person': 'id' }),
      },
      ExpressionAttributeValues: {
        ':bucket': bucket.name,
        ...(from === undefined ? {} : { ':from': from }),
        ...(to === undefined ? {} : { ':to': endOf(to) }),
        ...(personId === undefined ? {} : { ':person': personId }),
      },
      ...(personId === undefined ? {} : { FilterExpression: '#by.#person = :person' }),
      Limit: newest === undefined ? itemsOfPage : pageLimit(newest),
      ...(bucket.next === undefined ? {} : { ExclusiveStartKey: bucket.next }),
      ScanIndexForward: false,
      ConsistentRead: true,
    });
    const { Items: items = [], LastEvaluatedKey: last } = await reach('read messages', client.send(command));
    const time = now();
    for (const item of items) if (!isOver(item, time)) bucket.found.push(item as unknown as MessageKey);
    bucket.next = last;
    bucket.isDone = last === undefined;
  };

  /** The id of the n-th newest message; undefined as long as there are fewer. */
  const oldestOf = (newest: number, buckets: readonly Bucket[]): string | undefined => {
    const ids = new Set(buckets.flatMap(({ found }) => found.map(({ id }) => messageIdOf(id))));
    return [...ids].sort().at(-newest);
  };

  return async (query: MessageQuery): Promise<readonly MessageKey[]> => {
    const { from, to, newest = Infinity } = query;
    // DynamoDB refuses such ranges.
    if (!(newest > 0) || to === '' || (from !== undefined && to !== undefined && from > to)) return [];
    const { from: _from, ...openQuery } = query;
    const asked = from === '' ? openQuery : query;
    const buckets = bucketsOf(query.broadcastId).map((name): Bucket => ({
      name,
      found: [],
      next: undefined,
      isDone: false,
    }));
    let behind: readonly Bucket[] = buckets;
    let floor = '';
    while (behind.length > 0) {
      const some = newest === Infinity ? behind.slice(0, pagesAtOnce) : behind;
      await Promise.all(some.map((bucket) => readPage(bucket, asked)));
      floor = newest === Infinity ? '' : (oldestOf(newest, buckets) ?? '');
      behind = buckets.filter(({ isDone, next }) => !isDone && String(next?.['id']) >= floor);
    }
    return buckets
      .flatMap(({ found }) => found.filter(({ id }) => id >= floor))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  };
}
