import type { StoreEnvironment } from '../../../core/environment/store.ts';
import { tableNames } from '../../../core/tables.ts';
import { createBroadcasts, type Broadcasts } from './broadcasts.ts';
import { createChannels, type Channels } from './channels.ts';
import { createTableClient, type TableClient } from './client.ts';
import { createFleetTable, type FleetTable } from './fleet.ts';

export interface Tables {
  readonly client: TableClient;
  readonly channels: Channels;
  readonly broadcasts: Broadcasts;
  readonly fleet: FleetTable;
  close(): void;
}

/** The tables that a program's environment names. */
export function openTables(environment: StoreEnvironment): Tables {
  const client = createTableClient({
    region: environment.AWS_REGION,
    endpoint: environment.DYNAMODB_ENDPOINT,
  });
  const tables = tableNames(environment.TABLE_PREFIX);
  return {
    client,
    channels: createChannels({ client, tables }),
    broadcasts: createBroadcasts({ client, tables }),
    fleet: createFleetTable({ client, tables, now: Date.now }),
    close: () => client.destroy(),
  };
}
