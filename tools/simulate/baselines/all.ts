import type { Trace } from '../trace/trace.ts';
import { cutByReleases, type Baseline, type BaselineOptions } from './baseline.ts';
import { fixedAtPeak, lowerBound } from './fixed.ts';
import { targetTracking } from './target-tracking.ts';

/** The three others, on the same trace. */
export function baselines(
  options: BaselineOptions & { readonly trace: Trace; readonly seed: number },
): readonly Baseline[] {
  const { trace } = options;
  const points = trace.wishes.reduce((sum, wish) => sum + wish.points, 0) / Math.max(1, trace.wishes.length);
  const cut = cutByReleases(options, points);
  return [fixedAtPeak(options, cut), targetTracking({ ...options, cutByReleases: cut }), lowerBound(options)];
}
