/** Which hosts are shown, in which order and in which groups. */
import type { HostView } from '../../core/api/ops.ts';
import { capital, placeState, shortDigest, urgency } from './words.ts';

export const arrangements = ['state', 'slot', 'image'] as const;
export type Arrangement = (typeof arrangements)[number];

export interface Group {
  readonly key: string;
  /** Undefined: one group is all there is. */
  readonly title: string | undefined;
  readonly hosts: readonly HostView[];
}

/** Two rows of one host are two tasks that are both said to be on it. */
export const keyOf = ({ hostId, task }: HostView): string =>
  task === undefined ? hostId : `${hostId}/${task.taskId}`;

/** What the log is asked for when somebody picks this host. */
export const subjectOf = ({ hostId, task }: HostView): string => task?.taskId ?? hostId;

const words = (host: HostView): string =>
  [
    host.slot,
    host.address,
    host.hostId,
    host.task?.taskId,
    host.task?.digest,
    placeState(host),
    host.task?.order?.reason,
    ...(host.task?.shows.map(({ broadcastId }) => broadcastId) ?? []),
  ]
    .join(' ')
    .toLowerCase();

/** Every word of the search must be somewhere in what is known of the host. */
export function search(hosts: readonly HostView[], text: string): readonly HostView[] {
  const wanted = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return wanted.length === 0
    ? hosts
    : hosts.filter((host) => {
        const known = words(host);
        return wanted.every((word) => known.includes(word));
      });
}

/** The API's order, by slot, holds inside each group. */
export function arrange(hosts: readonly HostView[], by: Arrangement): readonly Group[] {
  if (by === 'slot') return hosts.length === 0 ? [] : [{ key: 'all', title: undefined, hosts }];
  const keyed = Map.groupBy(hosts, (host) => (by === 'state' ? placeState(host) : (host.task?.digest ?? '')));
  const groups = [...keyed].map(([key, members]): Group => ({
    key,
    title: titleOf(key, by),
    hosts: members,
  }));
  return by === 'state'
    ? groups.toSorted((a, b) => urgency(a.key) - urgency(b.key))
    : groups.toSorted(
        (a, b) => Number(a.key === '') - Number(b.key === '') || b.hosts.length - a.hosts.length,
      );
}

const titleOf = (key: string, by: Arrangement): string =>
  by === 'state' ? capital(key) : key === '' ? 'Without a task' : `Image ${shortDigest(key)}`;
