import { mediaKey } from '../../../core/media/addresses.ts';
import type { MediaSegment } from '../../../core/media/flow.ts';
import { initName, segmentName } from '../../../core/media/names.ts';
import type { ArchiveStats } from './archive.ts';
import type { Pending, RenditionList } from './rendition-list.ts';
import type { Spool, SpoolFile } from './spool.ts';
import { UploadQueue, type StoreAccess, type Upload } from './upload-queue.ts';

/**
 * Answers for the bytes of segments from the packager until the store's playlist names them: on disk first,
 * then up; in memory only where the disk has no room; lost only where memory has none either, or the store
 * refuses for too long. What becomes of each is said to its list.
 */
export class Custody {
  readonly #access: StoreAccess;
  readonly #broadcastId: string;
  readonly #spool: Spool;
  readonly #queue: UploadQueue;
  /** Spool operations under way. */
  readonly #work = new Set<Promise<void>>();
  /** Gives back the memory of segments that are held there. */
  readonly #held = new Set<() => void>();
  readonly #initsSpooled = new Map<string, Promise<void>>();
  #isClosed = false;
  #gaps = 0;
  #spoolFailures = 0;

  constructor(access: StoreAccess, broadcastId: string, spool: Spool) {
    this.#access = access;
    this.#broadcastId = broadcastId;
    this.#spool = spool;
    this.#queue = new UploadQueue(access);
  }

  get stats(): Omit<ArchiveStats, 'unlisted'> {
    const { queued, uploading, retries } = this.#queue;
    const spoolBytes = this.#spool.bytes;
    return { queued, uploading, retries, spoolBytes, gaps: this.#gaps, spoolFailures: this.#spoolFailures };
  }

  keep(list: RenditionList, pending: Pending, segment: MediaSegment): void {
    const bytes = segment.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (!this.#access.budget.memory.take(bytes)) {
      this.lose(list, pending, 'neither disk nor memory has room');
      return;
    }
    let chunks: readonly Uint8Array[] | undefined = segment.chunks;
    const letGo = (): void => {
      if (chunks === undefined) return;
      chunks = undefined;
      this.#held.delete(letGo);
      this.#access.budget.memory.give(bytes);
    };
    this.#held.add(letGo);
    this.#inBackground(async () => {
      const file = await this.#toSpool(list, pending, segment);
      // Behind others it would wait long; the disk is the place to wait.
      if (file !== undefined && !this.#queue.isFlowing) letGo();
      this.#upload(list, pending, {
        body: async () => chunks ?? (file === undefined ? [] : this.#spool.read(file)),
        tried: () => {
          if (file !== undefined) letGo();
        },
        settled: letGo,
      });
    });
  }

  /** A segment that an earlier task left in the spool. */
  resume(list: RenditionList, pending: Pending, file: SpoolFile): void {
    pending.file = file;
    this.#upload(list, pending, { body: () => this.#spool.read(file), tried: nothing, settled: nothing });
  }

  resumeInit(list: RenditionList, run: string, bytes: Uint8Array): void {
    list.setInit(run, 'waiting');
    this.#queue.push({
      key: mediaKey(this.#broadcastId, list.rendition, initName(run)),
      addedAtMs: this.#access.clock.now(),
      body: async () => [bytes],
      tried: nothing,
      settled: (outcome) => list.setInit(run, outcome),
    });
  }

  lose(list: RenditionList, pending: Pending, reason: string): void {
    const { entry, file } = pending;
    this.#gaps++;
    this.#access.log.error({ rendition: list.rendition, msn: entry.msn, reason }, 'the recording has a gap');
    delete pending.file;
    this.#inBackground(async () => {
      if (file !== undefined) await this.#spool.remove(file);
      await this.#spool.markGap(list.rendition, entry);
    });
    list.settle(pending, 'lost');
  }

  /** Files that the spool need not keep any longer. */
  discard(files: readonly SpoolFile[]): void {
    for (const file of files) this.#inBackground(() => this.#spool.remove(file));
  }

  /** The whole archive is in the store. */
  async discardAll(): Promise<void> {
    await this.#spool.removeAll().catch((error: unknown) => {
      this.#access.log.warn({ err: error }, 'could not empty the spool');
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#queue.close();
    await Promise.all(this.#work);
    for (const letGo of this.#held) letGo();
  }

  /** The segment's file; undefined when the spool does not take it. The init segment goes first. */
  async #toSpool(
    list: RenditionList,
    pending: Pending,
    segment: MediaSegment,
  ): Promise<SpoolFile | undefined> {
    await this.#keepInit(list, segment.run, segment.init);
    try {
      pending.file = await this.#spool.write(list.rendition, pending.entry, segment.chunks);
    } catch (error) {
      this.#spoolFailures++;
      this.#access.log.warn(
        { msn: segment.msn, err: error },
        'the spool does not take a segment; it stays in memory',
      );
    }
    return pending.file;
  }

  #keepInit(list: RenditionList, run: string, bytes: Uint8Array): Promise<void> {
    const id = `${list.rendition}/${run}`;
    if (list.initState(run) !== undefined) return this.#initsSpooled.get(id) ?? Promise.resolve();
    this.resumeInit(list, run, bytes);
    const spooled = this.#spool.writeInit(list.rendition, run, bytes).catch((error: unknown) => {
      this.#spoolFailures++;
      this.#access.log.warn(
        { run, err: error },
        'the spool does not take an init segment; it stays in memory',
      );
    });
    this.#initsSpooled.set(id, spooled);
    return spooled;
  }

  #upload(
    list: RenditionList,
    pending: Pending,
    source: Pick<Upload, 'body' | 'tried'> & { readonly settled: () => void },
  ): void {
    if (this.#isClosed) return;
    const { run, msn } = pending.entry;
    this.#queue.push({
      key: mediaKey(this.#broadcastId, list.rendition, segmentName(run, msn)),
      addedAtMs: this.#access.clock.now(),
      body: source.body,
      tried: source.tried,
      settled: (outcome) => {
        source.settled();
        if (outcome === 'lost') this.lose(list, pending, 'the store refused it for too long');
        else list.settle(pending, 'stored');
      },
    });
  }

  /** Work on the spool: it is waited for at the end, and its failure changes nothing in the store. */
  #inBackground(work: () => Promise<void>): void {
    const running = work()
      .catch((error: unknown) => this.#access.log.debug({ err: error }, 'the spool failed'))
      .finally(() => this.#work.delete(running));
    this.#work.add(running);
  }
}

const nothing = (): void => {};
