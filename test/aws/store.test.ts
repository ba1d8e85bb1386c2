import { afterAll, beforeAll } from 'vitest';
import { tableNames } from '../../core/tables.ts';
import { createTableClient, type TableClient } from '../../runtime/store/tables/client.ts';
import { ensureTables } from '../../runtime/store/tables/ensure.ts';
import { createFleetTable, type FleetTable } from '../../runtime/store/tables/fleet.ts';
import {
  fleetStoreContract,
  noon,
  sharedStoreContract,
  type SharedStoreSide,
} from '../lambda/scheduler/contract/store.ts';
import { chatTables, type ChatTables } from '../runtime/store/tables/chat-harness.ts';
import { chatStoreContract } from '../runtime/store/tables/contract/chat.ts';
import { messageStoreContract } from '../runtime/store/tables/contract/messages.ts';
import { shardStoreContract } from '../runtime/store/tables/contract/shards.ts';
import { useEmulatedAws } from './stage.ts';

// Lease, fence and stores on a second DynamoDB: npm test knows dynalite's opinion.
const aws = useEmulatedAws();
let client: TableClient;
let chat: ChatTables;
beforeAll(() => {
  client = createTableClient({ region: 'us-east-1', endpoint: aws().url });
  chat = chatTables(aws().url);
});
afterAll(async () => {
  await chat.stop();
  client.destroy();
});

let opened = 0;

async function open(): Promise<SharedStoreSide> {
  opened += 1;
  const prefix = `store-${opened}`;
  await ensureTables({ client, prefix });
  let now = noon;
  const connect = (): FleetTable => createFleetTable({ client, tables: tableNames(prefix), now: () => now });
  const store = connect();
  return {
    store,
    other: connect(),
    beat: (heartbeat) => store.beat(heartbeat),
    request: (request) => store.request(request),
    planEvent: (event) => store.planEvent(event),
    setNow: (to) => {
      now = to;
    },
    close: () => Promise.resolve(),
  };
}

fleetStoreContract(open);
sharedStoreContract(open);

messageStoreContract(() => chat.openMessages());
chatStoreContract(() => chat.openChat());
shardStoreContract(() => chat.openShards());
