import { thumbnailKey } from '../../../core/media/addresses.ts';
import { retrying } from './retry.ts';
import { thumbnailHeaders } from './stored.ts';
import type { StoreAccess } from './upload-queue.ts';

/** The broadcast's picture in the directory. Puts and removals happen one after the other. */
export class Thumbnails {
  readonly #access: StoreAccess;
  readonly #key: string;
  readonly #mayPublish: () => boolean;
  readonly #closing = new AbortController();
  #next: Uint8Array | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(access: StoreAccess, broadcastId: string, mayPublish: () => boolean) {
    this.#access = access;
    this.#key = thumbnailKey(broadcastId);
    this.#mayPublish = mayPublish;
  }

  /** A picture that waits behind a slow one is replaced by the newer one. */
  publish(jpeg: Uint8Array): void {
    const isPlanned = this.#next !== undefined;
    this.#next = jpeg;
    if (!isPlanned) this.#work = this.#work.then(() => this.#put());
  }

  /** The broadcast became private: tried for as long as the end of an archive is. */
  remove(): Promise<void> {
    const removed = this.#work.then(() =>
      retrying(
        this.#access,
        { patienceMs: this.#access.limits.endPatienceMs, signal: this.#closing.signal },
        (signal) => this.#access.store.delete(this.#key, signal),
      ),
    );
    this.#work = removed.catch(() => {});
    return removed;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#work;
  }

  /** Not retried: the next picture comes in 10 s. Never rejects. */
  async #put(): Promise<void> {
    const { store, limits, log } = this.#access;
    const jpeg = this.#next;
    this.#next = undefined;
    if (jpeg === undefined || !this.#mayPublish() || this.#closing.signal.aborted) return;
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(limits.attemptTimeoutMs)]);
    try {
      await store.put(this.#key, [jpeg], { ...thumbnailHeaders, signal });
    } catch (error) {
      log.warn({ err: error }, 'could not store the thumbnail');
    }
  }
}
