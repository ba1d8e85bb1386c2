import { ObjectStoreError, type ObjectStore } from '../../../runtime/store/objects/port.ts';
import type { Logger } from '../../../runtime/telemetry/log.ts';
import type { ArchiveBudget } from './budget.ts';
import { backoffMs, type ArchiveLimits } from './limits.ts';
import { mediaHeaders } from './stored.ts';

/** A media file on its way to the store. */
export interface Upload {
  readonly key: string;
  readonly addedAtMs: number;
  /** The bytes, from memory or from the spool. */
  body(): Promise<readonly Uint8Array[]>;
  /** After every try, successful or not. */
  tried(): void;
  settled(outcome: 'stored' | 'lost'): void;
}

export interface StoreAccess {
  readonly store: ObjectStore;
  readonly budget: ArchiveBudget;
  readonly limits: ArchiveLimits;
  readonly clock: { now(): number };
  readonly random: () => number;
  readonly log: Logger;
  /** For playlists, see ArchiveOptions. */
  readonly mayPublish: () => boolean;
}

/**
 * The uploads of one broadcast: several at once while the store answers, a single one as probe while it
 * refuses, with growing jittered waits. A failed upload goes to the back, so that one file that the store
 * will not take does not hold up the others.
 */
export class UploadQueue {
  readonly #access: StoreAccess;
  readonly #waiting: Upload[] = [];
  readonly #closing = new AbortController();
  #active = 0;
  #failures = 0;
  #failingSinceMs: number | undefined;
  #pause: NodeJS.Timeout | undefined;
  #retries = 0;

  constructor(access: StoreAccess) {
    this.#access = access;
  }

  get queued(): number {
    return this.#waiting.length;
  }

  get uploading(): number {
    return this.#active;
  }

  get retries(): number {
    return this.#retries;
  }

  /** Uploads start at once: nothing waits and the store answers. */
  get isFlowing(): boolean {
    return this.#failures === 0 && this.#waiting.length === 0;
  }

  push(upload: Upload): void {
    this.#waiting.push(upload);
    this.#pump();
  }

  /** Lets go of everything; nothing is settled any more. */
  close(): void {
    this.#closing.abort();
    clearTimeout(this.#pause);
    this.#waiting.length = 0;
  }

  #pump(): void {
    const places = this.#failures > 0 ? 1 : this.#access.limits.parallelUploads;
    while (this.#pause === undefined && this.#active < places && !this.#closing.signal.aborted) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#active++;
      void this.#access.budget.uploads
        .hold(() => this.#try(next))
        .finally(() => {
          this.#active--;
          this.#pump();
        });
    }
  }

  /** Never rejects. */
  async #try(upload: Upload): Promise<void> {
    const { store, limits } = this.#access;
    const closed = this.#closing.signal;
    if (closed.aborted) return;
    try {
      const body = await upload.body();
      const signal = AbortSignal.any([closed, AbortSignal.timeout(limits.attemptTimeoutMs)]);
      await store.put(upload.key, body, { ...mediaHeaders, signal });
    } catch (error) {
      if (!closed.aborted) this.#failed(upload, error);
      return;
    } finally {
      upload.tried();
    }
    if (closed.aborted) return;
    if (this.#failingSinceMs !== undefined) this.#access.log.info('object storage takes segments again');
    this.#failures = 0;
    this.#failingSinceMs = undefined;
    upload.settled('stored');
  }

  #failed(upload: Upload, error: unknown): void {
    const { clock, limits, random, log } = this.#access;
    const nowMs = clock.now();
    this.#retries++;
    if (this.#failingSinceMs === undefined) {
      this.#failingSinceMs = nowMs;
      log.warn({ key: upload.key, err: error }, 'object storage refused a segment; trying again');
    }
    // Several that were on their way together fail together: that is one step of waiting, not eight.
    if (this.#pause === undefined) {
      this.#failures++;
      // What the store calls permanent is mended by an operator: no use in asking at a quick pace.
      const steps = error instanceof ObjectStoreError && !error.retryable ? 32 : this.#failures;
      this.#pause = setTimeout(
        () => {
          this.#pause = undefined;
          this.#pump();
        },
        backoffMs(steps, limits, random),
      );
    }
    const isGone = !(error instanceof ObjectStoreError) && isMissingFile(error);
    if (isGone || nowMs - upload.addedAtMs >= limits.giveUpAfterMs) upload.settled('lost');
    else this.#waiting.push(upload);
    if (nowMs - this.#failingSinceMs >= limits.giveUpAfterMs) this.#giveUpOld(nowMs);
  }

  /** The store has refused everything for so long that what waited all the time is given up as well. */
  #giveUpOld(nowMs: number): void {
    const kept: Upload[] = [];
    for (const upload of this.#waiting.splice(0)) {
      if (nowMs - upload.addedAtMs >= this.#access.limits.giveUpAfterMs) upload.settled('lost');
      else kept.push(upload);
    }
    this.#waiting.unshift(...kept);
  }
}

const isMissingFile = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';
