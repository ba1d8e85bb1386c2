import type { Alarm, Decision, Note } from '../../../core/fleet/decision.ts';
import type { ImageMark } from '../../../core/fleet/memory.ts';
import { brokenImage, hour, minute, newImage, oldImage, type FleetWish, type Made } from './hosts.ts';

export const imagesOf = (
  now: number,
  rollout: FleetWish['rollout'],
): Readonly<Record<string, ImageMark>> => ({
  [oldImage]: { firstSeenAt: now - 50 * hour, goodAt: now - 49 * hour, failedTasks: [] },
  [newImage]: {
    firstSeenAt: now - hour,
    failedTasks: [],
    ...(rollout === 'canary' ? {} : { goodAt: now - 55 * minute }),
  },
  [brokenImage]: { firstSeenAt: now - 5 * hour, failedTasks: ['a', 'b'], brokenAt: now - 4 * hour },
});

export const decisionsOf = (made: readonly Made[]): readonly Decision[] =>
  made.flatMap(({ kind, task, order }) =>
    kind === 'expired' && task !== undefined && order !== undefined
      ? [
          {
            action: { kind: 'write-order', order: { ...order, phase: 'drain', generation: 2 } },
            subject: { taskId: task.taskId, hostId: task.hostId, slot: task.slot },
            reason: order.reason,
            text: 'out of the front set for 24 s: it may refuse new broadcasts now',
          } as const,
        ]
      : [],
  );

export const notesOf = (made: readonly Made[], now: number): readonly Note[] =>
  made.flatMap(({ kind, task, heartbeat }): readonly Note[] => {
    if (task === undefined || heartbeat === undefined || kind !== 'draining') return [];
    const oldest = Math.min(...heartbeat.shows.map(({ startedAt }) => startedAt));
    const hours = ((now - oldest) / hour).toFixed(1);
    return [
      {
        subject: { taskId: task.taskId, slot: task.slot },
        reason: 'waiting',
        text: `waits for ${heartbeat.shows.length} broadcast(s), the oldest runs for ${hours} h`,
      },
    ];
  });

export function alarmsOf(made: readonly Made[], rollout: FleetWish['rollout']): readonly Alarm[] {
  const subjectOf = ({ task, address }: Made): Alarm['subject'] => ({
    ...(task === undefined ? {} : { taskId: task.taskId }),
    slot: address.slot,
  });
  const stuck = made.find(({ kind }) => kind === 'draining');
  const lost = made.find(({ kind }) => kind === 'lost');
  return [
    ...(rollout === 'halted'
      ? [
          {
            name: 'broken-image',
            subject: { digest: brokenImage },
            text: '2 tasks of the released image never served: the rollout stands still, older tasks serve on',
          } as const,
        ]
      : []),
    ...(lost === undefined
      ? []
      : [
          {
            name: 'lost-task',
            subject: subjectOf(lost),
            text: 'runs, but has not been heard from for 3 min: it counts as holding broadcasts',
          } as const,
        ]),
    ...(stuck === undefined
      ? []
      : [{ name: 'stuck-drain', subject: subjectOf(stuck), text: 'drains for 14 h' } as const]),
  ];
}
