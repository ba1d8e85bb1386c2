import type { Draft } from './draft.ts';
import type { ReasonCode } from './heartbeat.ts';
import type { Memory } from './memory.ts';
import { isOutOfDns, order, showsOf } from './orders.ts';
import type { Situation, Unit } from './situation.ts';
import { isEmpty, isFresh, isToGo, listsLagMs } from './state.ts';
import { drained, stopReason } from './stop-reason.ts';
import { held, subjectOf } from './subject.ts';

/**
 * Expire, drain, stop (design section 5). The fence is the task: only after it has said that it refuses new
 * broadcasts, and two heartbeats since then have shown it empty, is it stopped.
 */

/** Moves what is expired on: to drain when DNS has forgotten it, to stop when it is empty for certain. */
export function advance(draft: Draft, situation: Situation, memory: Memory, kept: ReadonlySet<Unit>): void {
  const { policy, now } = situation;
  for (const unit of situation.units) {
    const { task, order: current, heartbeat } = unit;
    if (task === undefined || kept.has(unit)) continue;
    // A newer wish of an operator is being written in this very pass.
    const isSent = memory.tasks[task.taskId]?.stopSent === true;
    if (unit.request !== undefined && !agrees(unit) && !isSent) continue;
    if (isToGo(current)) {
      if (current.phase === 'expire') {
        if (situation.mayShrink && isOutOfDns(unit, memory, situation)) {
          const { reason, text } = current;
          order(draft, unit, { phase: 'drain', reason, text }, now);
        } else draft.note(subjectOf(unit), 'waiting', 'waits until no DNS answer names it any more');
      } else stopWhenEmpty(draft, unit, situation, memory);
      if (now - current.expiredAt > policy.drain.stuckMs) {
        const hours = Math.round((now - current.expiredAt) / 3_600_000);
        const text = `on its way out for ${hours} h with ${held(showsOf(unit))}`;
        draft.alarm('stuck-drain', subjectOf(unit), text);
      }
    }
    if (situation.mayShrink && drainsUnasked(unit, now)) {
      const text = 'it drains without an order: this one says when it may be stopped';
      order(draft, unit, { phase: 'drain', reason: 'clean-up', text }, now);
    }
    // Also one that was told to go before it was ever heard: it will never say that it refuses newcomers.
    if (!isToGo(current) || heartbeat === undefined) stopNeverServed(draft, unit, situation, memory);
    if (unit.state === 'lost' && heartbeat !== undefined) {
      const silentS = Math.round((now - heartbeat.at) / 1000);
      draft.alarm('lost-task', subjectOf(unit), `silent for ${silentS} s; it is left alone`);
    }
  }
}

/** By a signal from elsewhere, or by an order that was lost: nobody would ever stop it. It does not come back. */
const drainsUnasked = ({ state, heartbeat, order: current, request }: Unit, now: number): boolean =>
  state === 'draining' &&
  request?.kind !== 'keep' &&
  heartbeat?.phase === 'draining' &&
  (current === undefined || (current.phase === 'serve' && now - current.at > listsLagMs));

const agrees = (unit: Unit): boolean =>
  unit.request?.kind === 'drain' ? isToGo(unit.order) : unit.request?.kind === 'keep' && !isToGo(unit.order);

/** When a drained task may be stopped; the same conditions are asked again right before the call. */
export function isDrained(unit: Pick<Unit, 'heartbeat' | 'order'>, situation: Situation): boolean {
  const { heartbeat, order: current } = unit;
  return (
    isFresh(heartbeat, situation.policy, situation.now) &&
    current?.phase === 'drain' &&
    heartbeat.obeys === current.generation &&
    !heartbeat.accepting &&
    isEmpty(heartbeat)
  );
}

function stopWhenEmpty(draft: Draft, unit: Unit, situation: Situation, memory: Memory): void {
  const { task, heartbeat, order: current, state } = unit;
  if (task === undefined || state === 'stopping' || state === 'stopped') return;
  if (current === undefined || heartbeat === undefined || !isDrained(unit, situation)) {
    if (heartbeat !== undefined && showsOf(unit) > 0) {
      draft.note(subjectOf(unit), 'waiting', `drains: holds ${held(showsOf(unit))}`);
    } else if ((heartbeat?.unstoredBytes ?? 0) > 0) {
      draft.note(subjectOf(unit), 'waiting', 'drains: its recordings are not stored yet');
    } else if ((heartbeat?.passing ?? 0) > 0) {
      draft.note(subjectOf(unit), 'waiting', 'drains: broadcasts of other hosts go through it');
    } else draft.note(subjectOf(unit), 'waiting', 'waits for the task to say that it refuses newcomers');
    return;
  }
  const first = memory.tasks[task.taskId]?.emptySequence;
  if (first === undefined || heartbeat.sequence <= first) {
    draft.note(subjectOf(unit), 'waiting', 'empty; a second heartbeat has to say so as well');
    return;
  }
  if (!situation.mayShrink || !isOutOfDns(unit, memory, situation)) {
    draft.note(subjectOf(unit), 'waiting', 'empty; waits until no DNS answer names it any more');
    return;
  }
  stop(draft, unit, situation, `${drained}${current.reason}`, current.reason);
}

/** It has never taken a broadcast: a task takes its first one only after a heartbeat was stored. */
function stopNeverServed(draft: Draft, unit: Unit, situation: Situation, memory: Memory): void {
  const { task, heartbeat, state } = unit;
  const { policy, now } = situation;
  if (task === undefined || !situation.mayShrink) return;
  if (state !== 'starting' && (state !== 'expired' || heartbeat !== undefined)) return;
  if (memory.tasks[task.taskId]?.servedAt !== undefined) return;
  if (now - task.startedAt <= policy.hosts.startWithinMs) return;
  // With heartbeats it is alive and says what it holds; `starting` with a broadcast does not exist, but who knows.
  if (heartbeat !== undefined && !(isEmpty(heartbeat) && !heartbeat.accepting)) return;
  stop(draft, unit, situation, 'never served', 'never-served');
}

function stop(draft: Draft, unit: Unit, { policy }: Situation, text: string, reason: ReasonCode): void {
  if (unit.task === undefined) return;
  if (draft.count('stop-task') >= policy.caps.stops) {
    draft.limit('stops a pass', `more than ${policy.caps.stops} tasks may stop; the rest follows`);
    return;
  }
  const { taskId } = unit.task;
  draft.decide(
    { kind: 'stop-task', taskId, reason: stopReason(text), forced: false },
    subjectOf(unit),
    reason,
    text,
  );
}
