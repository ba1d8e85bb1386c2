import type { ReasonCode } from '../../../core/fleet/heartbeat.ts';
import type { LoggedDecision, PassReport } from '../../../core/fleet/ports.ts';

const lines = [
  ['write-order', 'rollout', 'runs an older image than the released one: it is to go'],
  ['stop-task', 'empty', 'no broadcast on two heartbeats, out of the front set for 2 min'],
  ['start-task', 'canary', 'first task of a new image'],
  ['set-front', 'front-set', '28 addresses that have room; 2 full ones left out'],
  ['none', 'waiting', 'waits for 2 broadcasts, the oldest runs for 3.1 h'],
  ['set-desired', 'scale-out', 'free room 3,900 of 5,600 wanted: 1 host more'],
  ['associate-address', 'address', 'the host is ready and has no address'],
  ['none', 'limit', 'address quota: 1 host waits without an address'],
] as const satisfies readonly (readonly [string, ReasonCode, string])[];

/** A log about the tasks of a report, newest first, ten seconds from pass to pass. */
export function decisionLog(report: PassReport, count: number): readonly LoggedDecision[] {
  const tasks = report.snapshot.sources.tasks?.value ?? [];
  return Array.from({ length: count }, (_, index): LoggedDecision => {
    const [action, reason, text] = lines[index % lines.length] ?? lines[0];
    const task = tasks[index % Math.max(1, tasks.length)];
    const failed = index % 23 === 9;
    return {
      at: report.at - Math.floor(index / 3) * 10_000,
      n: 2 - (index % 3),
      action,
      subject: task === undefined ? {} : { taskId: task.taskId, slot: task.slot, hostId: task.hostId },
      reason,
      text,
      outcome: action === 'none' ? 'note' : failed ? 'failed' : 'done',
      ...(failed ? { error: 'throttled: Rate exceeded' } : {}),
    };
  });
}
