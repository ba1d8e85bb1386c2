/** Calls of one pass of the scheduler over a fleet at rest, by operation. */
import { parseArgs } from 'node:util';
import { readPolicy } from '../core/environment/policy.ts';
import { readEnvironment } from '../core/environment/read.ts';
import { schedulerEnvironment } from '../core/environment/scheduler.ts';
import type { PassReport } from '../core/fleet/ports.ts';
import { tableNames } from '../core/tables.ts';
import { createImages } from '../lambda/scheduler/aws/images.ts';
import { createAwsInfrastructure } from '../lambda/scheduler/aws/infrastructure.ts';
import { mapBounded } from '../lambda/scheduler/aws/pages.ts';
import { runScheduler } from '../lambda/scheduler/loop.ts';
import { startTables } from '../local/tables.ts';
import { createTableClient, type TableClient } from '../runtime/store/tables/client.ts';
import { ensureTables } from '../runtime/store/tables/ensure.ts';
import { createFleetTable } from '../runtime/store/tables/fleet.ts';
import { createQuietAws, digest, domain, hostId, taskId } from './calls/quiet-aws.ts';

const isRead = (operation: string): boolean => /^(?:Describe|List|Get|Query)/.test(operation);

const environment = readEnvironment(schedulerEnvironment, {
  TABLE_PREFIX: 'bench',
  FLEET: 'bench',
  CLUSTER: 'bench',
  TASK_FAMILY: 'ingest',
  CONTAINER: 'ingest',
  HOST_GROUP: 'bench',
  REPOSITORY: 'ingest',
  TARGET_GROUP_PREFIX: 'bench',
  ZONE_ID: 'Z1',
  INGEST_DOMAIN: domain,
});

interface Counted {
  readonly calls: ReadonlyMap<string, number>;
  readonly decisions: readonly string[];
  readonly errors: PassReport['errors'];
}

const sum = (counts: Iterable<readonly [string, number]>): number =>
  [...counts].reduce((total, [, count]) => total + count, 0);

/** Counts the calls of a table's client under the names of DynamoDB. */
function counting(client: TableClient, calls: Map<string, number>): TableClient {
  const send = (command: never): Promise<unknown> => {
    const { name } = (command as { readonly constructor: { readonly name: string } }).constructor;
    // The document client's own names: GetCommand is GetItem.
    const operation = `${name.replace(/Command$/, '')} (table)`;
    calls.set(operation, (calls.get(operation) ?? 0) + 1);
    return client.send(command);
  };
  return { send } as unknown as TableClient;
}

async function countPasses(hosts: number): Promise<readonly Counted[]> {
  const slots = Array.from({ length: hosts }, (_, index) => `in-${String(index + 1).padStart(3, '0')}`);
  const startedAt = Date.now() - 86_400_000;
  const aws = createQuietAws({ slots, startedAt });
  const tables = await startTables({});
  const client = createTableClient({ region: 'us-east-1', endpoint: tables.endpoint });
  try {
    await ensureTables({ client, prefix: 'bench' });
    const names = tableNames('bench');
    const tasks = createFleetTable({ client, tables: names, now: Date.now });
    await mapBounded(
      slots.map((slot, index) => [index, slot] as const),
      20,
      ([index, slot]) =>
        tasks.beat({
          taskId: taskId(index),
          slot,
          hostId: hostId(index),
          digest,
          startedAt,
          at: Date.now(),
          sequence: 1,
          accepting: true,
          full: false,
          phase: 'serving',
          obeys: 0,
          // Three of four places taken: neither more hosts are wanted nor fewer.
          shows: [1, 2, 3].map((number) => ({
            broadcastId: `${slot}-${number}`,
            state: 'live',
            points: 1000,
            startedAt,
            session: 1,
          })),
          roomPoints: 4000,
          cpu: 0.5,
          unstoredBytes: 0,
        }),
    );
    const passes: Counted[] = [];
    const { clients, calls } = aws;
    const images = createImages({
      client: clients.ecs,
      family: 'ingest',
      container: 'ingest',
      now: Date.now,
    });
    await runScheduler({
      infrastructure: createAwsInfrastructure({ clients, images, environment, now: Date.now }),
      store: createFleetTable({ client: counting(client, calls), tables: names, now: Date.now }),
      policy: readPolicy(
        JSON.stringify({ hosts: { min: hosts, max: hosts }, slots, addresses: { quota: hosts } }),
      ),
      log: { info: () => undefined, warn: console.warn, error: console.error },
      passMs: 20,
      onPass: ({ plan, errors }: PassReport) => {
        passes.push({ calls: new Map(calls), decisions: plan.decisions.map(({ text }) => text), errors });
        calls.clear();
      },
      // A pass wants 8 s before the end: 4 s of passes.
      until: Date.now() + 12_000,
    });
    return passes;
  } finally {
    client.destroy();
    await tables.close();
  }
}

export async function run(args: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const { values } = parseArgs({ args: [...args], options: { hosts: { type: 'string', default: '100' } } });
  const hosts = Number(values.hosts);
  const passes = await countPasses(hosts);
  const [cold] = passes;
  const quiet = passes.findLast(({ decisions }) => decisions.length === 0);
  if (cold === undefined || quiet === undefined)
    throw new Error(`no pass was without a decision: ${passes.at(-1)?.decisions.join('; ')}`);
  // A pass whose reading broke off early would look cheap.
  if (quiet.errors.length > 0) throw new Error(`calls failed: ${JSON.stringify(quiet.errors)}`);
  const byOperation = [...quiet.calls].toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const [operation, count] of byOperation)
    console.log(`${String(count).padStart(4)}  ${isRead(operation) ? 'read ' : 'write'}  ${operation}`);
  const ofTable = byOperation.filter(([operation]) => operation.endsWith('(table)'));
  return {
    hosts,
    calls: sum(byOperation),
    reads: sum(byOperation.filter(([operation]) => isRead(operation))),
    writes: sum(byOperation.filter(([operation]) => !isRead(operation))),
    aws_writes: sum(
      byOperation.filter(([operation]) => !isRead(operation) && !operation.endsWith('(table)')),
    ),
    table_calls: sum(ofTable),
    cold_calls: sum(cold.calls),
    passes: passes.length,
  };
}
