/** Whether the picture moves: from readings of the video a few times a second. */

export interface Reading {
  readonly currentS: number;
  /** There is a picture for now and for what comes next. */
  readonly ready: boolean;
  readonly seeking: boolean;
  /** Standing still is as it should be: paused, ended, nothing open. */
  readonly resting: boolean;
}

/** Nothing new on the screen for so long is a stall; a part is 0.5 s, so less would be a hiccup. */
const stallAfterMs = 1_500;
/** A step smaller than this is hls.js nudging the playhead, not playback. */
const leastStepS = 0.05;

export class Motion {
  #shownS: number | undefined;
  #movedAtMs: number;
  #said = false;

  constructor(nowMs: number) {
    this.#movedAtMs = nowMs;
  }

  /** A new beginning: something was opened or sought. */
  restart(nowMs: number): void {
    this.#shownS = undefined;
    this.#movedAtMs = nowMs;
    this.#said = false;
  }

  /** `stalled` is said once per stall. */
  read(reading: Reading, nowMs: number): 'moved' | 'stalled' | undefined {
    const before = this.#shownS;
    this.#shownS = reading.currentS;
    if (reading.resting) {
      this.#movedAtMs = nowMs;
      return undefined;
    }
    // The first reading after a new beginning only says where it stands.
    const moved = before !== undefined && Math.abs(reading.currentS - before) > leastStepS;
    if (moved && reading.ready && !reading.seeking) {
      this.#movedAtMs = nowMs;
      this.#said = false;
      return 'moved';
    }
    if (this.#said || nowMs - this.#movedAtMs <= stallAfterMs) return undefined;
    this.#said = true;
    return 'stalled';
  }
}
