/** A frame rate as a fraction, because 29.97 is really 30000/1001 and rounding it makes parts drift. */
export interface FrameRate {
  readonly num: number;
  readonly den: number;
}

export const framesPerSecond = (rate: FrameRate): number => rate.num / rate.den;

/** Standard rates the transcoder normalises to; a source in between goes to the nearest one. */
const standardRates: readonly FrameRate[] = [
  { num: 15, den: 1 },
  { num: 20, den: 1 },
  { num: 24000, den: 1001 },
  { num: 24, den: 1 },
  { num: 25, den: 1 },
  { num: 30000, den: 1001 },
  { num: 30, den: 1 },
  { num: 48, den: 1 },
  { num: 50, den: 1 },
  { num: 60000, den: 1001 },
  { num: 60, den: 1 },
];

const fallbackRate: FrameRate = { num: 30, den: 1 };

/**
 * The constant frame rate for a source.
 * @param measured frames per second as announced or measured; undefined or absurd values give 30.
 */
export function nearestStandardRate(measured: number | undefined): FrameRate {
  if (measured === undefined || !Number.isFinite(measured) || measured < 1) return fallbackRate;
  let best = fallbackRate;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const rate of standardRates) {
    const distance = Math.abs(framesPerSecond(rate) - measured);
    if (distance < bestDistance) {
      best = rate;
      bestDistance = distance;
    }
  }
  return best;
}
