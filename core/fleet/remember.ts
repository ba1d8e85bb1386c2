import { countArrivals } from './demand.ts';
import { lastTaskOn } from './hosts.ts';
import type { AddressMark, HostMark, ImageMark, Memory, TaskMark } from './memory.ts';
import { isComing } from './room-wanted.ts';
import type { Situation } from './situation.ts';
import type { AddressFact } from './snapshot.ts';
import { isDrained } from './drain.ts';

/** What this pass saw, put into the memory before anything is decided. */
export function remember(situation: Situation): Memory {
  const { snapshot } = situation;
  const before = snapshot.memory;
  const heartbeats = snapshot.sources.heartbeats;
  return {
    ...before,
    demand:
      heartbeats === undefined || !situation.isKnown('heartbeats')
        ? before.demand
        : countArrivals(before.demand, heartbeats.value, situation.now),
    leftFrontAt: leftFront(situation),
    tasks: situation.isKnown('tasks') && situation.isKnown('hosts') ? taskMarks(situation) : before.tasks,
    addresses: situation.isKnown('addresses') ? addressMarks(situation) : before.addresses,
  };
}

/**
 * A slot that DNS does not name is out since it was first seen out: late rather than early. It is in as long as
 * DNS names any of its addresses: a lost answer can have left it two.
 */
function leftFront(situation: Situation): Memory['leftFrontAt'] {
  const before = situation.snapshot.memory.leftFrontAt;
  const { front, now, addresses, units } = situation;
  if (front === undefined || !situation.isKnown('records')) return before;
  const inFront = slotsAt(front, addresses);
  const marks: Record<string, number> = {};
  const mark = (slot: string | undefined): void => {
    if (slot !== undefined && !inFront.has(slot)) marks[slot] ??= before[slot] ?? now;
  };
  for (const { slot } of addresses) mark(slot);
  // A task whose address no list names any more has its slot all the same.
  for (const { slot } of units) mark(slot);
  return marks;
}

function slotsAt(ips: readonly string[], addresses: readonly AddressFact[]): ReadonlySet<string> {
  const named = new Set(ips);
  const slots = new Set<string>();
  for (const { slot, ip } of addresses) if (named.has(ip)) slots.add(slot);
  return slots;
}

/** What the front set names from now on is no longer out, also if a scheduler dies before it sees it there. */
export function stillOut(
  marks: Memory['leftFrontAt'],
  front: readonly string[],
  situation: Situation,
): Memory['leftFrontAt'] {
  if (front === situation.front) return marks;
  const slots = slotsAt(front, situation.addresses);
  return Object.fromEntries(Object.entries(marks).filter(([slot]) => !slots.has(slot)));
}

function taskMarks(situation: Situation): Memory['tasks'] {
  const before = situation.snapshot.memory.tasks;
  const marks: Record<string, TaskMark> = {};
  for (const unit of situation.units) {
    if (unit.task === undefined) continue;
    const { taskId } = unit.task;
    const { servedAt, emptySequence, unreachableSince, stopSent } = before[taskId] ?? {};
    const serves = unit.state === 'serving' && unit.heartbeat?.accepting === true;
    const served = servedAt ?? (serves ? situation.now : undefined);
    const empty = isDrained(unit, situation) ? (emptySequence ?? unit.heartbeat?.sequence) : undefined;
    const isReachable = !situation.isKnown('addresses') || unit.address?.slot === unit.task.slot;
    const unreachable = isReachable ? undefined : (unreachableSince ?? situation.now);
    if (served === undefined && empty === undefined && unreachable === undefined && stopSent === undefined)
      continue;
    marks[taskId] = {
      ...(served === undefined ? {} : { servedAt: served }),
      ...(empty === undefined ? {} : { emptySequence: empty }),
      ...(unreachable === undefined ? {} : { unreachableSince: unreachable }),
      ...(stopSent === undefined ? {} : { stopSent }),
    };
  }
  // Whether a task that has stopped had served decides whether its image has failed.
  for (const task of situation.snapshot.sources.tasks?.value ?? []) {
    const mark = before[task.taskId];
    if (task.status === 'stopped' && mark !== undefined) marks[task.taskId] = mark;
  }
  return marks;
}

function addressMarks({ addresses, snapshot, now, units }: Situation): Memory['addresses'] {
  const before = snapshot.memory.addresses;
  const hosts = new Set(units.map((unit) => unit.host.hostId));
  const marks: Record<string, AddressMark> = {};
  for (const { addressId, hostId } of addresses) {
    if (hostId === undefined || !hosts.has(hostId)) {
      marks[addressId] = before[addressId] ?? { unusedSince: now };
    }
  }
  return marks;
}

/** What this pass decided, as far as later passes have to know. */
export function rememberHosts(
  situation: Situation,
  memory: Memory,
  outcome: {
    readonly inFront: ReadonlySet<string>;
    readonly started: ReadonlySet<string>;
    readonly ended: ReadonlySet<string>;
  },
): Memory['hosts'] {
  if (!situation.isKnown('hosts') || !situation.isKnown('tasks')) return memory.hosts;
  const { now } = situation;
  const marks: Record<string, HostMark> = {};
  for (const unit of situation.units) {
    const { hostId } = unit.host;
    const mark = memory.hosts[hostId];
    const lastTaskId = unit.task?.taskId ?? mark?.lastTaskId ?? lastTaskOn(hostId, situation);
    const startedAt = outcome.started.has(hostId) ? now : mark?.startedAt;
    // A host that boots, or whose task starts, is not idle: that counts from when it could have been of use.
    const isIdle =
      (unit.task === undefined && (unit.host.ready || !isComing(unit, situation))) ||
      ((unit.state === 'serving' || unit.state === 'expired' || unit.state === 'draining') &&
        unit.heartbeat?.shows.length === 0 &&
        !outcome.inFront.has(hostId)) ||
      unit.state === 'stopping';
    const idleSince = isIdle ? (mark?.idleSince ?? now) : undefined;
    const endSent = outcome.ended.has(hostId) || mark?.endSent === true;
    if (lastTaskId === undefined && startedAt === undefined && idleSince === undefined && !endSent) continue;
    marks[hostId] = {
      ...(lastTaskId === undefined ? {} : { lastTaskId }),
      ...(startedAt === undefined ? {} : { startedAt }),
      ...(idleSince === undefined ? {} : { idleSince }),
      ...(endSent ? { endSent } : {}),
    };
  }
  return marks;
}

/** The tasks that this pass stops. */
export function rememberStops(marks: Memory['tasks'], stopped: readonly string[]): Memory['tasks'] {
  if (stopped.length === 0) return marks;
  return {
    ...marks,
    ...Object.fromEntries(stopped.map((id) => [id, { ...marks[id], stopSent: true as const }])),
  };
}

/** An image that nothing runs and that was not released for so long is forgotten. */
const imageKeptMs = 7 * 86_400_000;

export function pruneImages(
  marks: Readonly<Record<string, ImageMark>>,
  situation: Situation,
): Memory['images'] {
  const running = new Set(situation.units.map((unit) => unit.task?.digest));
  const kept = Object.entries(marks).filter(
    ([digest, mark]) =>
      running.has(digest) ||
      situation.now - Math.max(mark.releasedAt ?? 0, mark.goodAt ?? 0, mark.firstSeenAt) < imageKeptMs,
  );
  return Object.fromEntries(kept);
}
