import { plan } from '../../core/fleet/plan.ts';
import type { Policy } from '../../core/fleet/policy.ts';
import type { Plan } from '../../core/fleet/decision.ts';
import type { Read, Snapshot, SourceName, Sources } from '../../core/fleet/snapshot.ts';
import type { Tally } from './model/tally.ts';
import type { Random } from './random.ts';

/** One pass in so many is planned three times: a week has sixty thousand, and the run is to stay fast. */
const everyPasses = 500;

/**
 * The real planner, doubted now and then in the middle of what really happens: the same snapshot must give the
 * same plan (I5), and its lists in another order as well (I7). The properties in test/core/fleet look deeper.
 */
export function doubtingPlanner(tally: Tally, random: Random): typeof plan {
  let passes = 0;
  return (snapshot: Snapshot, policy: Policy, now: number): Plan => {
    const first = plan(snapshot, policy, now);
    passes++;
    if (passes % everyPasses !== 0) return first;
    const expected = JSON.stringify(first.decisions);
    if (JSON.stringify(plan(snapshot, policy, now).decisions) !== expected) {
      tally.violation('I5', now, 'the same snapshot gave another plan');
    }
    const shuffled = { ...snapshot, sources: shuffle(snapshot.sources, random) };
    if (JSON.stringify(plan(shuffled, policy, now).decisions) !== expected) {
      tally.violation('I7', now, 'lists in another order gave another plan');
    }
    return first;
  };
}

function shuffle(sources: Sources, random: Random): Sources {
  const entries = Object.entries(sources) as [SourceName, Read<unknown> | undefined][];
  return Object.fromEntries(
    entries.map(([name, read]) => {
      if (read === undefined || !Array.isArray(read.value)) return [name, read];
      const list = [...(read.value as unknown[])];
      for (let last = list.length - 1; last > 0; last--) {
        const other = random.below(last + 1);
        [list[last], list[other]] = [list[other], list[last]];
      }
      return [name, { at: read.at, value: list }];
    }),
  ) as Sources;
}
