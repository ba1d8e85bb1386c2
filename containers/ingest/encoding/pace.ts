/** How fast ffmpeg turns input into parts. Media times in seconds of the run. */

const windowMs = 5_000;
/** A part, the encoders' delay, and a second of grace. */
const slowBacklogS = 2;
const slowSpeed = 0.97;

export class Pace {
  #samples: { readonly atMs: number; readonly producedS: number }[] = [];
  #producedS = 0;
  #slow = false;

  /** The end of the newest fragment of the slowest rendition. */
  produced(endS: number): void {
    this.#producedS = Math.max(this.#producedS, endS);
  }

  /** Media seconds per second over the last seconds; undefined before the second sample. */
  get speed(): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.atMs - first.atMs < windowMs / 2) return undefined;
    return ((last.producedS - first.producedS) * 1000) / (last.atMs - first.atMs);
  }

  /** It falls behind its input. An encoder that sends slowly is no fault of the transcoder's. */
  get slow(): boolean {
    return this.#slow;
  }

  sample(nowMs: number, fedS: number): void {
    this.#samples.push({ atMs: nowMs, producedS: this.#producedS });
    this.#samples = this.#samples.filter(({ atMs }) => nowMs - atMs <= windowMs);
    const backlogS = fedS - this.#producedS;
    const { speed } = this;
    // Once slow, it stays so until it has caught up.
    this.#slow = backlogS > slowBacklogS && (this.#slow || (speed !== undefined && speed < slowSpeed));
  }
}
