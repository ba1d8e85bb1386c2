/** A plan in lines for a terminal. Pure. */
import type { Action, Decision, Note, Plan, Subject } from '../../core/fleet/decision.ts';
import type { Peer } from '../../core/fleet/heartbeat.ts';
import type { Violation } from '../../core/fleet/validate.ts';
import { alarmLines, type Look } from './fleet-lines.ts';
import type { PolicyChange } from './policy-change.ts';
import { clean, count, hang, shortDigest, wallTime, zoneOf } from './text.ts';

const hiddenValues = new Set(['kind', 'token', 'order']);

const sayPeers = (peers: readonly Peer[]): string =>
  peers.length === 0 ? 'none' : peers.map(({ taskId, slots }) => `${taskId} (${slots})`).join(', ');

/** "start-task i-0abc in-03 3fa9c1d": the call with what it is given. */
export function sayAction(action: Action): string {
  if (action.kind === 'write-order')
    return `${action.kind} ${action.order.phase} ${action.order.taskId} (${action.order.generation})`;
  const values = Object.entries(action)
    .filter(([key]) => !hiddenValues.has(key))
    .map(([key, value]) => {
      if (key === 'digest') return shortDigest(String(value));
      if (key === 'forced') return value === true ? 'FORCED' : '';
      if (key === 'ttlS') return `ttl ${value} s`;
      if (key === 'reason') return '';
      if (key === 'peers') return action.kind === 'write-peers' ? sayPeers(action.peers) : '';
      return Array.isArray(value) ? value.join(', ') : String(value);
    })
    .filter((text) => text !== '');
  return [action.kind, ...values].join(' ');
}

const saySubject = ({ taskId, hostId, slot, digest }: Subject): string =>
  [taskId, slot, hostId, digest === undefined ? undefined : shortDigest(digest)]
    .filter((each) => each !== undefined)
    .join(' ');

const line = (first: string, reason: string, text: string, width: number): readonly string[] =>
  hang('  ', clean(`${first} [${reason}] ${text}`), width);

const decisionLine = ({ action, reason, text }: Decision, width: number): readonly string[] =>
  line(sayAction(action), reason, text, width);

const noteLine = ({ subject, reason, text }: Note, width: number): readonly string[] =>
  line(saySubject(subject), reason, text, width);

/** By what it does and to whom; its text may name other figures. */
const keyOf = ({ action }: Decision): string => JSON.stringify(action);

/** Decisions of `a` that `b` has not. */
export const without = (a: readonly Decision[], b: readonly Decision[]): readonly Decision[] => {
  const keys = new Set(b.map(keyOf));
  return a.filter((decision) => !keys.has(keyOf(decision)));
};

export interface PlannedPass {
  readonly at: number;
  readonly plan: Plan;
  readonly violations: readonly Violation[];
  readonly changes: readonly PolicyChange[];
  /** What the policy in force makes of the same facts; the same plan when nothing was changed. */
  readonly inForce: Plan;
}

export function planLines(
  { at, plan, violations, changes, inForce }: PlannedPass,
  { width, paint }: Omit<Look, 'now'>,
): readonly string[] {
  const { decisions, notes, figures } = plan;
  const title = (text: string): readonly string[] => ['', paint('bold', text)];
  const section = <T>(
    heading: string,
    list: readonly T[],
    lines: (each: T) => readonly string[],
  ): readonly string[] => (list.length === 0 ? [] : [...title(heading), ...list.flatMap(lines)]);
  const dropped = without(inForce.decisions, decisions);
  const added = new Set(without(decisions, inForce.decisions));
  const mark =
    changes.length === 0 ? (): boolean => false : (decision: Decision): boolean => added.has(decision);
  return [
    paint('dim', `Nothing is carried out. Facts and clock of ${wallTime(at)} ${zoneOf(at)}.`),
    `${count(figures.broadcasts, 'broadcast')}, ${figures.usedPoints} points in use, ${figures.freePoints} free, ${figures.wantedPoints} wanted, never under ${figures.minimumPoints}`,
    ...(plan.limitedBy.length === 0 ? [] : [`Limited by ${clean(plan.limitedBy.join(', '))}`]),
    ...alarmLines(plan.alarms, { width, paint }),
    ...section('Policy: other than in force', changes, ({ path, from, to }) =>
      hang('  ', clean(`${path}: ${JSON.stringify(from)} → ${JSON.stringify(to)}`), width),
    ),
    ...title(
      decisions.length === 0
        ? 'No decisions: nothing to do in this pass'
        : `${count(decisions.length, 'decision')}, in the order in which they would be applied`,
    ),
    ...decisions.flatMap((decision) =>
      decisionLine(decision, width).map((text, index) =>
        mark(decision) && index === 0 ? paint('good', `+${text.slice(1)}`) : text,
      ),
    ),
    ...(changes.length === 0
      ? []
      : section('Not any more with this policy', dropped, (decision) =>
          decisionLine(decision, width).map((text, index) =>
            index === 0 ? paint('bad', `-${text.slice(1)}`) : text,
          ),
        )),
    ...section('Why nothing more', notes, (note) => noteLine(note, width)),
    ...section('BREAKS AN INVARIANT, would not be applied', violations, ({ invariant, decision, text }) =>
      hang('  ', clean(`${invariant}: ${sayAction(decision.action)}: ${text}`), width).map((each) =>
        paint('bad', each),
      ),
    ),
  ];
}
