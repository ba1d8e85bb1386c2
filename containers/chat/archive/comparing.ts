/** When chunks that were written are compared with the store again: moderators have removed something. */

/** Most of what is removed was said just now. */
const recentMs = 180_000;
const recentEveryMs = 30_000;
/** All of a long show is up to 500 MB to read. Time shift shows what was removed in between until then. */
const allEveryMs = 900_000;

export type Scope = 'all' | { readonly recentMs: number };

export class Comparing {
  #mark: string | undefined;
  #recentAt = -Infinity;
  #allAt = -Infinity;
  #recentDueAt = Infinity;
  #allDueAt = Infinity;

  /** @param hasChunks whether some were written before we came, so that we can't know what happened since */
  heed(mark: string, now: number, hasChunks: boolean): void {
    if (mark === this.#mark) return;
    const isFirst = this.#mark === undefined;
    this.#mark = mark;
    if (isFirst) {
      // After a deploy all shows are taken over at once: no hurry.
      this.#allAt = now;
      if (!hasChunks) return;
    }
    this.#recentDueAt = Math.max(now, this.#recentAt + recentEveryMs);
    this.#allDueAt = Math.max(now, this.#allAt + allEveryMs);
  }

  due(now: number): Scope | undefined {
    if (now >= this.#allDueAt) return 'all';
    return now >= this.#recentDueAt ? { recentMs } : undefined;
  }

  dueInMs(now: number): number {
    return Math.min(this.#allDueAt, this.#recentDueAt) - now;
  }

  done(scope: Scope, now: number): void {
    this.#recentAt = now;
    this.#recentDueAt = Infinity;
    if (scope !== 'all') return;
    this.#allAt = now;
    this.#allDueAt = Infinity;
  }
}
