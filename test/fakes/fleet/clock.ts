import type { Clock } from '../../../lambda/scheduler/clock.ts';

/** Time that passes only when nothing else can happen. */
export class FakeClock implements Clock {
  #now: number;
  #timers: { readonly at: number; readonly callback: () => void }[] = [];

  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + ms, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  /** Those that still wait. */
  get timers(): number {
    return this.#timers.length;
  }

  /** A jump: timers that are due are late. */
  jump(ms: number): void {
    this.#now += ms;
  }

  /** Lets time pass until the promise is settled; undefined when nothing is left that could settle it. */
  async run<T>(promise: Promise<T>): Promise<T | undefined> {
    let isSettled = false;
    const settled = promise.finally(() => {
      isSettled = true;
    });
    settled.catch(() => undefined);
    for (;;) {
      // Everything that waits for nothing but other promises goes first.
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      if (isSettled) return settled;
      const next = this.#timers.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined) return undefined;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
  }
}
