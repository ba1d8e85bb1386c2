export interface SlicesOptions {
  /** ms, of a clock that never steps. */
  readonly now: () => number;
  /** How long work goes on before everything else has its turn. */
  readonly sliceMs: number;
  readonly failed: (error: unknown) => void;
}

/** Work that comes in masses, done in its order and a slice at a time: ticks go out in between. */
export class Slices {
  readonly #options: SlicesOptions;
  #waiting: (() => void)[] = [];
  /** The first one that is not done. */
  #next = 0;
  #isUnderWay = false;

  constructor(options: SlicesOptions) {
    this.#options = options;
  }

  add(work: () => void): void {
    this.#waiting.push(work);
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    setImmediate(() => this.#slice());
  }

  #slice(): void {
    const { now, sliceMs, failed } = this.#options;
    const untilMs = now() + sliceMs;
    while (this.#next < this.#waiting.length && now() < untilMs) {
      const work = this.#waiting[this.#next];
      this.#next += 1;
      try {
        work?.();
      } catch (error) {
        failed(error);
      }
    }
    if (this.#next < this.#waiting.length) {
      setImmediate(() => this.#slice());
      return;
    }
    this.#waiting = [];
    this.#next = 0;
    this.#isUnderWay = false;
  }
}
