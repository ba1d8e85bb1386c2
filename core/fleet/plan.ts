import type { Plan } from './decision.ts';
import type { Policy } from './policy.ts';
import type { Snapshot } from './snapshot.ts';

/** What to do now, and why. Pure: the same snapshot gives the same plan (I5), whatever the order of its lists (I7). */
export function plan(snapshot: Snapshot, policy: Policy, now: number): Plan {
  void [snapshot, policy, now];
  throw new Error('being written');
}
