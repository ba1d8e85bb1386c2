import { framesPerSecond, type FrameRate } from './rational.ts';

/**
 * How a broadcast is cut. Fixed when the broadcast starts and never changed afterwards: a PART-TARGET,
 * TARGETDURATION or hold-back that changes between reloads breaks Apple clients for good
 * (bluenviron/mediamtx#6237), and RFC 8216bis 4.4.3.1 forbids changing TARGETDURATION.
 */
export interface Timing {
  readonly frameRate: FrameRate;
  /** Frames in one part; whole, so that every part has exactly the same duration. */
  readonly framesPerPart: number;
  readonly partsPerSegment: number;
  /** Exact duration of a full part in seconds. */
  readonly partDurationS: number;
  /** Exact duration of a full segment in seconds. */
  readonly segmentDurationS: number;
  /** EXT-X-PART-INF:PART-TARGET. Never below partDurationS. */
  readonly partTargetS: number;
  /** EXT-X-TARGETDURATION, whole seconds. */
  readonly targetDurationS: number;
  /** EXT-X-SERVER-CONTROL:PART-HOLD-BACK, 3 × PART-TARGET (Apple authoring specification 14.3). */
  readonly partHoldBackS: number;
}

/** design section 1: 0.5 s parts, four of them to a 2 s segment. */
const wantedPartS = 0.5;
const partsPerSegment = 4;

/** Rounded up in the sixth decimal: a part may never be longer than PART-TARGET says (RFC 8216bis 4.4.3.7). */
const ceilMicroseconds = (seconds: number): number => Math.ceil(seconds * 1e6 - 1e-6) / 1e6;

export function timingFor(frameRate: FrameRate): Timing {
  // 25 fps has no whole number of frames in 0.5 s: 12 frames (0.48 s) rather than 13, so that the
  // segment stays at or below 2 s. The 0.05 takes 29.97 and 59.94 (14.985 and 29.97 frames) for 30 and 60.
  const framesPerPart = Math.max(1, Math.floor(framesPerSecond(frameRate) * wantedPartS + 0.05));
  const partDurationS = (framesPerPart * frameRate.den) / frameRate.num;
  const segmentDurationS = partDurationS * partsPerSegment;
  const partTargetS = ceilMicroseconds(partDurationS);
  return {
    frameRate,
    framesPerPart,
    partsPerSegment,
    partDurationS,
    segmentDurationS,
    partTargetS,
    targetDurationS: Math.max(1, Math.round(segmentDurationS)),
    partHoldBackS: ceilMicroseconds(partTargetS * 3),
  };
}
