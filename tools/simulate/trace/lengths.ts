import type { Random } from '../random.ts';

/**
 * How long shows are. Heavy-tailed, as measurements of live-streaming platforms agree; the numbers are judged:
 * 5 % try out their set-up for minutes; 87 % are a lognormal body with a median of an hour; 8 % are marathons,
 * Pareto from two hours to the platform's limit of 24 h. The mean is 1.7 h.
 */
const minuteMs = 60_000;
const trialShare = 0.05;
const trialMeanMs = 4 * minuteMs;
const marathonShare = 0.08;
const marathonFromMs = 120 * minuteMs;
const marathonShape = 1.3;
const medianMs = 60 * minuteMs;
/** Of the logarithm: a sixth is shorter than 24 minutes, a sixth longer than two and a half hours. */
const bodyDeviation = 0.9;

export const shortestShowMs = minuteMs;
export const longestShowMs = 24 * 60 * minuteMs;

const clamp = (ms: number): number => Math.round(Math.min(longestShowMs, Math.max(shortestShowMs, ms)));

export function drawLength(random: Random): number {
  const kind = random.next();
  if (kind < trialShare) return clamp(random.exponential(trialMeanMs));
  if (kind < trialShare + marathonShare)
    return clamp(random.pareto(marathonFromMs, marathonShape, longestShowMs));
  return clamp(medianMs * Math.exp(random.normal(0, bodyDeviation)));
}
