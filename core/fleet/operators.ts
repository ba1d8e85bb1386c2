import type { Draft } from './draft.ts';
import type { Memory } from './memory.ts';
import { order, showsOf } from './orders.ts';
import type { Situation } from './situation.ts';
import { isToGo } from './state.ts';
import { forceReason } from './stop-reason.ts';
import { held, subjectOf } from './subject.ts';

/** What people wish for single tasks. Carried out until the facts show it, so that a lost call is made again. */
export function obeyOperators(draft: Draft, situation: Situation, memory: Memory): void {
  for (const unit of situation.units) {
    const { request, task } = unit;
    if (request === undefined || task === undefined) continue;
    const text = `${request.by}: ${request.reason}`;
    const toGo = isToGo(unit.order);
    if (request.kind === 'force-stop') {
      const reason = forceReason(text);
      // To a task StopTask is a SIGTERM, at which it drains: it has to be told that this one does not wait.
      if (unit.order?.phase !== 'finish') {
        order(draft, unit, { phase: 'finish', reason: 'operator', text: reason }, situation.now);
      }
      if (unit.state === 'stopping' || unit.state === 'stopped') continue;
      draft.decide(
        { kind: 'stop-task', taskId: task.taskId, reason, forced: true },
        subjectOf(unit),
        'operator',
        `force-stop with ${held(showsOf(unit))}, ${reason}`,
      );
    } else if (request.kind === 'drain' && !toGo) {
      order(draft, unit, { phase: 'expire', reason: 'operator', text }, situation.now);
    } else if (request.kind === 'keep') {
      if (toGo && memory.tasks[task.taskId]?.stopSent === true)
        draft.note(subjectOf(unit), 'operator', `too late to keep it, it is being stopped; asked by ${text}`);
      else if (toGo) order(draft, unit, { phase: 'serve', reason: 'operator', text }, situation.now);
      // A release, or a fleet that should shrink, waits for it: that has to be seen.
      else draft.note(subjectOf(unit), 'operator', `kept for an hour by ${text}`);
    }
  }
}
