import { addressHosts, aimTargets, nameFront, nameSlots } from './addressing.ts';
import type { Action, Plan, PlanFigures } from './decision.ts';
import { Draft } from './draft.ts';
import { chooseFront, peersOf } from './front.ts';
import type { Peer } from './heartbeat.ts';
import { protectHosts, provide, startTasks, type HostsOutcome } from './hosts.ts';
import { imagesOf, type Images } from './images.ts';
import type { Memory } from './memory.ts';
import type { Policy } from './policy.ts';
import { pruneImages, remember, rememberHosts, rememberStops, stillOut } from './remember.ts';
import { roomOf, type Room } from './room-wanted.ts';
import { situationOf, type Situation, type Unit } from './situation.ts';
import type { Snapshot, SourceName } from './snapshot.ts';
import { forgottenMs, isToGo } from './state.ts';
import { advance } from './drain.ts';
import { expireTasks } from './expire.ts';
import { obeyOperators } from './operators.ts';
import { short } from './subject.ts';

/** Without one of these nothing can be said at all. */
const essential: readonly SourceName[] = ['group', 'hosts', 'tasks', 'heartbeats', 'orders'];

/**
 * What to do now, and why. Pure: the same snapshot gives the same plan (I5), whatever the order of its lists
 * (I7). Facts that are stale may scale out, never in.
 */
export function plan(snapshot: Snapshot, policy: Policy, now: number): Plan {
  const situation = situationOf(snapshot, policy, now);
  const draft = new Draft();
  const memory = remember(situation);
  const images = imagesOf(situation, memory);
  const room = roomOf(situation, memory.demand);

  const missing = essential.filter((source) => snapshot.sources[source] === undefined);
  if (missing.length > 0 || !situation.isKnown('heartbeats')) {
    const which = missing.length > 0 ? missing : ['heartbeats'];
    draft.limit('stale facts', `nothing is decided: ${which.join(', ')} could not be read`);
    draft.alarm('stale-facts', {}, `could not read ${which.join(', ')}`);
    return finish(draft, situation, memory, images, room, situation.front ?? []);
  }
  if (!situation.mayShrink) {
    draft.limit('stale facts', 'nothing shrinks: a source could not be read');
    draft.alarm('stale-facts', {}, 'a source could not be read: nothing shrinks meanwhile');
  }

  // Until patience is over newcomers fill what there is, whatever its image.
  const preferred = images.isPatient ? undefined : images.safe;
  const before = chooseFront(situation, memory.demand, preferred);
  obeyOperators(draft, situation, memory);
  const outcome = provide(draft, situation, memory, images, room);
  const expired = outcome.scaledOut
    ? []
    : expireTasks(draft, situation, memory, images, room, new Set(before.units));
  advance(draft, situation, memory, outcome.kept);

  const leaving = new Set(draft.of('write-order').map(({ subject }) => subject.hostId));
  const isAffected = expired.length > 0 || before.units.some((unit) => leaving.has(unit.host.hostId));
  const remaining = situation.units.filter((unit) => !leaving.has(unit.host.hostId));
  const choice = isAffected
    ? chooseFront({ ...situation, units: remaining }, memory.demand, preferred)
    : before;
  const front = nameFront(draft, situation, choice, remaining);
  const peers = peersOf({ ...situation, units: remaining }, memory.demand, preferred);
  if (!samePeers(peers, memory.peers)) {
    draft.decide(
      { kind: 'write-peers', peers },
      {},
      'front-set',
      `full tasks pass newcomers on to ${peers.length} other${peers.length === 1 ? '' : 's'}`,
    );
  }
  addressHosts(draft, situation, memory, outcome.needed, outcome.unseen);
  nameSlots(draft, situation);
  aimTargets(draft, situation);
  protectHosts(draft, situation);
  startTasks(draft, situation, memory, images, outcome.needed);
  forget(draft, situation);
  raiseAlarms(draft, situation, memory, images, room, outcome);

  const inFront = new Set(choice.units.map((unit) => unit.host.hostId));
  const hostsOf = (kind: Action['kind']): ReadonlySet<string> =>
    new Set(draft.of(kind).flatMap(({ subject }) => subject.hostId ?? []));
  const [started, ended] = [hostsOf('start-task'), hostsOf('terminate-host')];
  const stopped = draft.of('stop-task').flatMap(({ subject }) => subject.taskId ?? []);
  return finish(
    draft,
    situation,
    {
      ...memory,
      leftFrontAt: stillOut(memory.leftFrontAt, front, situation),
      images: pruneImages(images.marks, situation),
      tasks: rememberStops(memory.tasks, stopped),
      hosts: rememberHosts(situation, memory, { inFront, started, ended }),
      peers,
      lastScaleOutAt: outcome.scaledOut ? now : memory.lastScaleOutAt,
    },
    images,
    room,
    front,
  );
}

const samePeers = (a: readonly Peer[], b: readonly Peer[]): boolean =>
  a.length === b.length &&
  a.every(
    (peer, index) =>
      peer.taskId === b[index]?.taskId && peer.relay === b[index].relay && peer.slots === b[index].slots,
  );

function raiseAlarms(
  draft: Draft,
  situation: Situation,
  memory: Memory,
  images: Images,
  room: Room,
  { unseen, scaledOut }: HostsOutcome,
): void {
  const { now, policy, release } = situation;
  if (images.brokenRelease && release !== undefined) {
    draft.limit('image broken', `the released image ${short(release.digest)} does not serve`);
    const { target } = images;
    const text =
      target === undefined || target === release.digest
        ? 'its tasks did not serve; it is tried again and again, as no image has served before'
        : `its tasks did not serve; new tasks get ${short(target)}`;
    draft.alarm('broken-image', { digest: release.digest }, text);
  }
  // EC2 may have none of that type: what was asked for counts as coming, and would for ever.
  const isOverdue = unseen > 0 && !scaledOut && now - memory.lastScaleOutAt > 2 * policy.hosts.leadMs;
  const overdue = `${unseen} hosts have been asked for and do not come`;
  if (isOverdue) draft.note({}, 'waiting', overdue);
  if (room.free < room.minimum && (isOverdue || (room.coming === 0 && unseen === 0))) {
    const why = isOverdue ? overdue : 'nothing is coming';
    draft.alarm('room-short', {}, `${room.free} points free, ${room.minimum} at least, ${why}`);
  }
}

/** A pass forgets so many; the rest follows. */
const maxForgotten = 20;

/** Heartbeats and orders of tasks that have stopped. */
function forget(draft: Draft, situation: Situation): void {
  const { snapshot, now, policy } = situation;
  if (!situation.isKnown('tasks') || !situation.isKnown('hosts') || !situation.isKnown('orders')) return;
  const living = new Set(situation.units.map((unit) => unit.task?.taskId));
  const seen = new Map<string, { readonly at: number; readonly hostId?: string }>();
  for (const { taskId, at } of snapshot.sources.orders?.value ?? []) {
    if (!living.has(taskId)) seen.set(taskId, { at });
  }
  for (const { taskId, hostId, at } of snapshot.sources.heartbeats?.value ?? []) {
    if (!living.has(taskId)) seen.set(taskId, { at, hostId });
  }
  if (seen.size === 0) return;
  const tasks = new Map((snapshot.sources.tasks?.value ?? []).map((task) => [task.taskId, task]));
  const bare = new Set(situation.units.flatMap(({ host, task }) => (task === undefined ? host.hostId : [])));
  for (const [taskId, { at, hostId }] of [...seen].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const task = tasks.get(taskId);
    // A list may have left it out: silent, it can still hold shows as long as its host is there for it.
    const isOver =
      task === undefined
        ? now - at > forgottenMs && !bare.has(hostId ?? '')
        : task.status === 'stopped' && now - at > policy.staleness.heartbeatMs;
    if (!isOver) continue;
    if (draft.count('forget-task') >= maxForgotten) return;
    draft.decide({ kind: 'forget-task', taskId }, { taskId }, 'clean-up', 'the task has stopped');
  }
}

function finish(
  draft: Draft,
  situation: Situation,
  memory: Memory,
  images: Images,
  room: Room,
  front: readonly string[],
): Plan {
  const decisions = draft.inOrder();
  if (decisions.length === 0 && draft.notes.length === 0) {
    const text = `${room.free} points free, ${room.wanted} wanted; nothing to do`;
    draft.note({}, 'steady', text);
  }
  return {
    decisions,
    notes: draft.notes,
    limitedBy: [...draft.limits],
    alarms: draft.alarms,
    figures: figuresOf(situation, images, room, front),
    memory,
  };
}

function figuresOf(
  { units, now }: Situation,
  images: Images,
  room: Room,
  front: readonly string[],
): PlanFigures {
  const count = (which: (unit: Unit) => boolean): number => units.filter(which).length;
  const tasks = count((unit) => unit.task !== undefined);
  const current = count((unit) => unit.task !== undefined && unit.task.digest === images.target);
  const toGo = units.flatMap((unit) =>
    unit.task !== undefined && isToGo(unit.order) ? [now - unit.order.expiredAt] : [],
  );
  return {
    broadcasts: units.reduce((sum, unit) => sum + (unit.heartbeat?.shows.length ?? 0), 0),
    usedPoints: room.used,
    freePoints: room.free,
    wantedPoints: room.wanted,
    minimumPoints: room.minimum,
    hosts: units.length,
    serving: count((unit) => unit.state === 'serving'),
    draining: count((unit) => unit.state === 'expired' || unit.state === 'draining'),
    lost: count((unit) => unit.state === 'lost'),
    longestDrainMs: Math.max(0, ...toGo),
    rolloutShare: tasks === 0 ? 1 : current / tasks,
    front,
    forecastArrivals: room.forecastArrivals,
  };
}
