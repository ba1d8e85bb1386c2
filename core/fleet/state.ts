import type { Heartbeat, Order } from './heartbeat.ts';
import type { Policy } from './policy.ts';
import type { TaskFact } from './snapshot.ts';

/**
 * The states of an ingest task (design section 1). Derived from facts on every pass, stored nowhere, so that
 * no crash can leave a wrong one behind.
 */
export type TaskState =
  | 'starting'
  | 'serving'
  | 'expired'
  | 'draining'
  | 'stopping'
  | 'stopped'
  /** Running, but not heard from. */
  | 'lost';

/** What lists may leave out, or not show yet: their answers are eventually consistent, seconds as a rule. */
export const listsLagMs = 60_000;

/** After this long a task that was heard, and that no list shows any more, is over. */
export const forgottenMs = 600_000;

/** A heartbeat that may be believed now: neither too old nor from the future. */
export function isFresh(
  heartbeat: Heartbeat | undefined,
  policy: Policy,
  now: number,
): heartbeat is Heartbeat {
  return (
    heartbeat !== undefined &&
    now - heartbeat.at <= policy.staleness.heartbeatMs &&
    heartbeat.at - now <= policy.staleness.futureMs
  );
}

/** The order that the task has not been released from. */
export const isToGo = (order: Order | undefined): order is Order =>
  order !== undefined && order.phase !== 'serve';

export function taskState(
  task: TaskFact,
  heartbeat: Heartbeat | undefined,
  order: Order | undefined,
  policy: Policy,
  now: number,
): TaskState {
  if (task.status === 'stopped' || task.status === 'stopping') return task.status;
  if (heartbeat === undefined) return isToGo(order) ? 'expired' : 'starting';
  if (!isFresh(heartbeat, policy, now)) return 'lost';
  if (heartbeat.phase === 'draining' || heartbeat.phase === 'ending') return 'draining';
  if (isToGo(order)) return 'expired';
  return heartbeat.phase === 'starting' ? 'starting' : 'serving';
}

/** Nothing would be lost if it ended now. Interrupted broadcasts count as live (design section 1). */
export const isEmpty = (heartbeat: Heartbeat): boolean =>
  heartbeat.shows.length === 0 && heartbeat.unstoredBytes === 0 && (heartbeat.passing ?? 0) === 0;

export const usedPoints = (heartbeat: Heartbeat): number =>
  heartbeat.shows.reduce((sum, show) => sum + show.points, 0);

/** Room for more, by cost and by measured CPU (both are in `roomPoints`). */
export const freePoints = (heartbeat: Heartbeat): number =>
  Math.max(0, heartbeat.roomPoints - usedPoints(heartbeat));
