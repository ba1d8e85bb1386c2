import type { SourceInfo, EncodingPlan } from '../../../core/media/flow.ts';
import { defaultRungs, ladderFor, type Rung } from '../../../core/media/ladder.ts';
import { framesPerSecond, nearestStandardRate } from '../../../core/media/rational.ts';
import { timingFor } from '../../../core/media/timing.ts';

/** The LADDER variable names a rung that does not exist. */
export class LadderError extends Error {
  override readonly name = 'LadderError';
}

/** The rungs of the ladder that LADDER names, for example `720p,360p`; all when it is absent. */
export function rungsNamed(names: string | undefined): readonly Rung[] {
  if (names === undefined) return defaultRungs;
  return names.split(',').map((name) => {
    const rung = defaultRungs.find((candidate) => candidate.name === name.trim());
    if (rung !== undefined) return rung;
    const known = defaultRungs.map((candidate) => candidate.name).join(', ');
    throw new LadderError(`LADDER names '${name.trim()}', which is none of ${known}`);
  });
}

/** How a broadcast is encoded, from what its first session sends. */
export const planFor =
  (rungs: readonly Rung[]) =>
  (source: SourceInfo): EncodingPlan => {
    const rate = nearestStandardRate(source.framesPerSecond);
    return { ladder: ladderFor(source, framesPerSecond(rate), rungs), timing: timingFor(rate) };
  };
