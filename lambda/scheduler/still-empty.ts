import type { Heartbeat } from '../../core/fleet/heartbeat.ts';
import type { Policy } from '../../core/fleet/policy.ts';
import type { Snapshot } from '../../core/fleet/snapshot.ts';
import { isEmpty, isFresh } from '../../core/fleet/state.ts';

/**
 * Why a task may not be stopped after all, by its heartbeat of this moment; undefined when it may. Between
 * the snapshot and the call a show may have begun (notes/fleet.md A9, first row): only a task that said that it
 * refuses newcomers, by the very order the plan was made on, can't have one that nobody has seen.
 *
 * One that has never served may have no order to obey. No DNS answer has named it, so its first broadcast is
 * further away than the moment between this and the call.
 */
export function reasonNotToStop(options: {
  readonly taskId: string;
  readonly heartbeat: Heartbeat | undefined;
  readonly snapshot: Snapshot;
  readonly policy: Policy;
  readonly now: number;
}): string | undefined {
  const { taskId, heartbeat, snapshot, policy, now } = options;
  const { heartbeats, orders } = snapshot.sources;
  if (heartbeat === undefined) {
    const wasNeverHeard = heartbeats?.value.every((each) => each.taskId !== taskId) ?? false;
    return wasNeverHeard ? undefined : 'its heartbeat is gone: what it does is unknown';
  }
  if (!isFresh(heartbeat, policy, now)) return 'its heartbeat is too old by now';
  if (heartbeat.accepting) return 'it takes new broadcasts';
  if (!isEmpty(heartbeat)) return 'it has something to finish';
  if (heartbeat.phase === 'starting') return undefined;
  const order = orders?.value.find((each) => each.taskId === taskId);
  if (order?.phase !== 'drain') return 'it has no order to drain';
  if (heartbeat.obeys !== order.generation)
    return `it obeys order ${heartbeat.obeys}, not ${order.generation}`;
  return undefined;
}
