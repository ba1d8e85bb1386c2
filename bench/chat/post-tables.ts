/**
 * The tables of the bench, kept in memory: on a disk LevelDB stops for half a second now and then to compact, which
 * DynamoDB does not, and which would be all that the slowest hundredth of posts shows.
 */
import { startTables } from '../../local/tables.ts';
import { onShutdown } from '../../runtime/lifecycle/shutdown.ts';
import { announceReady } from '../../runtime/lifecycle/ready.ts';

const tables = await startTables({});
onShutdown(() => tables.close());
announceReady({ http: Number(new URL(tables.endpoint).port) });
