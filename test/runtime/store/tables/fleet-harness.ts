import { noon } from '../../../lambda/scheduler/contract/store.ts';
import { tableNames } from '../../../../core/tables.ts';
import { startTables } from '../../../../local/tables.ts';
import { createTableClient, type TableClient } from '../../../../runtime/store/tables/client.ts';
import { ensureTables } from '../../../../runtime/store/tables/ensure.ts';
import { createFleetTable, type FleetTable } from '../../../../runtime/store/tables/fleet.ts';

/** What becomes of a command on its way; `pass` makes the call. */
export type Network = (
  command: { readonly input: unknown },
  pass: () => Promise<unknown>,
) => Promise<unknown>;

export interface FleetTables {
  /** An empty fleet table. */
  open(): Promise<{
    readonly name: string;
    /** The table as another program sees it, through its own network. */
    connect(network?: Network): FleetTable;
    setNow(now: number): void;
  }>;
  readonly client: TableClient;
  stop(): Promise<void>;
}

export async function startFleetTables(): Promise<FleetTables> {
  const local = await startTables({});
  const client = createTableClient({ region: 'us-east-1', endpoint: local.endpoint });
  let opened = 0;
  return {
    client,
    async open() {
      opened += 1;
      const prefix = `fleet-${opened}`;
      await ensureTables({ client, prefix });
      const tables = tableNames(prefix);
      let now = noon;
      return {
        name: tables.fleet,
        connect(network = (_, pass) => pass()) {
          const send = (command: never): Promise<unknown> => network(command, () => client.send(command));
          return createFleetTable({
            client: { send } as unknown as TableClient,
            tables,
            now: () => now,
          });
        },
        setNow: (to) => {
          now = to;
        },
      };
    },
    async stop() {
      client.destroy();
      await local.close();
    },
  };
}
