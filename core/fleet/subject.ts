import type { Subject } from './decision.ts';
import type { Unit } from './situation.ts';

/** What a decision about a host is about. */
export const subjectOf = (unit: Unit): Subject => ({
  hostId: unit.host.hostId,
  ...(unit.task === undefined ? {} : { taskId: unit.task.taskId, digest: unit.task.digest }),
  ...(unit.slot === undefined ? {} : { slot: unit.slot }),
});

/** "1 broadcast", "2 broadcasts" */
export const held = (shows: number): string => `${shows} broadcast${shows === 1 ? '' : 's'}`;

/** As the console and the command show digests: the first seven of the hex. */
export const short = (digest: string | undefined): string =>
  (digest ?? 'none').replace(/^sha256:/, '').slice(0, 7);
