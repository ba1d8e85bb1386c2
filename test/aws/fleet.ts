import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Heartbeat, HeldShow } from '../../core/fleet/heartbeat.ts';
import { tableNames } from '../../core/tables.ts';
import type { SchedulerResult } from '../../lambda/scheduler/loop.ts';
import { createTableClient } from '../../runtime/store/tables/client.ts';
import { ensureTables } from '../../runtime/store/tables/ensure.ts';
import { createFleetTable, type FleetTable } from '../../runtime/store/tables/fleet.ts';
import { taskIdOf } from '../../lambda/scheduler/aws/tasks.ts';
import { bundleScheduler } from '../../tools/bundle/lambda.ts';
import type { LedgerTask } from '../../tools/aws-emulators/gaps/task-ledger.ts';
import type { Stage } from './stage.ts';

type Handler = (
  event: unknown,
  context: unknown,
) => Promise<SchedulerResult | { readonly kind: 'not-ready'; readonly missing: string }>;

/** So large that the planner's care for two who come at once needs no second host. */
export const roomPoints = 12_000;

/** Small, and quick enough for a life of a fleet in some dozens of invocations. */
export const quickPolicy = {
  hosts: { min: 1, max: 4, roomPoints },
  buffer: { absolutePoints: 1000, relativeShare: 0, deviations: 0, hysteresisPoints: 500 },
  front: { ttlS: 20, slackMs: 30_000, minAddresses: 1 },
  rollout: { patienceMs: 0 },
  scaleIn: { idleMs: 60_000, afterScaleOutMs: 60_000 },
  addresses: { quota: 10, spare: 0, keepMs: 60_000 },
  slots: 3,
};

/** The program inside an ingest task, as far as the scheduler hears of it. */
class FakeTask {
  readonly taskId: string;
  readonly life: LedgerTask;
  shows: readonly HeldShow[] = [];
  #sequence = 0;
  #accepting = true;
  #obeys = 0;
  #phase: Heartbeat['phase'] = 'serving';

  constructor(life: LedgerTask) {
    this.life = life;
    this.taskId = taskIdOf(life.arn);
  }

  async beat(table: FleetTable): Promise<void> {
    const { environment, startedAt } = this.life;
    this.#sequence += 1;
    const order = await table.beat({
      taskId: this.taskId,
      slot: environment['SLOT'] ?? '',
      hostId: environment['HOST_ID'] ?? '',
      digest: environment['IMAGE_DIGEST'] ?? '',
      startedAt: startedAt ?? 0,
      at: Date.now(),
      sequence: this.#sequence,
      accepting: this.#accepting,
      full: false,
      phase: this.#phase,
      obeys: this.#obeys,
      shows: this.shows,
      roomPoints,
      cpu: 0.2,
      unstoredBytes: 0,
    });
    if (order === undefined || order.generation <= this.#obeys) return;
    this.#obeys = order.generation;
    this.#accepting = order.phase !== 'drain';
    this.#phase = order.phase === 'drain' ? 'draining' : 'serving';
  }

  hold(points: number, count: number): void {
    this.shows = Array.from({ length: count }, (_, index) => ({
      broadcastId: `${this.taskId}-${index}`,
      state: 'live',
      points,
      startedAt: Date.now(),
      session: 1,
    }));
  }
}

interface FleetOptions {
  /** The bundle. */
  readonly file: string;
  readonly minutes: { pass(minutes: number): void };
}

/** A fleet whose scheduler is the bundled Lambda; its hosts and tasks are played here. */
export class Fleet {
  readonly stage: Stage;
  readonly table: FleetTable;
  readonly #tasks = new Map<string, FakeTask>();
  readonly #client: ReturnType<typeof createTableClient>;
  readonly #file: string;
  readonly #minutes: { pass(minutes: number): void };
  /** Invocations that ended with an error: Lambda's own retries are off, the next minute comes anyway. */
  readonly errors: unknown[] = [];
  #handler: Handler | undefined;
  #starts = 0;

  private constructor(stage: Stage, options: FleetOptions) {
    this.stage = stage;
    this.#file = options.file;
    this.#minutes = options.minutes;
    this.#client = createTableClient({ region: 'us-east-1', endpoint: stage.aws.url });
    this.table = createFleetTable({ client: this.#client, tables: tableNames('test'), now: Date.now });
  }

  static async open(stage: Stage, options: FleetOptions): Promise<Fleet> {
    const fleet = new Fleet(stage, options);
    await ensureTables({ client: fleet.#client, prefix: stage.stack.environment.TABLE_PREFIX });
    return fleet;
  }

  close(): void {
    this.#client.destroy();
    this.stage.close();
  }

  /** Tasks whose program runs. */
  get tasks(): readonly FakeTask[] {
    return [...this.#tasks.values()].filter(({ life }) => life.lastStatus === 'RUNNING');
  }

  /** The next invocation finds a new process of the function: nothing is kept from the last one. */
  restartFunction(): void {
    this.#handler = undefined;
  }

  /** One invocation, long enough for one pass. */
  async invoke(): ReturnType<Handler> {
    if (this.#handler === undefined) {
      this.#starts += 1;
      const module: unknown = await import(
        `${pathToFileURL(this.#file).href}?start=${this.#starts}-${Date.now()}`
      );
      this.#handler = (module as { readonly handler: Handler }).handler;
    }
    const end = Date.now() + 18_000;
    return this.#handler(
      {},
      {
        awsRequestId: 'test',
        functionName: 'scheduler',
        getRemainingTimeInMillis: () => end - Date.now(),
      },
    );
  }

  /** The world goes on by itself: hosts boot, tasks come up or end, and say so. */
  async world(): Promise<void> {
    await this.stage.settle();
    for (const life of this.stage.aws.tasks.all)
      if (!this.#tasks.has(life.arn) && life.lastStatus === 'RUNNING')
        this.#tasks.set(life.arn, new FakeTask(life));
    // The second one says what the first one was told.
    for (const _ of [1, 2]) await Promise.all(this.tasks.map((task) => task.beat(this.table)));
  }

  /** A minute. @throws Error when a task that holds a broadcast was told to stop (I1). */
  async step(): Promise<void> {
    this.#minutes.pass(1);
    await this.world();
    await this.invoke().catch((error: unknown) => this.errors.push(error));
    for (const { life, shows, taskId } of this.#tasks.values())
      if (shows.length > 0 && life.desiredStatus === 'STOPPED')
        throw new Error(`${taskId} was stopped with ${shows.length} broadcasts`);
  }

  /** Minutes pass until it is so. */
  async until(what: string, isSo: () => boolean | Promise<boolean>, steps = 40): Promise<void> {
    for (let step = 0; step < steps; step += 1) {
      if (await isSo()) return;
      await this.step();
    }
    const report = await this.table.report();
    throw new Error(
      `not after ${steps} invocations: ${what}\n` +
        JSON.stringify(
          { plan: { ...report?.plan, memory: undefined }, errors: [report?.errors, this.errors.map(String)] },
          null,
          1,
        ),
    );
  }
}

/** Bundles the Lambda into a folder that is removed by `remove`. */
export async function bundleOnce(): Promise<{
  readonly file: string;
  readonly bytes: number;
  remove(): void;
}> {
  const folder = mkdtempSync(join(tmpdir(), 'tidecast-lambda-'));
  const file = join(folder, 'index.mjs');
  const { bytes } = await bundleScheduler(file);
  return { file, bytes, remove: () => rmSync(folder, { recursive: true }) };
}
