export interface AdmissionOptions {
  readonly perS: number;
  /** Those who wait; more are refused. */
  readonly queue: number;
  /** ms, of a clock that never steps. */
  readonly now: () => number;
}

/** Someone at the door; `enter` is called at most once, possibly at once. */
export interface Waiting {
  enter(): void;
}

const pumpMs = 5;
/** A handshake takes 0.2 ms: so many are let in at once, and the rest after everything else had its turn. */
const workMs = 10;
/** After a rest, and after the loop was held up: what comes in during so long may come at once. */
const burstMs = 50;

/**
 * Lets newcomers in at a rate that those who are there do not notice: unpaced, 5,000 handshakes hold everybody
 * up by 0.7 s; at 3,500 a second nobody is late and all are in after 1.5 s (notes chat 3).
 */
export class Admission {
  readonly #options: AdmissionOptions;
  /** A set keeps the order and forgets one in the middle at once. */
  readonly #waiting = new Set<Waiting>();
  #tokens: number;
  #filledMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#tokens = this.#most;
    this.#filledMs = options.now();
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** How long one who comes now would wait. */
  get waitMs(): number {
    return (this.#waiting.size / this.#options.perS) * 1_000;
  }

  /** @returns false when the line is too long. */
  come(newcomer: Waiting): boolean {
    if (this.#waiting.size >= this.#options.queue) return false;
    const isAtRest = this.#timer === undefined;
    this.#waiting.add(newcomer);
    // Not from within a crowd: its requests come in one turn of the loop, and the ticks must have theirs.
    if (isAtRest) this.#pump();
    return true;
  }

  /** Gives up waiting. */
  leave(newcomer: Waiting): void {
    this.#waiting.delete(newcomer);
  }

  /** @returns those who waited; nobody is let in any more. */
  stop(): readonly Waiting[] {
    clearTimeout(this.#timer);
    const left = [...this.#waiting];
    this.#waiting.clear();
    return left;
  }

  get #most(): number {
    return Math.max(1, (this.#options.perS * burstMs) / 1_000);
  }

  #pump(): void {
    const nowMs = this.#options.now();
    this.#tokens = Math.min(
      this.#most,
      this.#tokens + ((nowMs - this.#filledMs) * this.#options.perS) / 1_000,
    );
    this.#filledMs = nowMs;
    for (const newcomer of this.#waiting) {
      if (this.#tokens < 1 || this.#options.now() - nowMs > workMs) break;
      this.#tokens -= 1;
      this.#waiting.delete(newcomer);
      newcomer.enter();
    }
    // Also when nobody is left: whoever comes within this turn gets in line.
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#waiting.size > 0) this.#pump();
    }, pumpMs);
  }
}
