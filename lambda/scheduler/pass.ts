import type { Alarm, Decision, Note } from '../../core/fleet/decision.ts';
import { noMemory, type Memory } from '../../core/fleet/memory.ts';
import type { plan as planFleet } from '../../core/fleet/plan.ts';
import type { Policy } from '../../core/fleet/policy.ts';
import {
  FencedError,
  type FleetMetrics,
  type FleetStore,
  type Infrastructure,
  type Lease,
  type LoggedDecision,
  type PassReport,
} from '../../core/fleet/ports.ts';
import type { Snapshot, Sources } from '../../core/fleet/snapshot.ts';
import type { validate as validatePlan } from '../../core/fleet/validate.ts';
import { callName } from './act.ts';
import { apply, type Applied, type Outcome } from './apply.ts';
import type { Clock } from './clock.ts';
import { linesOf, undoneOf, type Undone } from './decision-log.ts';
import { observe } from './observe.ts';
import { messageOf, withTimeout } from './timeout.ts';

/** Powertools' logger fits as it is. */
export interface SchedulerLog {
  info(message: string, fields: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields: Readonly<Record<string, unknown>>): void;
  error(message: string, fields: Readonly<Record<string, unknown>>): void;
}

export interface PassSides {
  readonly infrastructure: Infrastructure;
  readonly store: FleetStore;
  readonly policy: Policy;
  readonly log: SchedulerLog;
  readonly metrics: FleetMetrics | undefined;
  readonly clock: Clock;
  readonly plan: typeof planFleet;
  readonly validate: typeof validatePlan;
}

/** What one pass hands to the next inside one holder of the lease. */
export interface PassState {
  readonly sources: Sources | undefined;
  readonly memory: Memory;
  readonly notes: readonly Note[];
  readonly alarms: readonly Alarm[];
  readonly undone: Undone;
  /** Lines that the table did not take yet. */
  readonly unlogged: readonly LoggedDecision[];
}

export interface PassResult {
  readonly report: PassReport;
  readonly state: PassState;
  /** The lease is another's, or ran out on the way: nothing more was done from there on. */
  readonly isFenced: boolean;
}

/** A call of a pass; the infrastructure answers within one second, and retries of a client fit in. */
export const callMs = 5_000;
/** Reading every source. With a source that hangs the pass still has time to act on the others. */
const observeMs = 8_000;
/** Calls side by side: well under what the services' buckets refill in a second. */
const parallelReads = 6;
const parallelCalls = 8;
/** Lines kept for the next pass while the table does not take them; a whole plan has fewer. */
const maxUnlogged = 1_000;

/** Where the last holder stopped. A report of an older release may lack what this one remembers. */
export function stateAfter(report: PassReport | undefined): PassState {
  return {
    sources: report?.snapshot.sources,
    memory: {
      ...noMemory,
      ...report?.plan.memory,
      demand: { ...noMemory.demand, ...report?.plan.memory?.demand },
    },
    notes: report?.plan.notes ?? [],
    alarms: report?.plan.alarms ?? [],
    undone: undoneOf(report?.errors ?? []),
    unlogged: [],
  };
}

/**
 * observe → plan → validate → apply → report. Throws only what the planner throws: everything else that goes
 * wrong is in the report. Ends by `deadline`, but for a call to the table that hangs.
 */
export async function runPass(
  sides: PassSides,
  state: PassState,
  lease: Lease,
  deadline: number,
): Promise<PassResult> {
  const { clock, policy } = sides;
  const at = clock.now();
  const observed = await observe({
    ...sides,
    previous: state.sources,
    withinMs: Math.max(0, Math.min(observeMs, deadline - callMs - at)),
    parallel: parallelReads,
  });
  const observedAt = clock.now();
  const snapshot: Snapshot = { sources: observed.sources, memory: state.memory };
  const planned = sides.plan(snapshot, policy, observedAt);
  const refused = new Map<Decision, string>();
  for (const { decision, invariant, text } of sides.validate(planned, snapshot, policy, observedAt))
    refused.set(decision, `${invariant}: ${text}`);
  const decisions =
    refused.size === 0 ? planned.decisions : planned.decisions.filter((decision) => !refused.has(decision));
  const plannedAt = clock.now();

  // The report's own call has to fit in as well.
  const applied = await apply({
    ...sides,
    decisions,
    snapshot,
    lease,
    deadline: deadline - callMs,
    callMs,
    parallel: parallelCalls,
  });
  const appliedAt = clock.now();

  const plan: PassReport['plan'] = {
    ...planned,
    decisions,
    limitedBy:
      applied.limits.length === 0
        ? planned.limitedBy
        : [...new Set([...planned.limitedBy, ...applied.limits])],
    alarms: alarmsOf(planned.alarms, refused, applied),
  };
  const { lines, undone } = linesOf({
    at,
    decisions: planned.decisions,
    outcomes:
      refused.size === 0 ? applied.outcomes : outcomesOf(planned.decisions, decisions, refused, applied),
    notes: plan.notes,
    before: state,
  });
  const report: PassReport = {
    at,
    fence: lease.fence,
    snapshot,
    policy,
    plan,
    errors:
      observed.errors.length + applied.errors.length + refused.size === 0
        ? []
        : [
            ...observed.errors,
            ...applied.errors,
            ...[...refused].map(([{ action }, message]) => ({ call: callName(action), message })),
          ],
    spent: { observeMs: observedAt - at, planMs: plannedAt - observedAt, applyMs: appliedAt - plannedAt },
  };
  tell(sides.log, report, lines, state.alarms);
  const kept = await keep(sides, report, [...state.unlogged, ...lines], lease, applied.isFenced);
  return {
    report,
    isFenced: kept.isFenced,
    state: {
      sources: observed.sources,
      memory: planned.memory,
      notes: planned.notes,
      alarms: plan.alarms,
      undone,
      unlogged: kept.unlogged,
    },
  };
}

function alarmsOf(
  alarms: readonly Alarm[],
  refused: ReadonlyMap<Decision, string>,
  { limits }: Applied,
): readonly Alarm[] {
  const hitsQuota = limits.includes('address quota') && !alarms.some(({ name }) => name === 'address-quota');
  if (refused.size === 0 && !hitsQuota) return alarms;
  return [
    ...alarms,
    ...[...refused].map(([{ subject, action }, text]): Alarm => ({
      name: 'invalid-plan',
      subject,
      text: `${callName(action)} was not done: ${text}`,
    })),
    ...(hitsQuota
      ? [{ name: 'address-quota', subject: {}, text: 'the account grants no more addresses' } as const]
      : []),
  ];
}

/** Outcomes of all decisions, when some of them were not applied. */
function outcomesOf(
  all: readonly Decision[],
  applied: readonly Decision[],
  refused: ReadonlyMap<Decision, string>,
  { outcomes }: Applied,
): readonly Outcome[] {
  const of = new Map(applied.map((decision, index) => [decision, outcomes[index]]));
  return all.map(
    (decision) => of.get(decision) ?? { outcome: 'planned', error: `not done: ${refused.get(decision)}` },
  );
}

function tell(
  log: SchedulerLog,
  { errors, plan, fence }: PassReport,
  lines: readonly LoggedDecision[],
  before: readonly Alarm[],
): void {
  for (const line of lines) if (line.outcome !== 'note') log.info('decision', { fence, ...line });
  for (const error of errors) log.warn('call failed', { fence, ...error });
  for (const alarm of plan.alarms) {
    const isOld = before.some(
      ({ name, subject }) =>
        name === alarm.name &&
        subject.taskId === alarm.subject.taskId &&
        subject.hostId === alarm.subject.hostId,
    );
    if (!isOld) log.warn('alarm', { fence, ...alarm });
  }
}

/** Report, lines and metrics. What can't be kept is tried again with the next pass, which is as good. */
async function keep(
  { store, metrics, clock, log }: PassSides,
  report: PassReport,
  lines: readonly LoggedDecision[],
  lease: Lease,
  wasFenced: boolean,
): Promise<{ readonly isFenced: boolean; readonly unlogged: readonly LoggedDecision[] }> {
  let isFenced = wasFenced;
  let unlogged = lines;
  const write = async (what: string, call: () => Promise<void>): Promise<boolean> => {
    if (lease.expiresAt - clock.now() <= callMs) isFenced = true;
    if (isFenced) return false;
    try {
      await withTimeout(clock, callMs, call);
      return true;
    } catch (error) {
      if (error instanceof FencedError) isFenced = true;
      log.warn(`could not keep the ${what} of a pass`, { fence: lease.fence, error: messageOf(error) });
      return false;
    }
  };
  if (lines.length > 0 && (await write('decisions', () => store.logDecisions(lines, lease)))) unlogged = [];
  await write('report', () => store.writeReport(report, lease));
  if (metrics !== undefined) {
    const { at, errors, plan } = report;
    const { figures, decisions, notes, alarms } = plan;
    await withTimeout(clock, callMs, () =>
      metrics.publish({ figures, decisions, notes, alarms, errors, at }),
    ).catch((error: unknown) => log.warn('could not publish metrics', { error: messageOf(error) }));
  }
  return { isFenced, unlogged: unlogged.slice(-maxUnlogged) };
}
