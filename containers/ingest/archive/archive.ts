import { longestHole, Timeline } from '../../../core/hls/archive-index.ts';
import { EventPlaylist, type EventEntry } from '../../../core/hls/event-playlist.ts';
import { masterKey, playlistKey } from '../../../core/media/addresses.ts';
import type { EncodingPlan, FinishedSegment } from '../../../core/media/flow.ts';
import type { ObjectStore } from '../../../runtime/store/objects/port.ts';
import type { Logger } from '../../../runtime/telemetry/log.ts';
import { createArchiveBudget, type ArchiveBudget } from './budget.ts';
import { Custody } from './custody.ts';
import { findArchive, nothingFound, type Found, type Leftover } from './find.ts';
import { defaultLimits, type ArchiveLimits } from './limits.ts';
import { MasterList } from './master-list.ts';
import { RenditionList, type Pending } from './rendition-list.ts';
import { Spool, type SpoolFile } from './spool.ts';
import { Thumbnails } from './thumbnails.ts';
import type { StoreAccess } from './upload-queue.ts';

export { createArchiveBudget, type ArchiveBudget } from './budget.ts';
export type { ArchiveLimits } from './limits.ts';
export { pruneSpool } from './prune.ts';
export { countSpool, spooledBroadcasts } from './spool.ts';

export interface ArchiveOptions {
  readonly store: ObjectStore;
  readonly broadcastId: string;
  readonly plan: EncodingPlan;
  readonly spoolDir: string;
  /** Shared by all archives of a task; an archive without one has the whole of the defaults for itself. */
  readonly budget?: ArchiveBudget;
  readonly limits?: Partial<ArchiveLimits>;
  readonly clock: { now(): number };
  readonly random: () => number;
  readonly log: Logger;
  /** False while the broadcast is private. */
  readonly publishThumbnail: () => boolean;
  /**
   * False while another task may have taken the broadcast over: playlists wait, as theirs may be newer or
   * have ended. Segments still go up: their names are unique. Asked before each try; always true without it.
   */
  readonly mayPublish?: () => boolean;
  /** Nothing of it can be stored yet: the store is not asked, so that its failure cannot stop the start. */
  readonly isNew?: boolean;
}

export interface ArchiveStats {
  /** Media files that wait for an upload. */
  readonly queued: number;
  readonly uploading: number;
  /** Segments of this broadcast on the disk; what the whole spool holds is known to the budget. */
  readonly spoolBytes: number;
  /** Holes in the recording: segments that could not be kept, and those that the packager never had. */
  readonly gaps: number;
  /** Tries that failed, of segments and playlists. */
  readonly retries: number;
  /** Segments that the spool could not take. */
  readonly spoolFailures: number;
  /** Segments whose line is not in the playlist yet. */
  readonly unlisted: number;
}

export interface Archive {
  /** The media sequence number to go on with. */
  readonly nextMsn: number;
  /** EXT-X-DISCONTINUITY tags so far, in every rendition the same. */
  readonly discontinuities: number;
  /** Not one segment yet. */
  readonly empty: boolean;
  /** Of the whole recording, what waits included: known long before the last of it is stored. */
  readonly durationS: number;
  readonly stats: ArchiveStats;
  /** Never throws and never waits: what goes wrong shows in stats, in the log, and as a gap. */
  add(segment: FinishedSegment): void;
  thumbnail(jpeg: Uint8Array): void;
  /** The broadcast became private. Rejects when the store would not delete it. */
  removeThumbnail(): Promise<void>;
  /**
   * Brings up what waits and writes ENDLIST. Not complete: the store was away for too long, and what is in
   * the spool waits there for a later openArchive and end.
   */
  end(): Promise<{ readonly durationS: number; readonly complete: boolean }>;
  /** Stops without ENDLIST: another task has the broadcast, or this one shuts down. The spool stays. */
  close(): Promise<void>;
}

/**
 * A new archive, or one that another task or a crash left, taken up where its playlists end.
 * Rejects with ObjectStoreError when an existing one cannot be read within limits.openPatienceMs.
 */
export async function openArchive(options: ArchiveOptions): Promise<Archive> {
  const { store, broadcastId, plan, spoolDir, clock, random } = options;
  const budget = options.budget ?? createArchiveBudget({});
  const limits = { ...defaultLimits, ...options.limits };
  const log = options.log.child({ broadcast: broadcastId });
  const mayPublish = options.mayPublish ?? ((): boolean => true);
  const access: StoreAccess = { store, budget, limits, clock, random, log, mayPublish };
  const spool = new Spool({ spoolDir, broadcastId, allowance: budget.spool });
  if (options.isNew === true) return new StoredArchive(options, access, spool, nothingFound);
  const found = await findArchive({ access, spool, broadcastId, plan });
  return new StoredArchive(options, access, spool, found);
}

class StoredArchive implements Archive {
  readonly #access: StoreAccess;
  readonly #custody: Custody;
  readonly #lists: ReadonlyMap<string, RenditionList>;
  readonly #master: MasterList;
  readonly #thumbnails: Thumbnails;
  readonly #timeline: Timeline;
  readonly #closing = new AbortController();
  #isEnding = false;
  #end: Promise<{ readonly durationS: number; readonly complete: boolean }> | undefined;
  #whenComplete: () => void = () => {};

  constructor(options: ArchiveOptions, access: StoreAccess, spool: Spool, found: Found) {
    const { broadcastId, plan } = options;
    this.#access = access;
    this.#custody = new Custody(access, broadcastId, spool);
    this.#timeline = new Timeline(plan.timing.segmentDurationS);
    this.#thumbnails = new Thumbnails(access, broadcastId, options.publishThumbnail);
    this.#master = new MasterList({
      access,
      key: masterKey(broadcastId),
      plan,
      stored: found.master,
      onStored: () => this.#checkComplete(),
    });
    this.#lists = new Map(
      plan.ladder.map(({ name }) => [
        name,
        new RenditionList({
          rendition: name,
          access,
          key: playlistKey(broadcastId, name),
          playlist: found.playlists.get(name) ?? new EventPlaylist(plan.timing.targetDurationS),
          onPublished: (files) => this.#published(files),
        }),
      ]),
    );
    this.#takeUp(found);
  }

  get nextMsn(): number {
    return Math.max(...[...this.#lists.values()].map((list) => list.nextMsn));
  }

  get discontinuities(): number {
    return Math.max(...[...this.#lists.values()].map((list) => list.discontinuities));
  }

  get empty(): boolean {
    return this.nextMsn === 0;
  }

  get durationS(): number {
    return Math.max(...[...this.#lists.values()].map((list) => list.durationS));
  }

  get stats(): ArchiveStats {
    const lists = [...this.#lists.values()];
    const sum = (of: (list: RenditionList) => number): number =>
      lists.reduce((total, list) => total + of(list), 0);
    const custody = this.#custody.stats;
    return {
      ...custody,
      retries: custody.retries + this.#master.retries + sum((list) => list.retries),
      unlisted: sum((list) => list.waiting),
    };
  }

  add(segment: FinishedSegment): void {
    try {
      this.#accept(segment);
    } catch (error) {
      this.#access.log.error(
        { rendition: segment.rendition, msn: segment.msn, err: error },
        'could not archive',
      );
    }
  }

  thumbnail(jpeg: Uint8Array): void {
    this.#thumbnails.publish(jpeg);
  }

  removeThumbnail(): Promise<void> {
    return this.#thumbnails.remove();
  }

  end(): Promise<{ readonly durationS: number; readonly complete: boolean }> {
    this.#end ??= this.#finish();
    return this.#end;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#master.close();
    for (const list of this.#lists.values()) list.close();
    await Promise.all([this.#thumbnails.close(), this.#custody.close()]);
  }

  #accept(segment: FinishedSegment): void {
    const { rendition, msn } = segment;
    const { log } = this.#access;
    const list = this.#lists.get(rendition);
    if (this.#isEnding || this.#closing.signal.aborted || list === undefined) {
      log.warn({ rendition, msn }, 'a segment for an archive that does not take it');
      return;
    }
    if (msn < list.nextMsn || msn > list.nextMsn + longestHole) {
      log.error({ rendition, msn, expected: list.nextMsn }, 'a segment out of order; left out');
      return;
    }
    const entry = entryOf(segment);
    this.#fillUpTo(list, entry);
    const pending = this.#push(list, entry);
    if (segment.kind === 'gap') this.#custody.lose(list, pending, 'the packager has none');
    else {
      this.#master.learn(rendition, segment.init);
      this.#master.measure(segment);
      this.#custody.keep(list, pending, segment);
    }
  }

  #push(list: RenditionList, entry: EventEntry): Pending {
    const pending = list.push(entry);
    this.#timeline.note(pending.entry);
    return pending;
  }

  /** Puts gaps where numbers before the entry are missing. */
  #fillUpTo(list: RenditionList, entry: EventEntry): void {
    while (list.nextMsn < entry.msn) {
      const gap = this.#timeline.gap(list.nextMsn, list.last, entry);
      this.#custody.lose(list, list.push(gap), 'it never came');
    }
  }

  /** Every rendition ends with the same number. */
  #level(): void {
    const ends = [...this.#lists.values()].map((list) => list.last).filter((end) => end !== undefined);
    if (ends.length === 0) return;
    const last = ends.reduce((a, b) => (b.msn > a.msn ? b : a));
    for (const list of this.#lists.values()) this.#fillUpTo(list, { ...last, msn: last.msn + 1 });
  }

  #published(files: readonly SpoolFile[]): void {
    this.#custody.discard(files);
    const lists = [...this.#lists.values()];
    this.#timeline.forgetBelow(Math.min(...lists.map((list) => list.listedMsn)));
    if (!this.#master.isPublished && lists.every((list) => list.isPublished))
      this.#master.publish(new Set(this.#lists.keys()));
    this.#checkComplete();
  }

  /** Goes on where an earlier task stopped. */
  #takeUp(found: Found): void {
    for (const [rendition, init] of found.sampleInits) this.#master.learn(rendition, init);
    for (const { rendition, run, bytes } of found.inits) {
      const list = this.#lists.get(rendition);
      if (bytes === undefined) list?.setInit(run, 'stored');
      else if (list !== undefined) this.#custody.resumeInit(list, run, bytes);
    }
    for (const leftover of found.leftovers) {
      const list = this.#lists.get(leftover.rendition);
      if (list !== undefined) this.#takeUpSegment(list, leftover);
    }
    this.#level();
    this.#custody.discard(found.useless);
    if (found.useless.length > 0)
      this.#access.log.info(
        { files: found.useless.length },
        'removing files of the spool that are stored or too late',
      );
  }

  #takeUpSegment(list: RenditionList, leftover: Leftover): void {
    this.#fillUpTo(list, leftover);
    const { isStored, file, ...entry } = leftover;
    const pending = this.#push(list, entry);
    if (entry.gap) list.settle(pending, 'lost');
    else if (file !== undefined && !isStored) this.#custody.resume(list, pending, file);
    else {
      if (file !== undefined) pending.file = file;
      list.settle(pending, 'stored');
    }
  }

  async #finish(): Promise<{ readonly durationS: number; readonly complete: boolean }> {
    this.#isEnding = true;
    this.#level();
    const { durationS } = this;
    const complete = this.empty || (await this.#completed());
    await this.close();
    if (complete) await this.#custody.discardAll();
    else this.#access.log.error(this.stats, 'the recording is not complete yet; the rest stays in the spool');
    return { durationS, complete };
  }

  /** Writes ENDLIST everywhere. False when that did not succeed in time, or close() came first. */
  #completed(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), this.#access.limits.endPatienceMs);
      const settle = (complete: boolean): void => {
        clearTimeout(timer);
        resolve(complete);
      };
      this.#closing.signal.addEventListener('abort', () => settle(false));
      this.#whenComplete = () => settle(true);
      for (const list of this.#lists.values()) list.end();
      // Side by side with the lists when it only gets other headers; a first one comes after them.
      if (this.#master.isPublished) this.#master.end(this.#playable());
      this.#checkComplete();
    });
  }

  #checkComplete(): void {
    if (!this.#isEnding) return;
    if (![...this.#lists.values()].every((list) => list.isComplete)) return;
    const playable = this.#playable();
    // A show of gaps alone has nothing to play and no master playlist.
    if (playable.size > 0) this.#master.end(playable);
    if (playable.size === 0 || this.#master.isComplete) this.#whenComplete();
  }

  #playable(): ReadonlySet<string> {
    return new Set([...this.#lists].filter(([, list]) => list.isPublished).map(([name]) => name));
  }
}

const entryOf = (segment: FinishedSegment): EventEntry => ({
  msn: segment.msn,
  run: segment.run,
  durationS: segment.durationS,
  programDateTimeMs: segment.programDateTimeMs,
  discontinuity: segment.discontinuity,
  gap: segment.kind === 'gap',
});
