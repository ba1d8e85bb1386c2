/** The tables in a process of their own, to be killed. */
import { startTables } from '../../local/tables.ts';

const { endpoint } = await startTables({ path: process.argv[2] ?? '' });
process.send?.(endpoint);
// Ends with its test, whatever becomes of that.
process.on('disconnect', () => process.exit(0));
