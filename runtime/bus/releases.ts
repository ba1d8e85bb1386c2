import { numberOf } from './reply.ts';

/** Redis was away when something was due: asked for again so much later. */
const againMs = 500;

/**
 * Held messages go out when anybody speaks to Redis about their broadcast; when nobody does, whoever held one
 * asks for it at its time.
 */
export class Releases {
  readonly #release: (broadcastId: string) => Promise<unknown>;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #closed = false;

  /** @param release answers in how many ms the next one is due, 0: none is. */
  constructor(release: (broadcastId: string) => Promise<unknown>) {
    this.#release = release;
  }

  in(broadcastId: string, delayMs: number): void {
    if (delayMs === 0 || this.#closed || this.#timers.has(broadcastId)) return;
    const timer = setTimeout(() => {
      this.#timers.delete(broadcastId);
      this.#release(broadcastId).then(
        (reply) => this.in(broadcastId, numberOf(reply)),
        () => this.in(broadcastId, againMs),
      );
    }, delayMs);
    timer.unref();
    this.#timers.set(broadcastId, timer);
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
