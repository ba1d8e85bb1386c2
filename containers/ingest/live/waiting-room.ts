/** `ready`: what it waited for is there. `timeout`: it did not come. `gone`: the window was disposed of. */
export type WaitOutcome = 'ready' | 'timeout' | 'gone';
export type Waiter = (outcome: WaitOutcome) => void;

interface Group {
  readonly key: string;
  readonly isReady: () => boolean;
  readonly waiters: Set<Waiter>;
  readonly timer: NodeJS.Timeout;
}

/**
 * Requests held until a part or segment is there. All that wait for the same thing form a group with one
 * timer, started by the first: behind a CDN that collapses requests there is hardly ever a second.
 */
export class WaitingRoom {
  readonly #groups = new Map<string, Group>();
  readonly #timeoutMs: number;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  get size(): number {
    let size = 0;
    for (const group of this.#groups.values()) size += group.waiters.size;
    return size;
  }

  /** Waiters with the same key must mean the same by `isReady`. Returns how to stop waiting. */
  wait(key: string, isReady: () => boolean, waiter: Waiter): () => void {
    let group = this.#groups.get(key);
    if (group === undefined) {
      const timer = setTimeout(() => {
        this.#settle(key, 'timeout');
      }, this.#timeoutMs);
      group = { key, isReady, waiters: new Set(), timer };
      this.#groups.set(key, group);
    }
    const joined = group;
    joined.waiters.add(waiter);
    return () => {
      joined.waiters.delete(waiter);
      if (joined.waiters.size === 0 && this.#groups.get(key) === joined) {
        clearTimeout(joined.timer);
        this.#groups.delete(key);
      }
    };
  }

  /** Answers every group whose wait is over. */
  wake(): void {
    for (const group of this.#groups.values()) if (group.isReady()) this.#settle(group.key, 'ready');
  }

  dispose(): void {
    for (const key of this.#groups.keys()) this.#settle(key, 'gone');
  }

  #settle(key: string, outcome: WaitOutcome): void {
    const group = this.#groups.get(key);
    if (group === undefined) return;
    clearTimeout(group.timer);
    // Before the waiters are called: one of them may ask for the next thing at once.
    this.#groups.delete(key);
    for (const waiter of group.waiters) waiter(outcome);
  }
}
