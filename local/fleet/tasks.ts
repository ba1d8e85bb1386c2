import { FleetCallError } from '../../core/fleet/ports.ts';
import type { TaskFact } from '../../core/fleet/snapshot.ts';
import type { Image } from './images.ts';
import type { HostAddress } from './loopback.ts';

/** What a task is started with. */
export interface TaskStart {
  readonly taskId: string;
  readonly hostId: string;
  readonly address: HostAddress;
  readonly spoolDir: string;
  readonly slot: string;
  readonly image: Image;
}

/** The process of a task. All three resolve when it has ended, also when it had before. */
export interface TaskProcess {
  readonly pid: number;
  /** By name: `rtmp`, `http`. */
  readonly ports: Readonly<Record<string, number>>;
  /** SIGTERM: what ECS sends first. */
  stop(): Promise<void>;
  /** Stores what it has and ends, whatever it holds. */
  finish(): Promise<void>;
  /** SIGKILL, with all that it started. */
  kill(): Promise<void>;
}

/** Resolves when it runs. Rejects when it could not, or `signal` ended it before. */
export type LaunchTask = (
  start: TaskStart,
  watch: { readonly signal: AbortSignal; readonly onCrash: (description: string) => void },
) => Promise<TaskProcess>;

/** A task that runs, as the edge and the forwarder need it. */
export interface RunningTask {
  readonly taskId: string;
  readonly hostId: string;
  readonly slot: string;
  readonly digest: string;
  readonly pid: number;
  readonly bind: string;
  readonly ports: Readonly<Record<string, number>>;
}

interface Entry {
  readonly start: TaskStart;
  readonly startedAt: number;
  status: TaskFact['status'];
  process?: TaskProcess;
  readonly abort: AbortController;
  /** Settles, never rejects, when the process runs or could not be started. */
  launched: Promise<void>;
  ended?: { readonly at: number; readonly reason: string };
}

/** ECS shows stopped tasks for about an hour; a pass of this fleet comes every second. */
const keptStoppedMs = 60_000;

function factOf({ start, startedAt, status, ended }: Entry): TaskFact {
  const { taskId, hostId, slot, image } = start;
  const fact = { taskId, hostId, slot, digest: image.digest, status, startedAt };
  return ended === undefined ? fact : { ...fact, stoppedAt: ended.at, stoppedReason: ended.reason };
}

/** The tasks of the local fleet: real processes, which nobody starts again when they end. */
export class Tasks {
  readonly #launch: LaunchTask;
  readonly #clock: { now(): number };
  readonly #newId: () => string;
  readonly #entries = new Map<string, Entry>();
  /** By the token that it was started with: the same token is the same task. */
  readonly #byToken = new Map<string, string>();
  #closed = false;

  constructor(options: {
    readonly launch: LaunchTask;
    readonly clock: { now(): number };
    readonly newId: () => string;
  }) {
    this.#launch = options.launch;
    this.#clock = options.clock;
    this.#newId = options.newId;
  }

  get facts(): readonly TaskFact[] {
    this.#forgetOld();
    return [...this.#entries.values()].map(factOf);
  }

  get running(): readonly RunningTask[] {
    return [...this.#entries.values()].flatMap(({ start, process, status }) =>
      process === undefined || status === 'stopped'
        ? []
        : {
            taskId: start.taskId,
            hostId: start.hostId,
            slot: start.slot,
            digest: start.image.digest,
            pid: process.pid,
            bind: start.address.bind,
            ports: process.ports,
          },
    );
  }

  wasStartedWith(token: string): boolean {
    return this.#byToken.has(token);
  }

  /** The one that is on a host and has not ended. */
  on(hostId: string): string | undefined {
    return [...this.#entries.values()].find(
      ({ start, status }) => start.hostId === hostId && status !== 'stopped',
    )?.start.taskId;
  }

  /** @param prepare must not reject; the process starts when it is done */
  start(wish: Omit<TaskStart, 'taskId'>, token: string, prepare: () => Promise<void>): void {
    if (this.#byToken.has(token)) return;
    if (this.#closed) throw new FleetCallError('the platform ends', { kind: 'refused' });
    const taskId = this.#newId();
    this.#byToken.set(token, taskId);
    const entry: Entry = {
      start: { ...wish, taskId },
      startedAt: this.#clock.now(),
      status: 'pending',
      abort: new AbortController(),
      launched: Promise.resolve(),
    };
    this.#entries.set(taskId, entry);
    entry.launched = this.#run(entry, prepare);
  }

  /** Begins to stop it; it has stopped when its fact says so. */
  stop(taskId: string, reason: string, how: 'stop' | 'finish' = 'stop'): void {
    const entry = this.#entries.get(taskId);
    if (entry !== undefined) void this.#end(entry, reason, how);
  }

  /** Ends those of a host. Resolves when their processes are gone. */
  async end(how: 'finish' | 'kill', reason: string, hostId: string): Promise<void> {
    const ending = [...this.#entries.values()].filter(({ start }) => start.hostId === hostId);
    await Promise.all(ending.map((entry) => this.#end(entry, reason, how)));
  }

  /** Starts nothing more, and ends all. */
  async close(how: 'finish' | 'kill', reason: string): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#entries.values()].map((entry) => this.#end(entry, reason, how)));
  }

  /** SIGKILL: for tests of crashes. The task has then ended by itself, as far as anybody can tell. */
  async crash(taskId: string): Promise<void> {
    const entry = this.#entries.get(taskId);
    if (entry === undefined) return;
    await entry.process?.kill();
    this.#ended(entry, 'killed');
  }

  async #run(entry: Entry, prepare: () => Promise<void>): Promise<void> {
    try {
      await prepare();
      entry.abort.signal.throwIfAborted();
      const process = await this.#launch(entry.start, {
        signal: entry.abort.signal,
        onCrash: (description) => this.#ended(entry, description),
      });
      entry.process = process;
      if (entry.status === 'pending') entry.status = 'running';
    } catch (error) {
      this.#ended(entry, error instanceof Error ? error.message : String(error));
    }
  }

  async #end(entry: Entry, reason: string, how: 'stop' | 'finish' | 'kill'): Promise<void> {
    if (entry.status === 'stopped') return;
    const wasPending = entry.status === 'pending';
    entry.status = 'stopping';
    // Nothing can be in a task that did not run yet.
    if (wasPending) entry.abort.abort();
    await entry.launched;
    await entry.process?.[how]();
    this.#ended(entry, reason);
  }

  #ended(entry: Entry, reason: string): void {
    if (entry.ended !== undefined) return;
    entry.status = 'stopped';
    entry.ended = { at: this.#clock.now(), reason };
  }

  #forgetOld(): void {
    const before = this.#clock.now() - keptStoppedMs;
    for (const [taskId, { ended }] of this.#entries)
      if (ended !== undefined && ended.at < before) this.#entries.delete(taskId);
  }
}
