import { randomBytes } from 'node:crypto';
import type { StoreEnvironment } from '../../../core/environment/store.ts';
import type { ChatStore, ShardStore, UnarchivedStore } from '../../../core/chat/store.ts';
import { tableNames } from '../../../core/tables.ts';
import { createBroadcasts, type Broadcasts } from './broadcasts.ts';
import { createChannels, type Channels } from './channels.ts';
import { createChat } from './chat.ts';
import { createTableClient, type TableClient } from './client.ts';
import { createFleetTable, type FleetTable } from './fleet.ts';
import { createMessages, type Messages } from './messages.ts';
import { createShards, createUnarchived } from './shards.ts';

export interface Tables {
  readonly client: TableClient;
  readonly channels: Channels;
  readonly broadcasts: Broadcasts;
  readonly fleet: FleetTable;
  readonly messages: Messages;
  readonly chat: ChatStore;
  readonly shards: ShardStore;
  readonly unarchived: UnarchivedStore;
  close(): void;
}

/** Names for single writes, unique over all programs: what is drawn once for a program, and a count. */
function marks(): () => string {
  const program = randomBytes(6).toString('base64url');
  let count = 0;
  return () => {
    count += 1;
    return `${program}${count.toString(36)}`;
  };
}

/** The tables that a program's environment names. */
export function openTables(environment: StoreEnvironment): Tables {
  const where = { region: environment.AWS_REGION, endpoint: environment.DYNAMODB_ENDPOINT };
  const client = createTableClient(where);
  // Of their own also so that a burst of messages never takes the connections of a heartbeat.
  const writes = createTableClient({ ...where, attempts: 1 });
  const tables = tableNames(environment.TABLE_PREFIX);
  const messages = createMessages({
    client,
    writes,
    tables,
    now: Date.now,
    random: Math.random,
    newMark: marks(),
  });
  const chat = { client, tables, now: Date.now };
  return {
    client,
    channels: createChannels({ client, tables }),
    broadcasts: createBroadcasts({ client, tables }),
    fleet: createFleetTable({ client, tables, now: Date.now }),
    messages,
    chat: createChat(chat),
    shards: createShards(chat),
    unarchived: createUnarchived(chat),
    close() {
      messages.close();
      writes.destroy();
      client.destroy();
    },
  };
}
