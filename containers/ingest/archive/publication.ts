import type { StoreAccess } from './upload-queue.ts';
import { backoffMs } from './limits.ts';
import { pause } from './retry.ts';

/** A state of a playlist. */
export interface Edition {
  readonly text: string;
  readonly headers: { readonly contentType: string; readonly cacheControl: string };
  /** It is in the store now. */
  stored(): void;
}

/**
 * Keeps one playlist in the store up to date: one put at a time, so that an older text never overtakes a
 * newer one; what changes meanwhile goes with the next put; a refused put is tried until it succeeds.
 * Puts know no condition that every store keeps, so a task that may have lost its broadcast must not begin
 * one: it would undo what the task that has it now has published.
 */
export class Publication {
  readonly #access: StoreAccess;
  readonly #key: string;
  readonly #edition: () => Edition;
  readonly #closing = new AbortController();
  #isWanted = false;
  #isBusy = false;
  #retries = 0;

  constructor(access: StoreAccess, key: string, edition: () => Edition) {
    this.#access = access;
    this.#key = key;
    this.#edition = edition;
  }

  get retries(): number {
    return this.#retries;
  }

  request(): void {
    this.#isWanted = true;
    if (!this.#isBusy) void this.#run();
  }

  close(): void {
    this.#closing.abort();
  }

  async #run(): Promise<void> {
    const { limits, random, log, mayPublish } = this.#access;
    const closed = this.#closing.signal;
    this.#isBusy = true;
    let failures = 0;
    let holds = 0;
    while (this.#isWanted && !closed.aborted) {
      if (!mayPublish()) {
        holds++;
        if (holds === 1)
          log.warn({ key: this.#key }, 'another task may have the broadcast; not publishing a playlist');
        await pause(backoffMs(holds, limits, random), closed);
        continue;
      }
      holds = 0;
      this.#isWanted = false;
      const edition = this.#edition();
      try {
        await this.#put(edition, closed);
      } catch (error) {
        if (closed.aborted) break;
        this.#isWanted = true;
        this.#retries++;
        failures++;
        if (failures === 1)
          log.warn({ key: this.#key, err: error }, 'object storage refused a playlist; trying again');
        await pause(backoffMs(failures, limits, random), closed);
        continue;
      }
      failures = 0;
      if (!closed.aborted) edition.stored();
    }
    this.#isBusy = false;
  }

  async #put(edition: Edition, closed: AbortSignal): Promise<void> {
    const { store, limits } = this.#access;
    const signal = AbortSignal.any([closed, AbortSignal.timeout(limits.attemptTimeoutMs)]);
    await store.put(this.#key, [Buffer.from(edition.text)], { ...edition.headers, signal });
  }
}
