/** The fleet in lines for a terminal. Pure. */
import type { FleetView, HostView } from '../../core/api/ops.ts';
import { table, type Column } from './table.ts';
import {
  clean,
  count,
  hang,
  shortDigest,
  shortIds,
  span,
  wallTime,
  zoneOf,
  type Paint,
  type Style,
} from './text.ts';

/** A pass ends every 10 s or so; a crashed scheduler is followed within a minute. The console has the same number. */
export const silentAfterMs = 60_000;

export interface Look {
  readonly now: number;
  readonly width: number;
  readonly paint: Paint;
}

/** The alarm that no plan can raise: that nobody makes one. */
export function silence(
  fleet: FleetView,
  now: number,
): { readonly name: string; readonly text: string } | undefined {
  const age = now - fleet.at;
  return age > silentAfterMs
    ? { name: 'scheduler-silent', text: `the last pass ended ${span(age)} ago; what is shown is as old` }
    : undefined;
}

export const runbook = (alarm: string): string => `docs/runbook.md#${alarm}`;

const styles: Readonly<Record<string, Style>> = {
  serving: 'good',
  starting: 'new',
  launching: 'new',
  expired: 'busy',
  draining: 'busy',
  stopping: 'busy',
  terminating: 'busy',
  lost: 'bad',
};

export const styleOf = (state: string): Style | undefined =>
  Object.hasOwn(styles, state) ? styles[state] : undefined;

/** What a row is about: the task's state, or the host's while it has none. */
export const stateOf = (host: HostView): string => host.task?.state ?? host.state;

export function whyOf({ task }: HostView, now: number): string {
  if (task === undefined) return '';
  const silent =
    task.state === 'lost' && task.seenAt !== undefined ? `not heard from for ${span(now - task.seenAt)}` : '';
  const why = task.why ?? task.order?.text ?? '';
  return [silent, clean(why)].filter((text) => text !== '').join('; ');
}

export const cpuOf = (cpu: number): string => `${Math.round(cpu * 100)} %`;

function columnsFor(fleet: FleetView, now: number): readonly Column<HostView>[] {
  // Ten letters tell EC2 instances apart ("i-" and eight), eight tasks; more where that is not enough.
  const hosts = shortIds(
    fleet.hosts.map(({ hostId }) => hostId),
    10,
  );
  const tasks = shortIds(
    fleet.hosts.flatMap(({ task }) => task?.taskId ?? []),
    8,
  );
  return [
    { title: 'HOST', keep: 4, cell: ({ hostId }) => ({ text: clean(hosts.get(hostId) ?? hostId) }) },
    { title: 'SLOT', keep: 9, cell: ({ slot }) => ({ text: clean(slot ?? '') }) },
    { title: 'ADDRESS', keep: 2, cell: ({ address }) => ({ text: clean(address ?? '') }) },
    {
      title: 'TASK',
      keep: 10,
      cell: ({ task }) => ({ text: task === undefined ? '' : clean(tasks.get(task.taskId) ?? task.taskId) }),
    },
    {
      title: 'IMAGE',
      keep: 3,
      cell: ({ task }) => ({
        text: task === undefined ? '' : clean(shortDigest(task.digest)),
        style: task?.digest === fleet.rollout.digest ? undefined : 'busy',
      }),
    },
    {
      title: 'STATE',
      keep: 8,
      cell: (host) => ({ text: clean(stateOf(host)), style: styleOf(stateOf(host)) }),
    },
    {
      title: 'SHOWS',
      keep: 7,
      align: 'right',
      cell: ({ task }) => ({ text: task === undefined ? '' : String(task.shows.length) }),
    },
    {
      title: 'POINTS',
      keep: 6,
      align: 'right',
      cell: ({ task }) => ({ text: task === undefined ? '' : `${task.usedPoints}/${task.roomPoints}` }),
    },
    {
      title: 'CPU',
      keep: 5,
      align: 'right',
      cell: ({ task }) => ({
        text: task === undefined ? '' : cpuOf(task.cpu),
        style: (task?.cpu ?? 0) > (fleet.cpuBand?.high ?? 1) ? 'busy' : undefined,
      }),
    },
    { title: 'FRONT', keep: 5, cell: ({ task }) => ({ text: task?.inFront === true ? 'front' : '' }) },
    { title: 'WHY', keep: 1, cell: (host) => ({ text: whyOf(host, now) }) },
  ];
}

function rolloutLine({ rollout, images }: FleetView): string {
  const said: Readonly<Record<FleetView['rollout']['state'], string>> = {
    steady: 'on all tasks',
    canary: 'is tried on one task first',
    rolling: 'spreads',
    halted: 'is BROKEN and goes no further',
  };
  const others = images
    .filter(({ digest, tasks }) => digest !== rollout.digest && tasks > 0)
    .map(({ digest, state, tasks }) => `${clean(shortDigest(digest))} (${state}) on ${tasks}`);
  const old = others.length === 0 ? '' : `; others: ${others.join(', ')}`;
  // A newer scheduler may know other words.
  const state = said[rollout.state] ?? clean(rollout.state);
  return `${clean(shortDigest(rollout.digest))} ${state}: ${rollout.done} of ${count(rollout.of, 'task')}${old}`;
}

function figureLines(fleet: FleetView): readonly (readonly [string, string])[] {
  const { figures } = fleet;
  const drains = figures.draining === 0 ? '' : ` (longest ${span(figures.longestDrainMs)})`;
  const front = fleet.front.map(({ ip, slot }) => clean(slot === undefined ? ip : `${ip} (${slot})`));
  return [
    [
      'Fleet',
      `${count(figures.broadcasts, 'broadcast')} on ${count(figures.hosts, 'host')}; tasks: ${figures.serving} serving, ` +
        `${figures.draining} draining${drains}, ${figures.lost} lost`,
    ],
    [
      'Room',
      `${figures.usedPoints} points in use, ${figures.freePoints} free; wanted ${figures.wantedPoints}, ` +
        `never under ${figures.minimumPoints}`,
    ],
    ['Image', rolloutLine(fleet)],
    ['Front set', front.length === 0 ? 'empty: no encoder finds its way in' : front.join(', ')],
    ...(fleet.limitedBy.length === 0 ? [] : [['Limited by', clean(fleet.limitedBy.join(', '))] as const]),
  ];
}

export const alarmLines = (
  alarms: readonly { readonly name: string; readonly text: string }[],
  { width, paint }: Pick<Look, 'width' | 'paint'>,
): readonly string[] =>
  alarms.flatMap(({ name, text }) =>
    hang('ALARM'.padEnd(12), clean(`${name}: ${text} → ${runbook(name)}`), width).map((line) =>
      paint('bad', line),
    ),
  );

export function headerLines(fleet: FleetView, { now, width, paint }: Look): readonly string[] {
  const age = now - fleet.at;
  return [
    paint('dim', `Pass of ${wallTime(fleet.at)} ${zoneOf(fleet.at)}, ${span(age)} ago`),
    ...figureLines(fleet).flatMap(([title, text]) => hang(title.padEnd(12), text, width)),
    ...alarmLines([...[silence(fleet, now) ?? []].flat(), ...fleet.alarms], { width, paint }),
    ...fleet.errors.flatMap((error) =>
      hang('Error'.padEnd(12), clean(error), width).map((line) => paint('busy', line)),
    ),
  ];
}

export function fleetLines(fleet: FleetView, look: Look): readonly string[] {
  const rows =
    fleet.hosts.length === 0 ? ['No hosts.'] : table(columnsFor(fleet, look.now), fleet.hosts, look);
  return [...headerLines(fleet, look), '', ...rows];
}
