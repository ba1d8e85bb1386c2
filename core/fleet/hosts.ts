import type { Draft } from './draft.ts';
import type { Images } from './images.ts';
import type { Memory } from './memory.ts';
import { isComing, isStaying, leastHosts, type Room } from './room-wanted.ts';
import { remembered } from './remembered.ts';
import type { Situation, Unit } from './situation.ts';
import type { GroupFact, TaskFact } from './snapshot.ts';
import { forgottenMs, listsLagMs } from './state.ts';
import { short, subjectOf } from './subject.ts';
import { takeBack } from './expire.ts';

/** Hosts follow the wanted room: idle ones get a task or go, missing ones are asked for. */

/** Registered, nothing runs there, and nobody on it is heard: the only hosts that may be given or taken. */
const isIdle = (unit: Unit, situation: Situation): boolean =>
  unit.host.state === 'running' && unit.task === undefined && !situation.heardOn.has(unit.host.hostId);

export interface HostsOutcome {
  /** Expiries that were taken back. */
  readonly kept: ReadonlySet<Unit>;
  /** Hosts that are to get a task, those without an address too. */
  readonly needed: readonly Unit[];
  readonly scaledOut: boolean;
  /** Hosts that have been asked for and are not to be seen yet, with those of this pass. */
  readonly unseen: number;
}

export function provide(
  draft: Draft,
  situation: Situation,
  memory: Memory,
  images: Images,
  room: Room,
): HostsOutcome {
  const { policy, units, snapshot } = situation;
  const idle = units
    .filter((unit) => isIdle(unit, situation) && unit.host.ready)
    .toSorted((a, b) => Number(b.address !== undefined) - Number(a.address !== undefined));
  const present = units.filter((unit) => unit.host.state !== 'terminating').length;
  const enough = room.wanted + policy.buffer.hysteresisPoints;

  const desired = snapshot.sources.group?.value.desired ?? present;
  const unseen = Math.max(0, desired - present);
  const coming = units.filter((unit) => isComing(unit, situation)).length + unseen;

  const least = leastHosts(situation, images);
  let planned = room.free + room.coming;
  let staying = units.filter((unit) => isStaying(unit, situation)).length;
  const needed: Unit[] = [];
  // Two tasks of one slot would be two hosts in one target group: a second address of it makes a host useless.
  const taken = new Set(units.flatMap(({ task }) => task?.slot ?? []));
  for (const unit of idle) {
    const { address } = unit;
    const isUseless = address !== undefined && taken.has(address.slot);
    const isWanted = images.wantsCanary && needed.length === 0;
    const isEnding = memory.hosts[unit.host.hostId]?.endSent === true;
    if (isEnding || isUseless || (!isWanted && planned >= enough && staying >= least)) {
      terminate(draft, unit, situation, memory, planned - room.wanted);
      continue;
    }
    needed.push(unit);
    if (address !== undefined) taken.add(address.slot);
    staying += 1;
    planned += policy.hosts.roomPoints;
  }
  terminateLost(draft, situation, memory);

  const shortPoints = room.wanted - planned;
  const kept = shortPoints > 0 ? takeBack(draft, situation, memory, images, shortPoints) : new Set<Unit>();
  const back = [...kept].reduce((sum, unit) => sum + policy.hosts.roomPoints - unit.used, 0);
  const wishes = [
    [
      Math.ceil((shortPoints - back) / policy.hosts.roomPoints),
      `${room.free} points free and ${room.coming} coming, ${room.wanted} wanted`,
    ],
    [
      images.wantsCanary && needed.length === 0 && coming === 0 ? 1 : 0,
      'a host for the first task of the new image',
    ],
    [least - staying - unseen, `${least} hosts are wanted at least that stay`],
  ] as const satisfies readonly (readonly [number, string])[];
  const [add, why] = wishes.reduce<readonly [number, string]>(
    (most, wish) => (wish[0] > most[0] ? wish : most),
    [0, ''],
  );
  const asked = ask(draft, situation, { present, unseen, add, why });
  return { kept, needed, scaledOut: asked > 0, unseen: unseen + asked };
}

/** Raises the desired count as far as the limits let it. @returns hosts asked for anew */
function ask(
  draft: Draft,
  situation: Situation,
  wish: { readonly present: number; readonly unseen: number; readonly add: number; readonly why: string },
): number {
  const { policy, snapshot } = situation;
  const group = snapshot.sources.group?.value;
  if (group === undefined) return 0;
  const { present, unseen } = wish;
  let add = wish.add;
  const have = present + unseen;
  for (const [limit, most] of add > 0 ? boundsOf(situation, group) : []) {
    if (add > 0 && have + add > most) {
      add = Math.max(0, most - have);
      draft.limit(limit, `${wish.add} more hosts are wanted; ${limit} allows ${most} in all`);
      if (limit === 'address quota')
        draft.alarm('address-quota', {}, `every Elastic IP of the quota (${most}) is in use`);
    }
  }
  if (add > policy.caps.launches) {
    add = policy.caps.launches;
    draft.limit('launches a pass', `${wish.add} more hosts are wanted; ${add} are asked for now`);
  }
  // Also when somebody lowered it below what lives: the group must not look for victims.
  if (have + add > group.desired) {
    // Each of those that are ended before takes one off the desired count.
    const desired = have + add - draft.count('terminate-host');
    const text = add > 0 ? wish.why : `${present} hosts live, but only ${group.desired} are desired`;
    draft.decide({ kind: 'set-desired', hosts: desired }, {}, 'scale-out', text);
  }
  return add;
}

/** How many hosts there can be in all. */
function boundsOf(
  { policy, units, addresses }: Situation,
  group: GroupFact,
): readonly (readonly ['host maximum' | 'address quota' | 'slots', number])[] {
  // What others hold is not to be had, though it counts.
  const hosts = new Set(units.map((unit) => unit.host.hostId));
  const lent = addresses.filter(({ hostId }) => hostId !== undefined && !hosts.has(hostId));
  const slots = new Set(policy.slots);
  for (const { slot } of lent) slots.delete(slot);
  return [
    ['host maximum', Math.min(policy.hosts.max, group.maxHosts)],
    ['address quota', policy.addresses.quota - lent.length],
    ['slots', slots.size],
  ];
}

function terminate(draft: Draft, unit: Unit, situation: Situation, memory: Memory, surplus: number): void {
  const { policy, now } = situation;
  const mark = memory.hosts[unit.host.hostId];
  if (!situation.mayShrink) return;
  const idleMs = now - (mark?.idleSince ?? now);
  // A silent task that the list leaves out may hold shows.
  const waitMs = situation.unlistedOn.has(unit.host.hostId) ? forgottenMs : policy.scaleIn.idleMs;
  if (idleMs < waitMs || now - (mark?.startedAt ?? 0) < listsLagMs) {
    draft.note(subjectOf(unit), 'waiting', `idle for ${Math.round(idleMs / 1000)} s; goes if it stays so`);
    return;
  }
  if (draft.count('terminate-host') >= policy.caps.terminations) return;
  const text = `empty, no task, and ${surplus} points more than wanted without it`;
  draft.decide({ kind: 'terminate-host', hostId: unit.host.hostId }, subjectOf(unit), 'host-idle', text);
}

/** An instance whose agent never registered, or has left, can't get a task. */
function terminateLost(draft: Draft, situation: Situation, memory: Memory): void {
  const { policy, now } = situation;
  if (!situation.mayShrink) return;
  for (const unit of situation.units) {
    const idleMs = now - (memory.hosts[unit.host.hostId]?.idleSince ?? now);
    if (!isIdle(unit, situation) || unit.host.ready || idleMs < 2 * policy.hosts.leadMs) continue;
    if (draft.count('terminate-host') >= policy.caps.terminations) return;
    const text = `has no task and has not been in the cluster for ${Math.round(idleMs / 60_000)} minutes`;
    draft.decide({ kind: 'terminate-host', hostId: unit.host.hostId }, subjectOf(unit), 'host-lost', text);
  }
}

/** Gives the needed hosts that have an address a task each. */
export function startTasks(
  draft: Draft,
  situation: Situation,
  memory: Memory,
  images: Images,
  needed: readonly Unit[],
): void {
  const { policy, release } = situation;
  if (!(['hosts', 'tasks', 'addresses', 'heartbeats'] as const).every(situation.isKnown)) return;
  let canary = images.wantsCanary;
  for (const unit of needed) {
    const { address, host } = unit;
    if (address === undefined) continue;
    const digest = canary ? release?.digest : images.safe;
    if (digest === undefined) {
      draft.note(subjectOf(unit), 'waiting', 'no image has been pushed yet');
      continue;
    }
    if (draft.count('start-task') >= policy.caps.starts) {
      draft.limit('starts a pass', `more than ${policy.caps.starts} tasks may start; the rest follows`);
      return;
    }
    const last = lastTaskOn(host.hostId, situation) ?? memory.hosts[host.hostId]?.lastTaskId ?? 'first';
    draft.decide(
      {
        kind: 'start-task',
        hostId: host.hostId,
        slot: address.slot,
        digest,
        // The same start is the same token, whoever repeats it; after that task has ended it is another one.
        token: `${host.hostId}.${digest.slice(-12)}.${last.slice(-12)}`,
      },
      { ...subjectOf(unit), digest },
      canary ? 'canary' : 'scale-out',
      canary ? `first task of image ${short(digest)}` : `room for ${policy.hosts.roomPoints} points`,
    );
    canary = false;
  }
}

/** The newest task of each host, whatever became of it. */
const lastTasks = remembered((tasks: readonly TaskFact[]): ReadonlyMap<string, TaskFact> => {
  const found = new Map<string, TaskFact>();
  for (const task of tasks) {
    const other = found.get(task.hostId);
    const isNewer =
      other === undefined ||
      task.startedAt > other.startedAt ||
      (task.startedAt === other.startedAt && task.taskId > other.taskId);
    if (isNewer) found.set(task.hostId, task);
  }
  return found;
});

export const lastTaskOn = (hostId: string, { snapshot }: Situation): string | undefined =>
  lastTasks(snapshot.sources.tasks?.value ?? noTasks).get(hostId)?.taskId;

const noTasks: readonly TaskFact[] = [];

export function protectHosts(draft: Draft, { units }: Situation): void {
  for (const { host } of units) {
    if (host.isProtected || host.state === 'terminating') continue;
    draft.decide(
      { kind: 'protect-host', hostId: host.hostId },
      { hostId: host.hostId },
      'protection',
      'is not protected from scale-in',
    );
  }
}
