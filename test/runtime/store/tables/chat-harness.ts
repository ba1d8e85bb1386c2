import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { tableNames, type TableNames } from '../../../../core/tables.ts';
import { startTables } from '../../../../local/tables.ts';
import { createChat } from '../../../../runtime/store/tables/chat.ts';
import { createTableClient, type TableClient } from '../../../../runtime/store/tables/client.ts';
import { ensureTables } from '../../../../runtime/store/tables/ensure.ts';
import { createMessages, type Messages } from '../../../../runtime/store/tables/messages.ts';
import { createShards, createUnarchived } from '../../../../runtime/store/tables/shards.ts';
import { noon, type ChatStoreSide } from './contract/chat.ts';
import type { MessageStoreSide } from './contract/messages.ts';
import type { ShardStoreSide } from './contract/shards.ts';

let marks = 0;

export type MessageOptions = Partial<Omit<Parameters<typeof createMessages>[0], 'client' | 'tables'>> & {
  /** Where its calls go, when not straight to the tables. */
  readonly endpoint?: string;
};

export interface ChatTables {
  readonly endpoint: string;
  readonly client: TableClient;
  /** Empty tables, with a prefix of their own. */
  empty(): Promise<TableNames>;
  messages(tables: TableNames, options?: MessageOptions): Messages;
  /** Empty stores for the contracts. */
  openMessages(): Promise<MessageStoreSide>;
  openChat(): Promise<ChatStoreSide>;
  openShards(): Promise<ShardStoreSide>;
  /** Writes what another version of Tidecast might have left. */
  leave(table: string, item: Readonly<Record<string, unknown>>): Promise<void>;
  stop(): Promise<void>;
}

/** The chat's stores on whatever speaks DynamoDB at an address. */
export function chatTables(endpoint: string): ChatTables {
  const region = 'us-east-1';
  const client = createTableClient({ region, endpoint });
  const closers: (() => void)[] = [];
  let opened = 0;

  const empty = async (): Promise<TableNames> => {
    opened += 1;
    const prefix = `chat-${opened}`;
    await ensureTables({ client, prefix });
    return tableNames(prefix);
  };

  const messages = (tables: TableNames, options: MessageOptions = {}): Messages => {
    const where = { region, endpoint: options.endpoint ?? endpoint };
    const reads = options.endpoint === undefined ? client : createTableClient(where);
    const writes = createTableClient({ ...where, attempts: 1 });
    const made = createMessages({
      client: reads,
      writes,
      tables,
      now: Date.now,
      random: Math.random,
      newMark: () => `mark-${(marks += 1)}`,
      // What else runs on this machine must not decide a test.
      deadlineMs: 10_000,
      ...options,
    });
    closers.push(() => {
      made.close();
      writes.destroy();
      if (reads !== client) reads.destroy();
    });
    return made;
  };

  const clock = () => {
    let now = noon;
    return {
      now: () => now,
      setNow: (to: number) => {
        now = to;
      },
      close: () => Promise.resolve(),
    };
  };

  return {
    endpoint,
    client,
    empty,
    messages,
    async openMessages() {
      const tables = await empty();
      return {
        store: messages(tables),
        other: messages(tables),
        close: () => Promise.resolve(),
      };
    },
    async openChat() {
      const tables = await empty();
      const { now, ...side } = clock();
      return {
        ...side,
        store: createChat({ client, tables, now }),
        other: createChat({ client, tables, now }),
      };
    },
    async openShards() {
      const tables = await empty();
      const { now, ...side } = clock();
      const options = { client, tables, now };
      return { ...side, shards: createShards(options), unarchived: createUnarchived(options) };
    },
    async leave(table, item) {
      await client.send(new PutCommand({ TableName: table, Item: { ...item } }));
    },
    stop: () => {
      for (const close of closers) close();
      client.destroy();
      return Promise.resolve();
    },
  };
}

export async function startChatTables(): Promise<ChatTables> {
  const local = await startTables({});
  const tables = chatTables(local.endpoint);
  return {
    ...tables,
    async stop() {
      await tables.stop();
      await local.close();
    },
  };
}
