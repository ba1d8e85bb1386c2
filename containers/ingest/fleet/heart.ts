/**
 * Calls `beat` at a steady pace, and at once when asked to. Never two at a time: what is asked for while one
 * is under way comes right after it, once.
 */
export class Heart {
  readonly #everyMs: number;
  readonly #beat: () => Promise<void>;
  #beating: Promise<void> | undefined;
  #again = false;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param options.beat must not reject. */
  constructor(options: { readonly everyMs: number; readonly beat: () => Promise<void> }) {
    this.#everyMs = options.everyMs;
    this.#beat = options.beat;
  }

  soon(): void {
    if (this.#stopped) return;
    if (this.#beating === undefined) this.#beating = this.#run();
    else this.#again = true;
  }

  /** No more beats by itself; resolves when what was asked for before is over: the last word is heard, too. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#beating;
  }

  async #run(): Promise<void> {
    clearTimeout(this.#timer);
    let begunAt: number;
    do {
      this.#again = false;
      begunAt = performance.now();
      await this.#beat();
    } while (this.#again);
    this.#beating = undefined;
    if (this.#stopped) return;
    this.#timer = setTimeout(() => this.soon(), Math.max(0, begunAt + this.#everyMs - performance.now()));
  }
}
