import type { Draft } from './draft.ts';
import type { Images } from './images.ts';
import type { Memory } from './memory.ts';
import { expire, isAvailable, order, showsOf } from './orders.ts';
import { leastHosts, type Room } from './room-wanted.ts';
import type { Situation, Unit } from './situation.ts';
import { isToGo, listsLagMs } from './state.ts';
import { short, subjectOf } from './subject.ts';

/**
 * Sends tasks away: by image first, then by surplus; one kind a pass, so that two good reasons together
 * don't take too much. Returns those it expired.
 */
export function expireTasks(
  draft: Draft,
  situation: Situation,
  memory: Memory,
  images: Images,
  room: Room,
  inFront: ReadonlySet<Unit>,
): readonly Unit[] {
  if (!situation.mayShrink) return [];
  if (!images.mayRoll) explainTrial(draft, situation, images);
  const rolled = images.wantsCanary
    ? makeWayForCanary(draft, situation, memory, images, room, inFront)
    : rollOut(draft, situation, memory, images, room, inFront);
  if (rolled.length > 0) return rolled;
  const unreachable = expireUnreachable(draft, situation, memory);
  return unreachable.length > 0 ? unreachable : scaleIn(draft, situation, memory, images, room, inFront);
}

/** A task whose host has lost its address, or has another one now: nobody finds it, and an address may be given to idle hosts only. */
function expireUnreachable(draft: Draft, situation: Situation, memory: Memory): readonly Unit[] {
  const { now, policy } = situation;
  const unreachable = situation.units
    .filter((unit) => {
      const since = memory.tasks[unit.task?.taskId ?? '']?.unreachableSince;
      return isAvailable(unit) && unit.request === undefined && now - (since ?? now) >= listsLagMs;
    })
    .slice(0, policy.caps.expires);
  for (const unit of unreachable) {
    const text = `its host does not have the address of ${unit.task?.slot ?? 'its slot'} any more`;
    expire(draft, unit, memory, situation, 'address', text);
  }
  return unreachable;
}

/** Those of which no person wants anything, the cheapest to lose first. */
function victims(
  situation: Situation,
  inFront: ReadonlySet<Unit>,
  which: (unit: Unit) => boolean,
): readonly Unit[] {
  return situation.units
    .filter((unit) => isAvailable(unit) && unit.request === undefined && which(unit))
    .toSorted(
      (a, b) =>
        Number(inFront.has(a)) - Number(inFront.has(b)) ||
        showsOf(a) - showsOf(b) ||
        a.used - b.used ||
        (a.host.hostId < b.host.hostId ? -1 : 1),
    );
}

/** Somebody who watches a release asks first of all why nothing happens. */
function explainTrial(draft: Draft, { units, policy, release }: Situation, { target }: Images): void {
  if (release === undefined || target === undefined) return;
  const seconds = Math.round(policy.rollout.canaryMs / 1_000);
  const text = `old image; stays until ${short(target)} has served for ${seconds} s`;
  for (const unit of units)
    if (isAvailable(unit) && unit.task?.digest !== target) draft.note(subjectOf(unit), 'waiting', text);
}

/** 2026-11-20 14:08 UTC */
const utc = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

function rollOut(
  draft: Draft,
  situation: Situation,
  memory: Memory,
  images: Images,
  room: Room,
  inFront: ReadonlySet<Unit>,
): readonly Unit[] {
  const { policy } = situation;
  const { target } = images;
  if (!images.mayRoll || target === undefined) return [];
  const old = victims(situation, inFront, (unit) => unit.task?.digest !== target);
  if (old.length === 0) return [];
  const { isPatient } = images;
  // While there is patience only what is empty and not wanted goes; then everything above the minimum (I2),
  // and the hosts that are missing are added.
  const keep = isPatient ? room.wanted : room.minimum;
  const { goodAt = 0 } = images.marks[target] ?? {};
  const patience = `old image; goes when empty, or from ${utc(goodAt + policy.rollout.patienceMs)} on`;
  const expired: Unit[] = [];
  let left = room.free;
  let staying = situation.units.filter(isAvailable).length;
  // At a limit no host comes to take its place: then one may be enough for a while.
  const least = isAtLimit(draft) ? 1 : policy.front.minAddresses;
  for (const unit of old) {
    if (isPatient && showsOf(unit) > 0) {
      draft.note(subjectOf(unit), 'waiting', patience);
      continue;
    }
    if (left - unit.free < keep || staying <= least) {
      draft.note(subjectOf(unit), 'waiting', 'old image; stays while its room is needed');
      continue;
    }
    if (expired.length >= policy.caps.expires) break;
    left -= unit.free;
    staying -= 1;
    expired.push(unit);
    const text = `image ${short(unit.task?.digest)} is followed by ${short(target)}; ${left} points stay free`;
    expire(draft, unit, memory, situation, images.brokenRelease ? 'image-broken' : 'rollout', text);
  }
  return expired;
}

/** No more hosts can be had. */
const isAtLimit = (draft: Draft): boolean =>
  (['host maximum', 'address quota', 'slots'] as const).some((limit) => draft.limits.has(limit));

/**
 * No host can be added: one of the old image gives its place up for the first task of the new one. An empty one; when
 * the patience is over without any, one that holds shows: with some that run round the clock on every host no
 * release would ever begin.
 */
function makeWayForCanary(
  draft: Draft,
  situation: Situation,
  memory: Memory,
  images: Images,
  room: Room,
  inFront: ReadonlySet<Unit>,
): readonly Unit[] {
  const { units, policy, now, release } = situation;
  if (!isAtLimit(draft)) return [];
  if (units.some((unit) => unit.order?.reason === 'canary' && isToGo(unit.order))) return [];
  const waitedMs = now - (images.marks[release?.digest ?? '']?.firstSeenAt ?? now);
  const isPatient = waitedMs < policy.rollout.patienceMs;
  const [unit] = victims(situation, inFront, (each) => showsOf(each) === 0 || !isPatient);
  if (unit === undefined || room.free - unit.free < room.minimum || units.filter(isAvailable).length < 2) {
    draft.note({}, 'waiting', 'no host is free for the first task of the new image');
    return [];
  }
  expire(draft, unit, memory, situation, 'canary', 'its host is wanted for the first task of the new image');
  return [unit];
}

function scaleIn(
  draft: Draft,
  situation: Situation,
  memory: Memory,
  images: Images,
  room: Room,
  inFront: ReadonlySet<Unit>,
): readonly Unit[] {
  const { policy, now, units } = situation;
  if (now - memory.lastScaleOutAt < policy.scaleIn.afterScaleOutMs) return [];
  // Not those that are still to come: a boot or a first task can fail, and then there would be too few.
  const isProven = (unit: Unit): boolean =>
    unit.task?.digest === images.safe || images.safe === images.target;
  let hosts = units.filter((unit) => isAvailable(unit) && isProven(unit)).length;
  const least = leastHosts(situation, images);
  let left = room.free;
  const expired: Unit[] = [];
  const idle = victims(
    situation,
    inFront,
    (unit) =>
      !inFront.has(unit) &&
      showsOf(unit) === 0 &&
      // The first task of a new image has to be there until it has shown itself.
      isProven(unit) &&
      now - (memory.hosts[unit.host.hostId]?.idleSince ?? now) >= policy.scaleIn.idleMs,
  );
  for (const unit of idle) {
    if (expired.length >= policy.caps.expires || hosts - 1 < least) break;
    if (left - unit.free < room.wanted + policy.buffer.hysteresisPoints) break;
    left -= unit.free;
    hosts -= 1;
    expired.push(unit);
    const text = `empty, and ${left} points stay free of ${room.wanted} wanted`;
    expire(draft, unit, memory, situation, 'scale-in', text);
  }
  return expired;
}

/** Takes expiries for want of demand back when demand is there again: quicker than any new host. */
export function takeBack(
  draft: Draft,
  situation: Situation,
  memory: Memory,
  images: Images,
  shortBy: number,
): ReadonlySet<Unit> {
  const kept = new Set<Unit>();
  let missing = shortBy;
  for (const unit of situation.units) {
    if (missing <= 0) break;
    const { order: before, state, heartbeat, task, request } = unit;
    if (request !== undefined || memory.tasks[task?.taskId ?? '']?.stopSent === true) continue;
    if (before?.reason !== 'scale-in' || !isToGo(before) || task?.digest !== images.target) continue;
    if ((state !== 'expired' && state !== 'draining') || heartbeat === undefined) continue;
    if (heartbeat.phase !== 'serving' && heartbeat.obeys !== before.generation) continue;
    missing -= Math.max(0, heartbeat.roomPoints - unit.used);
    kept.add(unit);
    const text = `${shortBy} points of room are missing`;
    order(draft, unit, { phase: 'serve', reason: 'demand-came-back', text }, situation.now);
  }
  return kept;
}
