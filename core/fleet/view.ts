import type { FleetView, HostView, ImageView, TaskView } from '../api/ops.ts';
import type { Subject } from './decision.ts';
import type { Heartbeat, Order } from './heartbeat.ts';
import type { PassReport } from './ports.ts';
import type { HostFact, SourceName, TaskFact } from './snapshot.ts';
import { isFresh, isToGo, taskState, usedPoints, type TaskState } from './state.ts';

type Known<T> = ReadonlyMap<string, T>;

/**
 * What the console and the `tidecast` command show of a pass. It shows the facts that the pass began with, not
 * what its calls will have made of them: those stand in the decision log, and the next pass sees them.
 */
export function viewFleet(report: PassReport): FleetView {
  const { at, plan, policy } = report;
  const tasks = tasksOf(report);
  const front = frontOf(report);
  const whys = whysOf(report);
  const inFront = new Set(front.flatMap(({ slot }) => slot ?? []));
  const heartbeats = heartbeatsOf(report);
  const orders = ordersOf(report);

  const viewTask = (task: TaskFact): PlacedTask => {
    const heartbeat = heartbeats.get(task.taskId);
    const order = orders.get(task.taskId);
    const why = whys.get(task.taskId);
    const view: TaskView = {
      taskId: task.taskId,
      slot: task.slot,
      digest: task.digest,
      state: taskState(task, heartbeat, order, policy, at),
      startedAt: task.startedAt,
      ...(heartbeat === undefined ? {} : { seenAt: heartbeat.at }),
      shows: (heartbeat?.shows ?? []).toSorted((a, b) => compare(a.broadcastId, b.broadcastId)),
      usedPoints: heartbeat === undefined ? 0 : usedPoints(heartbeat),
      roomPoints: heartbeat?.roomPoints ?? policy.hosts.roomPoints,
      cpu: heartbeat?.cpu ?? 0,
      inFront: inFront.has(task.slot),
      ...(isToGo(order) ? { order: { reason: order.reason, text: order.text, since: order.expiredAt } } : {}),
      ...(why === undefined ? {} : { why }),
    };
    return { hostId: task.hostId, view };
  };

  const slotOrder = new Map(policy.slots.map((slot, index) => [slot, index]));
  const place = ({ slot }: HostView): number =>
    slot === undefined ? Number.MAX_SAFE_INTEGER : (slotOrder.get(slot) ?? Number.MAX_SAFE_INTEGER - 1);
  const hosts = hostsOf(report, tasks.map(viewTask)).toSorted(
    (a, b) => place(a) - place(b) || compare(a.hostId, b.hostId) || compareTasks(a, b),
  );
  return {
    at,
    figures: plan.figures,
    limitedBy: plan.limitedBy,
    alarms: plan.alarms,
    hosts,
    images: imagesOf(report, tasks),
    front,
    rollout: rolloutOf(report, tasks),
    errors: [
      ...unreadSources(report).map((source) => `${source}: could not be read`),
      ...report.errors.map(({ call, message }) => `${call}: ${message}`),
    ],
    cpuBand: { low: policy.cpu.low, high: policy.cpu.high },
  };
}

/** What is known of a task in this pass; undefined: it is not known at all. */
export const stateInReport = (report: PassReport, taskId: string): TaskState | undefined => {
  const task = [...(report.snapshot.sources.tasks?.value ?? []), ...tasksOf(report)].find(
    (each) => each.taskId === taskId,
  );
  return (
    task &&
    taskState(task, heartbeatsOf(report).get(taskId), ordersOf(report).get(taskId), report.policy, report.at)
  );
};

/** Not by locale: the same report looks the same everywhere. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const compareTasks = (a: HostView, b: HostView): number =>
  compare(a.task?.taskId ?? '', b.task?.taskId ?? '');

const byTask = <T extends { readonly taskId: string }>(list: readonly T[] | undefined): Known<T> =>
  new Map(list?.map((each) => [each.taskId, each]));

const heartbeatsOf = ({ snapshot }: PassReport): Known<Heartbeat> =>
  byTask(snapshot.sources.heartbeats?.value);
const ordersOf = ({ snapshot }: PassReport): Known<Order> => byTask(snapshot.sources.orders?.value);

const sourceNames = [
  'group',
  'hosts',
  'tasks',
  'addresses',
  'records',
  'targets',
  'release',
  'heartbeats',
  'orders',
  'requests',
  'events',
] as const satisfies readonly SourceName[];

/** Those that nothing at all is known of. */
const unreadSources = ({ snapshot }: PassReport): readonly SourceName[] =>
  sourceNames.filter((name) => snapshot.sources[name] === undefined);

/**
 * Tasks that have not stopped. One that only its heartbeat knows of is shown too: while the orchestrator can't
 * be read that is all there is, and otherwise its list lags behind by a few seconds.
 */
function tasksOf({ at, snapshot, policy }: PassReport): readonly TaskFact[] {
  const { tasks, heartbeats } = snapshot.sources;
  const listed = new Set(tasks?.value.map(({ taskId }) => taskId));
  const unlisted = (heartbeats?.value ?? [])
    .filter(({ taskId }) => !listed.has(taskId))
    .filter((heartbeat) => tasks === undefined || isFresh(heartbeat, policy, at))
    .map(({ taskId, hostId, slot, digest, startedAt }): TaskFact => ({
      taskId,
      hostId,
      slot,
      digest,
      startedAt,
      status: 'running',
    }));
  return [...(tasks?.value ?? []).filter(({ status }) => status !== 'stopped'), ...unlisted];
}

interface PlacedTask {
  readonly hostId: string;
  readonly view: TaskView;
}

function hostsOf({ snapshot }: PassReport, tasks: readonly PlacedTask[]): readonly HostView[] {
  const { hosts, addresses } = snapshot.sources;
  const taskOn = new Map<string, TaskView[]>();
  for (const { hostId, view } of tasks) taskOn.set(hostId, [...(taskOn.get(hostId) ?? []), view]);
  const addressOn = new Map(addresses?.value.map((address) => [address.hostId ?? '', address]));
  const ipOfSlot = new Map(addresses?.value.map(({ slot, ip }) => [slot, ip]));

  const view = (
    hostId: string,
    state: HostView['state'],
    launchedAt: number,
    task: TaskView | undefined,
  ): HostView => {
    const held = addressOn.get(hostId);
    const slot = task?.slot ?? held?.slot;
    const address = held?.ip ?? (hosts === undefined && slot !== undefined ? ipOfSlot.get(slot) : undefined);
    return {
      hostId,
      state,
      launchedAt,
      ...(slot === undefined ? {} : { slot }),
      ...(address === undefined ? {} : { address }),
      ...(task === undefined ? {} : { task }),
    };
  };

  const known = (hosts?.value ?? []).flatMap((host) => {
    // More than one is against the rules, and the last thing to hide.
    const on = taskOn.get(host.hostId) ?? [undefined];
    return on.map((task) => view(host.hostId, stateOf(host, task), host.launchedAt, task));
  });
  const listed = new Set(hosts?.value.map(({ hostId }) => hostId));
  const unlisted = [...taskOn]
    .filter(([hostId]) => !listed.has(hostId))
    .flatMap(([hostId, on]) =>
      on.map((task) => {
        const state = task.state === 'lost' ? 'lost' : hosts === undefined ? 'in-use' : 'gone';
        return view(hostId, state, task.startedAt, task);
      }),
    );
  return [...known.filter(({ state, task }) => state !== 'gone' || task !== undefined), ...unlisted];
}

function stateOf(host: HostFact, task: TaskView | undefined): HostView['state'] {
  if (host.state !== 'running') return host.state;
  if (task !== undefined) return task.state === 'lost' ? 'lost' : 'in-use';
  return host.ready ? 'idle' : 'launching';
}

/** What the name answers; while the records can't be read, what the planner takes it to be. */
function frontOf({ snapshot, plan }: PassReport): FleetView['front'] {
  const slotOf = new Map(snapshot.sources.addresses?.value.map(({ ip, slot }) => [ip, slot]));
  const ips = snapshot.sources.records?.value.front ?? plan.figures.front;
  return ips.map((ip) => {
    const slot = slotOf.get(ip);
    return slot === undefined ? { ip } : { ip, slot };
  });
}

/** By task: what is decided about it in this pass, or why nothing is. */
function whysOf({ plan }: PassReport): ReadonlyMap<string, string> {
  const whys = new Map<string, string>();
  const say = (lines: readonly { readonly subject: Subject; readonly text: string }[]): void => {
    for (const { subject, text } of lines)
      if (subject.taskId !== undefined && !whys.has(subject.taskId)) whys.set(subject.taskId, text);
  };
  // What happens to the task itself says more than what is done around it.
  say(plan.decisions.filter(({ action }) => action.kind === 'stop-task' || action.kind === 'write-order'));
  say(plan.notes);
  say(plan.decisions);
  return whys;
}

function imagesOf({ snapshot, plan }: PassReport, tasks: readonly TaskFact[]): readonly ImageView[] {
  const { images } = plan.memory;
  const released = snapshot.sources.release?.value.digest;
  const counts = new Map<string, number>();
  for (const { digest } of tasks) counts.set(digest, (counts.get(digest) ?? 0) + 1);
  const broken = Object.keys(images).filter((digest) => images[digest]?.brokenAt !== undefined);
  const shown = new Set([...(released === undefined ? [] : [released]), ...counts.keys(), ...broken]);
  const stateOfImage = (digest: string): ImageView['state'] => {
    const mark = images[digest];
    if (mark?.brokenAt !== undefined) return 'broken';
    if (digest !== released) return 'old';
    return mark?.goodAt === undefined ? 'canary' : 'released';
  };
  const age = (digest: string): number => images[digest]?.firstSeenAt ?? 0;
  return [...shown]
    .toSorted((a, b) => Number(b === released) - Number(a === released) || age(b) - age(a) || compare(a, b))
    .map((digest) => {
      const firstSeenAt = images[digest]?.firstSeenAt;
      const state = stateOfImage(digest);
      const count = counts.get(digest) ?? 0;
      return firstSeenAt === undefined
        ? { digest, state, tasks: count }
        : { digest, state, tasks: count, firstSeenAt };
    });
}

function rolloutOf({ snapshot, plan }: PassReport, tasks: readonly TaskFact[]): FleetView['rollout'] {
  // Without the release nobody can say what the tasks should run: none is counted as done.
  const digest = snapshot.sources.release?.value.digest ?? '';
  const done = tasks.filter((task) => task.digest === digest).length;
  const mark = plan.memory.images[digest];
  const state =
    mark?.brokenAt !== undefined
      ? 'halted'
      : done === tasks.length || digest === ''
        ? 'steady'
        : mark?.goodAt === undefined
          ? 'canary'
          : 'rolling';
  return { digest, state, done, of: tasks.length };
}
