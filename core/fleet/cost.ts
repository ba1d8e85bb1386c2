import type { EncodingPlan } from '../media/flow.ts';
import { framesPerSecond } from '../media/rational.ts';

/**
 * What a broadcast costs its host, in points: whole numbers, so that sums do not depend on their order.
 * 1000 points are the default ladder of a 1080p30 source (1080p, 720p, 480p, 360p, 160p at x264 `veryfast`).
 */
export const typicalPoints = 1000;

/** Pixels a second of the default ladder at 30 fps: 1080p 2.07, 720p 0.92, 480p 0.41, 360p 0.23, 160p 0.05 megapixels. */
const referencePixelsPerS = 110_000_000;

/** Decoding the source, sound and packaging, which every broadcast pays: about a tenth of the reference. */
const basePoints = 100;

/**
 * Points of a broadcast by its rendition set: encoding time of x264 is near proportional to pixels a second
 * at a fixed preset. Before the plan is known a broadcast counts as typical.
 */
export function costOf(plan: EncodingPlan | undefined): number {
  if (plan === undefined) return typicalPoints;
  const rate = framesPerSecond(plan.timing.frameRate);
  const pixels = plan.ladder.reduce((sum, { width, height }) => sum + width * height * rate, 0);
  return basePoints + Math.round((pixels / referencePixelsPerS) * (typicalPoints - basePoints));
}
