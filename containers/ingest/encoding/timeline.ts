/**
 * One timeline for sound and picture, in milliseconds, from whatever the encoder's 32-bit timestamps do.
 *
 * An epoch ties timestamps to positions by one offset for both tracks: a jump starts a new epoch and so moves
 * sound and picture by the same amount. (Moving them apart is how servers lose lip sync a little with each
 * reconnect.) The epoch before is kept, because around a jump the tracks' messages interleave: some of the
 * other track still carry old timestamps.
 */
export type TrackKind = 'audio' | 'video';

/** Encoders interleave within some 100 ms; phones were seen with sound a second behind the picture. */
const maxSkewMs = 2_000;
/** Going back less than this is disorder, and clamped. */
const maxDisorderMs = 250;
/** Going forward more than this and the time that really went by is a jump. */
const maxGapMs = 1_000;
/** A step after a jump, when no earlier one is known: a frame at 30 fps. */
const defaultStepMs = 33;
const maxStepMs = 100;

interface Epoch {
  timestampMs: number;
  position: number;
}

interface Track {
  position: number;
  stepMs: number;
}

export class Timeline {
  #current: Epoch | undefined;
  #previous: Epoch | undefined;
  readonly #tracks: { audio?: Track; video?: Track } = {};
  /** The furthest position of either track. */
  #front = 0;
  #seenAtMs = 0;
  #jumps = 0;

  get jumps(): number {
    return this.#jumps;
  }

  /** The message's position: never before that of an earlier message of its track. The first one's is 0. */
  place(kind: TrackKind, timestampMs: number, nowMs: number): number {
    const position = this.#find(kind, timestampMs, nowMs);
    this.#seenAtMs = nowMs;
    const track = this.#tracks[kind];
    const placed = track === undefined ? position : Math.max(position, track.position);
    if (track === undefined) {
      this.#tracks[kind] = { position: placed, stepMs: defaultStepMs };
    } else {
      const stepMs = placed - track.position;
      if (stepMs > 0 && stepMs <= maxStepMs) track.stepMs = stepMs;
      track.position = placed;
    }
    this.#front = Math.max(this.#front, placed);
    return placed;
  }

  #find(kind: TrackKind, timestampMs: number, nowMs: number): number {
    if (this.#current === undefined) {
      this.#current = { timestampMs, position: 0 };
      return 0;
    }
    const furthest = this.#front + maxGapMs + Math.max(0, nowMs - this.#seenAtMs);
    const nearest = Math.max(
      this.#front - maxSkewMs,
      (this.#tracks[kind]?.position ?? Number.NEGATIVE_INFINITY) - maxDisorderMs,
    );
    for (const epoch of [this.#current, this.#previous]) {
      if (epoch === undefined) continue;
      const position = epoch.position + signedDifference(timestampMs, epoch.timestampMs);
      if (position < nearest || position > furthest) continue;
      epoch.timestampMs = timestampMs;
      epoch.position = position;
      return position;
    }
    const position = this.#afterJump(kind);
    this.#previous = this.#current;
    this.#current = { timestampMs, position };
    this.#jumps += 1;
    return position;
  }

  /** Where the track would have gone on, had it not jumped; near the front, so that the other one can follow. */
  #afterJump(kind: TrackKind): number {
    const track = this.#tracks[kind];
    if (track === undefined) return this.#front;
    return Math.max(track.position + track.stepMs, this.#front - maxStepMs);
  }
}

/** Timestamps count modulo 2^32: a difference of more than half of that is one the other way round. */
const signedDifference = (a: number, b: number): number => Math.trunc(a - b) | 0;
