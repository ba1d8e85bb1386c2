/** What is known of one task, host or slot, in lines for a terminal. Pure. */
import type { FleetView, HostView, TaskView } from '../../core/api/ops.ts';
import type { LoggedDecision } from '../../core/fleet/ports.ts';
import { alarmLines, cpuOf, styleOf, whyOf, type Look } from './fleet-lines.ts';
import type { Named } from './names.ts';
import { clean, count, hang, shortDigest, span, wallTime, zoneOf, type Style } from './text.ts';

const isAbout = (
  { kind, id }: Named,
  of: { readonly taskId?: string; readonly hostId?: string; readonly slot?: string },
): boolean => (kind === 'task' ? of.taskId : kind === 'host' ? of.hostId : of.slot) === id;

export const hostsOf = (named: Named, fleet: FleetView): readonly HostView[] =>
  fleet.hosts.filter(({ hostId, slot, task }) =>
    isAbout(named, {
      hostId,
      ...(slot === undefined ? {} : { slot }),
      ...(task === undefined ? {} : { taskId: task.taskId }),
    }),
  );

/** Newest last, as given. */
export const decisionsAbout = (
  named: Named,
  decisions: readonly LoggedDecision[],
): readonly LoggedDecision[] => decisions.filter(({ subject }) => isAbout(named, subject));

export function alarmsAbout(named: Named, fleet: FleetView): FleetView['alarms'] {
  return fleet.alarms.filter(({ subject }) => isAbout(named, subject));
}

const field = (title: string, text: string, width: number): readonly string[] =>
  text === '' ? [] : hang(`  ${title.padEnd(10)}`, text, width);

function taskLines(host: HostView, task: TaskView, { now, width, paint }: Look): readonly string[] {
  const { order } = task;
  const since =
    order === undefined
      ? `, started ${span(now - task.startedAt)} ago`
      : `, told to go ${span(now - order.since)} ago`;
  const shows = task.shows.map(
    ({ broadcastId, state, startedAt, points }) =>
      `${clean(broadcastId)} ${clean(state)}, ${span(now - startedAt)} old, ${points} points`,
  );
  const heard = task.seenAt === undefined ? 'never' : `${span(now - task.seenAt)} ago`;
  return [
    ...field('task', clean(task.taskId), width),
    ...field('state', clean(task.state) + since, width).map((line) => paint(styleOf(task.state), line)),
    ...(order === undefined ? [] : field('reason', `${clean(order.reason)}: ${clean(order.text)}`, width)),
    ...field('now', whyOf(host, now), width),
    ...field('image', clean(shortDigest(task.digest)), width),
    ...field('heard', heard, width),
    ...field('room', `${task.usedPoints} of ${task.roomPoints} points, CPU ${cpuOf(task.cpu)}`, width),
    ...field('front set', task.inFront ? 'yes: new encoders are sent to it' : 'no', width),
    ...field('shows', count(task.shows.length, 'broadcast'), width),
    ...shows.flatMap((text) => hang(' '.repeat(12), text, width)),
  ];
}

function hostLines(host: HostView, look: Look): readonly string[] {
  const { now, width } = look;
  const age = span(now - host.launchedAt);
  const place = `${clean(host.slot ?? 'none')}, ${clean(host.address ?? 'no address')}`;
  return [
    ...field('host', `${clean(host.hostId)} ${clean(host.state)}, launched ${age} ago`, width),
    ...field('slot', place, width),
    ...(host.task === undefined ? ['  no task'] : taskLines(host, host.task, look)),
  ];
}

const whenNotThere: Readonly<Record<Named['kind'], string>> = {
  task: 'It has stopped, or the scheduler does not see it any more.',
  host: 'It is gone, or the scheduler does not see it any more.',
  slot: 'No host has it now.',
};

export function stateLines(named: Named, fleet: FleetView, look: Look): readonly string[] {
  const hosts = hostsOf(named, fleet);
  return [
    look.paint('bold', `${named.kind} ${clean(named.id)}`),
    ...(hosts.length === 0 ? [`  ${whenNotThere[named.kind]}`] : []),
    ...hosts.flatMap((host) => hostLines(host, look)),
    ...alarmLines(alarmsAbout(named, fleet), look),
  ];
}

const outcomeStyles: Readonly<Record<LoggedDecision['outcome'], Style | undefined>> = {
  done: 'good',
  failed: 'bad',
  planned: 'busy',
  note: 'dim',
};

interface Run {
  readonly first: LoggedDecision;
  readonly last: LoggedDecision;
  readonly times: number;
}

/** The same said again and again, as while something waits, is one line. */
export function runsOf(decisions: readonly LoggedDecision[]): readonly Run[] {
  const runs: Run[] = [];
  const key = ({ action, reason, text, outcome, error, subject }: LoggedDecision): string =>
    JSON.stringify([action, reason, text, outcome, error, subject]);
  for (const decision of decisions) {
    const run = runs.at(-1);
    if (run !== undefined && key(run.last) === key(decision))
      runs[runs.length - 1] = { ...run, last: decision, times: run.times + 1 };
    else runs.push({ first: decision, last: decision, times: 1 });
  }
  return runs;
}

function runLines({ first, last, times }: Run, { width, paint }: Look): readonly string[] {
  const again = times === 1 ? '' : ` (${times} times, last ${wallTime(last.at)})`;
  const error = first.error === undefined ? '' : ` — ${clean(first.error)}`;
  // A note has no action of its own.
  const what = first.outcome === 'note' ? 'note' : `${clean(first.action)} ${clean(first.outcome)}`;
  const text = `${what} [${clean(first.reason)}] ${clean(first.text)}${error}${again}`;
  return hang(`${wallTime(first.at)}  `, text, width).map((line, index) =>
    index === 0 ? paint(outcomeStyles[first.outcome], line) : line,
  );
}

/** @param slot of a task: it is started before it has an id, so that its start stands there only */
export function decisionLines(
  decisions: readonly LoggedDecision[],
  look: Look,
  slot?: string,
): readonly string[] {
  if (decisions.length === 0) {
    const start = slot === undefined ? '' : ` Its start stands at its slot: tidecast why ${clean(slot)}`;
    return [`No decision of the last week is about it.${start}`];
  }
  return [
    look.paint('bold', `Decisions of the last week, newest last (${zoneOf(look.now)})`),
    ...runsOf(decisions).flatMap((run) => runLines(run, look)),
  ];
}
