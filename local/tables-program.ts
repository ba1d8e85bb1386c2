/** The embedded tables as a program of their own: dynalite throws when its disk is full, which must end only itself. */
import { onShutdown } from '../runtime/lifecycle/shutdown.ts';
import { announceReady } from '../runtime/lifecycle/ready.ts';
import { startTables } from './tables.ts';

const { TABLES_PATH: path, TABLES_PORT: port } = process.env;
if (path === undefined) throw new Error('TABLES_PATH is not set: the folder of the tables');

const tables = await startTables({ path, port: Number(port ?? 0) });
onShutdown(() => tables.close());
announceReady({ http: Number(new URL(tables.endpoint).port) });
