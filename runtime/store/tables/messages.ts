import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { isMessageId, type ChatMessage, type KeyedMessages } from '../../../core/chat/message.ts';
import type { MessageRange, MessageStore } from '../../../core/chat/store.ts';
import type { TableNames } from '../../../core/tables.ts';
import { createBatchWriter } from './batch-writer.ts';
import { reach, TableError, type TableClient } from './client.ts';
import {
  bucketOf,
  keyOf,
  messageIdOf,
  nameOf,
  postedByOf,
  prefixOf,
  toItem,
  toMessage,
  type MessageKey,
} from './message-items.ts';
import { createMessageReader } from './message-reader.ts';

export interface Messages extends MessageStore {
  close(): void;
}

const dayMs = 86_400_000;
/** How long a refusal waits for what may lie in the table to be taken away again. */
const takeBackPatienceMs = 200;
/** Removing tries for so long. */
const removeDeadlineMs = 5_000;
const takeBackDeadlineMs = 30_000;
/** Lookups at a time for one call. */
const lookups = 25;

/**
 * Messages. 16 buckets of a broadcast take 16,000 writes a second and four times as many readings of 4 kB.
 *
 * Taking back. DynamoDB has no "write this until then": a put whose answer was lost may have been done, or be done
 * later. So what was refused after an unknown outcome is deleted at once and again after 1 and after 10 s (by the
 * mark of its own write: message-items.ts). What remains: it can be read until the first of these deletions gets
 * through, which the refusal waits 200 ms for; and for good when this program dies before, when the table
 * cannot be reached for 30 s, or when DynamoDB does a put more than 10 s after its connection was cut. The same
 * late put, of an attempt that was given up for another one, can bring a message back that was removed since.
 */
export function createMessages(options: {
  readonly client: TableClient;
  /** Makes one attempt for each call (batch-writer.ts). */
  readonly writes: TableClient;
  readonly tables: TableNames;
  readonly now: () => number;
  readonly random: () => number;
  /** Unique over all programs: names one write. */
  readonly newMark: () => string;
  /** What single posts wait for others to share a request with: a request costs the SDK a millisecond of its core. */
  readonly lingerMs?: number;
  /** Shorter than a message is held back on the bus (1 s): then a stored one is in time. */
  readonly deadlineMs?: number;
  /** Replay comes from object storage: the table is for the show, and for who moderates the days after. */
  readonly keptMs?: number;
  /** Pauses before the second deletion of what was refused, the third and so on. */
  readonly takeBackAfterMs?: readonly number[];
}): Messages {
  const { client, writes, now, random, newMark } = options;
  const { lingerMs = 10, deadlineMs = 800, keptMs = 30 * dayMs, takeBackAfterMs = [1_000, 9_000] } = options;
  const table = options.tables.messages;
  const read = createMessageReader({ client, table, now });
  const closing = new AbortController();
  // Each message that is being taken back listens.
  setMaxListeners(0, closing.signal);

  const shared = { client: writes, table, keyOf, nameOf, random, lingerMs };
  // 16 × 25 items under way are 20,000 a second at 20 ms: more than an API task ever takes.
  const writer = createBatchWriter<MessageKey>({ ...shared, deadlineMs, maxFlights: 16 });
  // Lines of their own: messages don't wait behind what is deleted.
  const remover = createBatchWriter<MessageKey>({ ...shared, deadlineMs: removeDeadlineMs, maxFlights: 4 });
  const undoer = createBatchWriter<MessageKey>({ ...shared, deadlineMs: takeBackDeadlineMs, maxFlights: 2 });

  const undo = (keys: readonly MessageKey[]): Promise<unknown> =>
    Promise.all(keys.map((key) => undoer.add({ delete: key })));

  const undoAgain = async (keys: readonly MessageKey[]): Promise<void> => {
    for (const ms of takeBackAfterMs) {
      await delay(ms, undefined, closing);
      await undo(keys);
    }
  };

  /** Resolves when nothing of them is left, as far as it is known by now, or it takes too long. */
  const takeBack = async (keys: readonly MessageKey[]): Promise<void> => {
    const undone = undo(keys);
    // It ends early only when the store is closed.
    undone.then(() => undoAgain(keys)).catch(() => undefined);
    const waiting = new AbortController();
    await Promise.race([undone, delay(takeBackPatienceMs, undefined, waiting).catch(() => undefined)]);
    waiting.abort();
  };

  const removeItems = async (keys: readonly MessageKey[]): Promise<void> => {
    const outcomes = await Promise.all(keys.map((key) => remover.add({ delete: key })));
    if (outcomes.some((outcome) => outcome !== 'done')) throw new TableError('could not remove messages');
  };

  const find = async (broadcastId: string, messageId: string): Promise<readonly MessageKey[]> => {
    const command = new QueryCommand({
      TableName: table,
      KeyConditionExpression: '#bucket = :bucket AND begins_with(#id, :prefix)',
      ExpressionAttributeNames: { '#bucket': 'bucket', '#id': 'id' },
      ExpressionAttributeValues: {
        ':bucket': bucketOf(broadcastId, messageId),
        ':prefix': prefixOf(messageId),
      },
      ConsistentRead: true,
    });
    const { Items: items = [] } = await reach('find a message', client.send(command));
    return items as unknown as readonly MessageKey[];
  };

  const readKeyed = async (broadcastId: string, range: MessageRange): Promise<KeyedMessages> => {
    const messages = new Map<string, ChatMessage>();
    const keys = new Map<string, string>();
    for (const item of await read({ ...range, broadcastId })) {
      const message = toMessage(item);
      if (message === undefined) continue;
      if (!messages.has(message.id)) messages.set(message.id, message);
      const key = postedByOf(item);
      if (key !== undefined) keys.set(message.id, key);
    }
    return { messages: [...messages.values()], keys };
  };

  return {
    async write(broadcastId, messages, keys) {
      const unique = [...new Map(messages.map((message) => [message.id, message])).values()];
      const items = unique.map((message) =>
        toItem(broadcastId, message, { mark: newMark(), keptMs, postedBy: keys?.get(message.id) }),
      );
      const outcomes = await Promise.all(items.map((item) => writer.add({ put: item })));
      const unknown = items.filter((_, n) => outcomes[n] === 'unknown');
      if (unknown.length > 0) await takeBack(unknown);
      return { failed: unique.filter((_, n) => outcomes[n] !== 'done').map(({ id }) => id) };
    },

    async read(broadcastId, range) {
      return (await readKeyed(broadcastId, range)).messages;
    },

    readKeyed,

    async remove(broadcastId, ids) {
      const wanted = [...new Set(ids)].filter(isMessageId);
      for (let start = 0; start < wanted.length; start += lookups) {
        const some = wanted.slice(start, start + lookups);
        const found = await Promise.all(some.map((id) => find(broadcastId, id)));
        await removeItems(found.flat());
      }
    },

    // Reads the whole chat of the broadcast until then: of 3 hours with 20 messages a second 40 MB, or 10,000 read
    // units (about a cent), in 3 pages of each bucket. An index by person would cost a second write for every message.
    async removeOf(broadcastId, personId, until) {
      const items = await read({ broadcastId, personId, to: until });
      await removeItems(items);
      return [...new Set(items.map(({ id }) => messageIdOf(id)))];
    },

    close() {
      closing.abort();
      for (const each of [writer, remover, undoer]) each.close();
    },
  };
}
