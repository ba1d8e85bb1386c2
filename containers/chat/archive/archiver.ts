/**
 * Writes what was said into object storage beside the video (core/chat/replay.ts). One task of a shard does it
 * at a time; which one, the lease says. Nothing but the store, the list of unarchived broadcasts and object
 * storage is relied on: a task that takes over, or begins anew after a kill, goes on where the archive ends.
 *
 * What remains when two write at once: a task that stands still between its look at the lease and the end of a
 * put writes an older chunk over a newer one. It lists whatever was removed in between already, so nobody is
 * shown that; and it is put right when the chunk is compared again, at the latest when the show ends.
 */
import type { Broadcast } from '../../../core/broadcast/types.ts';
import { chunkMs } from '../../../core/chat/replay.ts';
import type { MessageStore, Unarchived, UnarchivedStore } from '../../../core/chat/store.ts';
import type { ObjectStore } from '../../../runtime/store/objects/port.ts';
import type { Logger } from '../../../runtime/telemetry/log.ts';
import { ChatArchive } from './chat-archive.ts';
import { NotOursError } from './files.ts';

export interface ArchiverOptions {
  readonly shard: string;
  readonly taskId: string;
  /** FanIn.holdLease: the same task that asks again renews it. */
  readonly lease: (name: string, ttlMs: number) => Promise<boolean>;
  readonly messages: Pick<MessageStore, 'read'>;
  readonly unarchived: UnarchivedStore;
  readonly broadcasts: { get(broadcastId: string): Promise<Broadcast | undefined> };
  readonly objects: ObjectStore;
  readonly clock: { now(): number };
  readonly log: Logger;
  /** Newest id that this task has heard of a broadcast: then silence is over at once, and not at the next look. */
  readonly heard?: (broadcastId: string) => string | undefined;
  readonly metrics?: ArchiveMetrics;
  readonly roundMs?: number;
}

export interface ArchiveMetrics {
  readonly wroteChunk: () => void;
  readonly failed: () => void;
  /** Broadcasts of the shard that are not wholly archived; 0 where another task does it. */
  readonly waiting: (broadcasts: number) => void;
}

export interface Archiver {
  stop(): Promise<void>;
}

const leaseName = 'archive';
const leaseMs = 15_000;
const roundMs = 3_000;
/** Broadcasts at a time: the archive shares its core with everybody's ticks. */
const atOnce = 4;
/** The chunks of all broadcasts are over at the same moment: their visits are spread over half of a chunk. */
const spreadMs = chunkMs / 2;
const longestGapMs = 250;
/** Somebody speaks after a silence: looked at so long after the last time. */
const wakeMs = 10_000;
const firstRetryMs = 5_000;
const longestRetryMs = 60_000;
/** No visit is ever put off for longer: then the clock stepped back. */
const longestWaitMs = 60_000;

interface Work {
  readonly archive: ChatArchive;
  /** Says that the lease under which it was begun is lost. */
  readonly signal: AbortSignal;
  mark: string;
  visitedMark: string | undefined;
  visitedAt: number;
  dueAt: number;
  failures: number;
  isRunning: boolean;
}

export function startArchiver(options: ArchiverOptions): Archiver {
  const archiver = new ShardArchiver(options);
  archiver.start();
  return archiver;
}

class ShardArchiver implements Archiver {
  readonly #options: ArchiverOptions;
  readonly #log: Logger;
  readonly #works = new Map<string, Work>();
  readonly #running = new Set<Promise<void>>();
  /** Ends what was begun under a lease that is lost. */
  #tenure = new AbortController();
  #holds = false;
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;
  /** Between the beginnings of two visits. */
  #gap: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;

  constructor(options: ArchiverOptions) {
    this.#options = options;
    this.#log = options.log.child({ part: 'archive' });
  }

  start(): void {
    this.#round = this.#goRound().then(() => {
      if (!this.#isStopped) this.#timer = setTimeout(() => this.start(), this.#options.roundMs ?? roundMs);
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#tenure.abort();
    clearTimeout(this.#timer);
    clearTimeout(this.#gap);
    await this.#round;
    await Promise.all(this.#running);
  }

  async #goRound(): Promise<void> {
    const { shard, lease, unarchived, metrics } = this.#options;
    try {
      if (!(await lease(leaseName, leaseMs))) return this.#letGo();
      if (!this.#holds) this.#log.info('archiving the chat of this shard');
      this.#holds = true;
      const notes = await unarchived.notes(shard);
      metrics?.waiting(notes.length);
      this.#take(notes);
      this.#pump();
    } catch (error) {
      metrics?.failed();
      this.#log.warn({ err: error }, 'could not see what has to be archived');
    }
  }

  /** Whoever does it now writes: nothing that we know holds any more. */
  #letGo(): void {
    this.#options.metrics?.waiting(0);
    if (!this.#holds) return;
    this.#log.info('another task archives this shard now');
    this.#holds = false;
    this.#tenure.abort();
    this.#tenure = new AbortController();
    this.#works.clear();
  }

  #take(notes: readonly Unarchived[]): void {
    const listed = new Set(notes.map(({ broadcastId }) => broadcastId));
    for (const [broadcastId, { isRunning }] of this.#works)
      if (!isRunning && !listed.has(broadcastId)) this.#works.delete(broadcastId);
    for (const { broadcastId, mark } of notes) {
      const work = this.#works.get(broadcastId);
      if (work === undefined) this.#works.set(broadcastId, this.#newWork(broadcastId, mark));
      else work.mark = mark;
    }
  }

  #newWork(broadcastId: string, mark: string): Work {
    const { messages, objects, lease, metrics } = this.#options;
    const { signal } = this.#tenure;
    const archive = new ChatArchive({
      broadcastId,
      messages,
      objects,
      signal,
      isOurs: async () => !signal.aborted && (await lease(leaseName, leaseMs)),
      wroteChunk: () => metrics?.wroteChunk(),
    });
    const now = this.#options.clock.now();
    return {
      archive,
      signal,
      mark,
      visitedMark: undefined,
      visitedAt: now,
      dueAt: now,
      failures: 0,
      isRunning: false,
    };
  }

  /** Begins the visit that has waited longest, one after the other, as many as may run at once. */
  #pump(): void {
    if (this.#isStopped || this.#gap !== undefined || this.#running.size >= atOnce) return;
    const [next] = [...this.#works]
      .filter(([broadcastId, work]) => !work.isRunning && this.#isDue(broadcastId, work))
      .sort(([, a], [, b]) => a.dueAt - b.dueAt);
    if (next === undefined) return;
    const visit = this.#visit(...next).finally(() => {
      this.#running.delete(visit);
      this.#pump();
    });
    this.#running.add(visit);
    this.#gap = setTimeout(
      () => {
        this.#gap = undefined;
        this.#pump();
      },
      Math.min(longestGapMs, spreadMs / this.#works.size),
    );
  }

  #isDue(broadcastId: string, work: Work): boolean {
    const now = this.#options.clock.now();
    if (now >= work.dueAt || work.dueAt - now > longestWaitMs) return true;
    if (work.failures > 0) return false;
    if (work.visitedMark !== work.mark) return true;
    const heard = this.#options.heard?.(broadcastId);
    return heard !== undefined && heard > (work.archive.newestId ?? '') && now >= work.visitedAt + wakeMs;
  }

  /** Never rejects. */
  async #visit(broadcastId: string, work: Work): Promise<void> {
    const { broadcasts, clock, metrics } = this.#options;
    const { mark } = work;
    work.isRunning = true;
    try {
      const broadcast = await broadcasts.get(broadcastId);
      const outcome = broadcast && (await work.archive.visit(broadcast, mark, clock.now()));
      if (outcome?.kind === 'again') work.dueAt = clock.now() + outcome.inMs;
      else await this.#finish(broadcastId, work, mark);
      work.visitedMark = mark;
      work.failures = 0;
    } catch (error) {
      work.failures += 1;
      work.dueAt = clock.now() + Math.min(longestRetryMs, firstRetryMs * 2 ** (work.failures - 1));
      // The next round sees who has the lease.
      if (error instanceof NotOursError || work.signal.aborted) return;
      metrics?.failed();
      this.#log.warn({ err: error, broadcast: broadcastId }, 'could not archive a chat; trying again');
    } finally {
      work.visitedAt = clock.now();
      work.isRunning = false;
    }
  }

  /** It is all there, or the broadcast is gone; unless something was removed since we looked. */
  async #finish(broadcastId: string, work: Work, mark: string): Promise<void> {
    await this.#options.unarchived.done(this.#options.shard, broadcastId, mark);
    if (this.#works.get(broadcastId) === work) this.#works.delete(broadcastId);
  }
}
