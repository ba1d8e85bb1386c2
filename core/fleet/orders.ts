import type { Draft } from './draft.ts';
import type { Order, ReasonCode } from './heartbeat.ts';
import type { Memory } from './memory.ts';
import type { Situation, Unit } from './situation.ts';
import { isToGo } from './state.ts';
import { subjectOf } from './subject.ts';

/** Orders to tasks, and what decides which one fits. */

/** DNS answers that lead to a task have run out: its slot left the front set a time-to-live and the slack ago. */
export function isOutOfDns(unit: Unit, memory: Memory, { policy, now, front }: Situation): boolean {
  if (unit.address !== undefined && front?.includes(unit.address.ip) === true) return false;
  const waitMs = policy.front.ttlS * 1000 + policy.front.slackMs;
  // Where the address of its host is another slot's, by somebody's hand, one of the two may be in for other reasons.
  return [unit.address?.slot, unit.task?.slot].some((slot) => {
    const left = slot === undefined ? undefined : memory.leftFrontAt[slot];
    return left !== undefined && now - left >= waitMs;
  });
}

export const isAvailable = (unit: Unit): boolean =>
  unit.state === 'serving' && !isToGo(unit.order) && unit.host.state === 'running';

export const showsOf = (unit: Unit): number => unit.heartbeat?.shows.length ?? 0;

export function order(
  draft: Draft,
  unit: Unit,
  wish: { readonly phase: Order['phase']; readonly reason: ReasonCode; readonly text: string },
  now: number,
): void {
  if (unit.task === undefined) return;
  const { taskId } = unit.task;
  const before = unit.order;
  draft.decide(
    {
      kind: 'write-order',
      order: {
        taskId,
        generation: Math.max(before?.generation ?? 0, unit.heartbeat?.obeys ?? 0) + 1,
        ...wish,
        at: now,
        expiredAt: isToGo(before) && wish.phase === 'drain' ? before.expiredAt : now,
      },
    },
    subjectOf(unit),
    wish.reason,
    wish.text,
  );
}

/** Expires a task; one whose address has been out of DNS for long enough drains at once. */
export function expire(
  draft: Draft,
  unit: Unit,
  memory: Memory,
  situation: Situation,
  reason: ReasonCode,
  text: string,
): void {
  const phase = isOutOfDns(unit, memory, situation) ? 'drain' : 'expire';
  order(draft, unit, { phase, reason, text }, situation.now);
}
