import type { Decision, Plan } from './decision.ts';
import type { Policy } from './policy.ts';
import type { Snapshot } from './snapshot.ts';

export interface Violation {
  readonly invariant: 'I1' | 'I2' | 'I3';
  readonly decision: Decision;
  readonly text: string;
}

/**
 * Looks at a plan again before it is applied, by rules written apart from the planner: what breaks one is not
 * applied and raises the alarm `invalid-plan`.
 */
export function validate(plan: Plan, snapshot: Snapshot, policy: Policy, now: number): readonly Violation[] {
  void [plan, snapshot, policy, now];
  throw new Error('being written');
}
