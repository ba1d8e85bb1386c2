/**
 * The spread of a healthy encoder: parts come 0.13–0.23 s after their end (notes/video.md 2.4). What lies
 * inside it no viewer sees.
 */
const toleranceMs = 100;
/**
 * Crystals differ by up to about 100 parts in a million each, the encoder's and ours: so much slower is a
 * clock, not an encoder that cannot keep up. Without this, parts would be late for good after half an hour.
 */
const clockDrift = 0.000_2;

/**
 * How late the parts of a run are against its grid, where a part belongs at the end of its media time. The
 * time between two parts would not show it: an encoder at 0.85 × speed sends every one just a little late.
 */
export class Lateness {
  readonly #startedAtMs: number;
  /** The smallest lag so far: the constant way through encoder and network. It is no lateness. */
  #usual: { readonly lagMs: number; readonly atMs: number } | undefined;

  constructor(startedAtMs: number) {
    this.#startedAtMs = startedAtMs;
  }

  /** Takes in a part that came now; undefined when it is in time. */
  of(mediaEndS: number, nowMs: number): number | undefined {
    const lagMs = nowMs - (this.#startedAtMs + mediaEndS * 1000);
    const usual = this.#usual;
    const expectedMs =
      usual === undefined ? lagMs : usual.lagMs + Math.max(0, nowMs - usual.atMs) * clockDrift;
    this.#usual = { lagMs: Math.min(lagMs, expectedMs), atMs: nowMs };
    const lateMs = lagMs - this.#usual.lagMs;
    return lateMs > toleranceMs ? lateMs : undefined;
  }
}
