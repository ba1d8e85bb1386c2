import type { Fragment, Run } from '../../../core/media/flow.ts';
import type { Rendition } from '../../../core/media/ladder.ts';
import type { Timing } from '../../../core/media/timing.ts';
import type { Part, SegmentPlace } from './track.ts';

/** Why a fragment was not published. */
export type DropReason =
  /** Its run is not the current one, or has ended. */
  | 'stale-run'
  /** Not in the plan's ladder, or without an init segment. */
  | 'no-init'
  /** Times or duration that no player could use. */
  | 'malformed'
  /** Longer than PART-TARGET, which may not change: it would have to be cut. */
  | 'too-long'
  /** Follows a hole without a key frame: the frames that it builds on are missing. */
  | 'no-key-frame'
  /** Its place in the run is taken or has been passed. */
  | 'duplicate'
  /** Its place is so far ahead that the hole before it would be longer than the window. */
  | 'too-far';

/** A rendition inside a run. */
export interface Lane {
  readonly rendition: Rendition;
  init: Uint8Array | undefined;
  /** Position after the last published part: parts counted from the start of the run. */
  next: number;
  /** A short fragment, until it is known whether the run ends with it. */
  held: Part | undefined;
  /** After a hole, until the next key frame. */
  broken: boolean;
}

/** RFC 8216bis 4.4.4.9. */
const leastShareOfPartTarget = 0.85;
/** No frame is that short. */
const shortestS = 0.001;
/** Half the last decimal of a written duration. */
const epsilonS = 0.5e-6;

/**
 * A run on the grid of parts and segments that all renditions share. It exists once the run has brought its
 * first fragment, so that runs which bring nothing leave no trace in the sequence numbers.
 */
export class RunGrid {
  readonly #run: Run;
  readonly #timing: Timing;
  readonly #baseMsn: number;
  readonly #discontinuity: boolean;
  readonly #originSegment: number;
  readonly #originMs: number;

  /**
   * @param first the fragment that came first: the run's segments are counted from the one it lies in.
   * @param notBeforeMs where the playlists end so far: dates never go back, even where an encoder that took
   *   over started before the last one's output was through.
   */
  constructor(options: {
    readonly run: Run;
    readonly timing: Timing;
    readonly baseMsn: number;
    readonly discontinuity: boolean;
    readonly first: Fragment;
    readonly notBeforeMs: number;
  }) {
    this.#run = options.run;
    this.#timing = options.timing;
    this.#baseMsn = options.baseMsn;
    this.#discontinuity = options.discontinuity;
    const index = Math.round(options.first.startS / options.timing.partDurationS);
    this.#originSegment = Math.floor(index / options.timing.partsPerSegment);
    const originOffsetMs = this.#originSegment * options.timing.segmentDurationS * 1000;
    this.#originMs = Math.max(options.run.startedAtMs + originOffsetMs, options.notBeforeMs);
  }

  /** Parts since the start of the run's first segment; negative before it. */
  positionOf(fragment: Fragment): number {
    const index = Math.round(fragment.startS / this.#timing.partDurationS);
    return index - this.#originSegment * this.#timing.partsPerSegment;
  }

  placeOf(position: number): SegmentPlace {
    const segment = Math.floor(position / this.#timing.partsPerSegment);
    return {
      run: this.#run.id,
      msn: this.#baseMsn + segment,
      discontinuity: this.#discontinuity && segment === 0,
      programDateTimeMs: Math.round(this.#originMs + segment * this.#timing.segmentDurationS * 1000),
    };
  }

  isLastOfSegment(position: number): boolean {
    return (position + 1) % this.#timing.partsPerSegment === 0;
  }
}

/** Whether a fragment can be a part at all, whatever its place. */
export function flawOf(fragment: Fragment, timing: Timing): DropReason | undefined {
  const { startS, durationS, bytes } = fragment;
  if (!Number.isFinite(startS) || startS < 0 || !(durationS >= shortestS) || bytes.length === 0)
    return 'malformed';
  return durationS > timing.partTargetS + epsilonS ? 'too-long' : undefined;
}

export const isShort = (durationS: number, timing: Timing): boolean =>
  durationS < timing.partTargetS * leastShareOfPartTarget;

/**
 * A part that others follow lasts until the next one on the grid begins, even if frames are missing at its
 * end: so durations, dates and media time stay in step, and the 85 % rule is kept.
 */
export const followed = (part: Part, timing: Timing): Part => ({ ...part, durationS: timing.partDurationS });
