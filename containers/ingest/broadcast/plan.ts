import type { SourceInfo, EncodingPlan } from '../../../core/media/flow.ts';
import { ladderFor, type Rung } from '../../../core/media/ladder.ts';
import { framesPerSecond, nearestStandardRate } from '../../../core/media/rational.ts';
import { timingFor } from '../../../core/media/timing.ts';

/** How a broadcast is encoded, from what its first session sends. */
export const planFor =
  (rungs: readonly Rung[]) =>
  (source: SourceInfo): EncodingPlan => {
    const rate = nearestStandardRate(source.framesPerSecond);
    return { ladder: ladderFor(source, framesPerSecond(rate), rungs), timing: timingFor(rate) };
  };
