import { rememberedLag, tickMs } from '../../../core/chat/tick.ts';

export interface TickerOptions {
  readonly shortestMs: number;
  readonly sockets: () => number;
  /** ms, of a clock that never steps. */
  readonly now: () => number;
  readonly tick: () => void;
  readonly late: (lateMs: number) => void;
}

/** Ticks, as often as the number of sockets and the loop's lag let it. */
export class Ticker {
  readonly #options: TickerOptions;
  #timer: NodeJS.Timeout | undefined;
  #lagMs = 0;
  #dueMs: number;
  #intervalMs: number;

  constructor(options: TickerOptions) {
    this.#options = options;
    this.#intervalMs = options.shortestMs;
    this.#dueMs = options.now() + options.shortestMs;
    this.#arm();
  }

  get intervalMs(): number {
    return this.#intervalMs;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #arm(): void {
    this.#timer = setTimeout(() => this.#due(), Math.max(0, this.#dueMs - this.#options.now()));
  }

  #due(): void {
    const { now, tick, late, shortestMs, sockets } = this.#options;
    const lateMs = Math.max(0, now() - this.#dueMs);
    late(lateMs);
    this.#lagMs = rememberedLag(this.#lagMs, lateMs);
    tick();
    this.#intervalMs = tickMs({ shortestMs, sockets: sockets(), lagMs: this.#lagMs });
    // Ticks that were missed are not made up for.
    this.#dueMs = Math.max(this.#dueMs + this.#intervalMs, now());
    this.#arm();
  }
}
