import type { Draft } from './draft.ts';
import type { Order, ReasonCode } from './heartbeat.ts';
import type { Images } from './images.ts';
import type { Memory } from './memory.ts';
import type { Room } from './room-wanted.ts';
import type { Situation, Unit } from './situation.ts';
import { isEmpty, isFresh, isToGo } from './state.ts';
import { short, subjectOf } from './subject.ts';

/**
 * Expire, drain, stop (design section 5). The fence is the task: only after it has said that it refuses new
 * broadcasts, and two heartbeats since then have shown it empty, is it stopped.
 */

/** DNS answers that name a slot have run out: it left the front set a time-to-live and the slack ago. */
export function isOutOfDns(unit: Unit, memory: Memory, { policy, now }: Situation): boolean {
  if (unit.address === undefined) return true;
  const left = memory.leftFrontAt[unit.address.slot];
  return left !== undefined && now - left >= policy.front.ttlS * 1000 + policy.front.slackMs;
}

function order(
  draft: Draft,
  unit: Unit,
  wish: { readonly phase: Order['phase']; readonly reason: ReasonCode; readonly text: string },
  now: number,
): void {
  if (unit.task === undefined) return;
  const { taskId } = unit.task;
  const before = unit.order;
  draft.decide(
    {
      kind: 'write-order',
      order: {
        taskId,
        generation: Math.max(before?.generation ?? 0, unit.heartbeat?.obeys ?? 0) + 1,
        ...wish,
        at: now,
        expiredAt: isToGo(before) && wish.phase === 'drain' ? before.expiredAt : now,
      },
    },
    subjectOf(unit),
    wish.reason,
    wish.text,
  );
}

/** Expires a task; one whose address has been out of DNS for long enough drains at once. */
function expire(
  draft: Draft,
  unit: Unit,
  memory: Memory,
  situation: Situation,
  reason: ReasonCode,
  text: string,
): void {
  const phase = isOutOfDns(unit, memory, situation) ? 'drain' : 'expire';
  order(draft, unit, { phase, reason, text }, situation.now);
}

const isAvailable = (unit: Unit): boolean =>
  unit.state === 'serving' && !isToGo(unit.order) && unit.host.state === 'running';

const showsOf = (unit: Unit): number => unit.heartbeat?.shows.length ?? 0;

/** What people wish for single tasks. Carried out until the facts show it, so that a lost call is made again. */
export function obeyOperators(draft: Draft, situation: Situation): void {
  for (const unit of situation.units) {
    const { request, task } = unit;
    if (request === undefined || task === undefined) continue;
    const text = `${request.by}: ${request.reason}`;
    const toGo = isToGo(unit.order);
    if (request.kind === 'force-stop') {
      if (unit.state === 'stopping' || unit.state === 'stopped') continue;
      const reason = `forced by ${text}`;
      draft.decide(
        { kind: 'stop-task', taskId: task.taskId, reason, forced: true },
        subjectOf(unit),
        'operator',
        `force-stop with ${showsOf(unit)} broadcasts, ${reason}`,
      );
    } else if (request.kind === 'drain' && !toGo) {
      order(draft, unit, { phase: 'expire', reason: 'operator', text }, situation.now);
    } else if (request.kind === 'keep' && toGo) {
      order(draft, unit, { phase: 'serve', reason: 'operator', text }, situation.now);
    }
  }
}

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
  const rolled = images.wantsCanary
    ? makeWayForCanary(draft, situation, memory, room, inFront)
    : rollOut(draft, situation, memory, images, room, inFront);
  if (rolled.length > 0) return rolled;
  const unreachable = expireUnreachable(draft, situation, memory);
  return unreachable.length > 0 ? unreachable : scaleIn(draft, situation, memory, images, room, inFront);
}

/** A task whose host has lost its address, or has another one now: nobody finds it, and an address may be given to idle hosts only. */
function expireUnreachable(draft: Draft, situation: Situation, memory: Memory): readonly Unit[] {
  const unreachable = situation.units.filter(
    (unit) => isAvailable(unit) && unit.address?.slot !== unit.task?.slot,
  );
  for (const unit of unreachable.slice(0, situation.policy.caps.expires)) {
    const text = `its host does not have the address of ${unit.task?.slot ?? 'its slot'} any more`;
    expire(draft, unit, memory, situation, 'address', text);
  }
  return unreachable;
}

/** Those that nobody asked to keep, the cheapest to lose first. */
function victims(
  situation: Situation,
  inFront: ReadonlySet<Unit>,
  which: (unit: Unit) => boolean,
): readonly Unit[] {
  return situation.units
    .filter((unit) => isAvailable(unit) && unit.request?.kind !== 'keep' && which(unit))
    .toSorted(
      (a, b) =>
        Number(inFront.has(a)) - Number(inFront.has(b)) ||
        showsOf(a) - showsOf(b) ||
        a.used - b.used ||
        (a.host.hostId < b.host.hostId ? -1 : 1),
    );
}

function rollOut(
  draft: Draft,
  situation: Situation,
  memory: Memory,
  images: Images,
  room: Room,
  inFront: ReadonlySet<Unit>,
): readonly Unit[] {
  const { policy, now } = situation;
  const { target } = images;
  if (!images.mayRoll || target === undefined) return [];
  const old = victims(situation, inFront, (unit) => unit.task?.digest !== target);
  if (old.length === 0) return [];
  const goodSince = images.marks[target]?.goodAt ?? now;
  const isPatient = now - goodSince < policy.rollout.patienceMs;
  // While there is patience only surplus room is given up; then everything above the minimum (I2), and the
  // hosts that are missing are added.
  const keep = isPatient ? room.wanted : room.minimum;
  const expired: Unit[] = [];
  let left = room.free;
  let staying = situation.units.filter(isAvailable).length;
  for (const unit of old) {
    if (left - unit.free < keep || staying <= policy.front.minAddresses) {
      draft.note(subjectOf(unit), 'waiting', `of an old image; stays while its room is needed`);
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

/** No host can be added: an empty one of the old image gives its place up for the first task of the new one. */
function makeWayForCanary(
  draft: Draft,
  situation: Situation,
  memory: Memory,
  room: Room,
  inFront: ReadonlySet<Unit>,
): readonly Unit[] {
  const { units } = situation;
  if (!(['host maximum', 'address quota', 'slots'] as const).some((limit) => draft.limits.has(limit)))
    return [];
  if (units.some((unit) => unit.order?.reason === 'canary' && isToGo(unit.order))) return [];
  const [unit] = victims(situation, inFront, (each) => showsOf(each) === 0);
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
  let hosts = units.filter((unit) => unit.host.state !== 'terminating').length;
  let left = room.free;
  const expired: Unit[] = [];
  const idle = victims(
    situation,
    inFront,
    (unit) =>
      !inFront.has(unit) &&
      showsOf(unit) === 0 &&
      // The first task of a new image has to be there until it has shown itself.
      (unit.task?.digest === images.safe || images.safe === images.target) &&
      now - (memory.hosts[unit.host.hostId]?.idleSince ?? now) >= policy.scaleIn.idleMs,
  );
  for (const unit of idle) {
    if (expired.length >= policy.caps.expires || hosts - 1 < policy.hosts.min) break;
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
  images: Images,
  shortBy: number,
): ReadonlySet<Unit> {
  const kept = new Set<Unit>();
  let missing = shortBy;
  for (const unit of situation.units) {
    if (missing <= 0) break;
    const { order: before, state, heartbeat, task } = unit;
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

/** Moves what is expired on: to drain when DNS has forgotten it, to stop when it is empty for certain. */
export function advance(draft: Draft, situation: Situation, memory: Memory, kept: ReadonlySet<Unit>): void {
  const { policy, now } = situation;
  for (const unit of situation.units) {
    const { task, order: current, heartbeat } = unit;
    if (task === undefined || kept.has(unit)) continue;
    // A newer wish of an operator is being written in this very pass.
    if (unit.request !== undefined && !agrees(unit)) continue;
    if (isToGo(current)) {
      if (current.phase === 'expire') {
        if (situation.mayShrink && isOutOfDns(unit, memory, situation)) {
          const { reason, text } = current;
          order(draft, unit, { phase: 'drain', reason, text }, now);
        } else draft.note(subjectOf(unit), 'waiting', 'waits until no DNS answer names it any more');
      } else stopWhenEmpty(draft, unit, situation, memory);
      if (now - current.expiredAt > policy.drain.stuckMs) {
        const hours = Math.round((now - current.expiredAt) / 3_600_000);
        const text = `on its way out for ${hours} h with ${showsOf(unit)} broadcasts`;
        draft.alarm('stuck-drain', subjectOf(unit), text);
      }
    } else stopNeverServed(draft, unit, situation, memory);
    if (unit.state === 'lost' && heartbeat !== undefined) {
      const silentS = Math.round((now - heartbeat.at) / 1000);
      draft.alarm('lost-task', subjectOf(unit), `silent for ${silentS} s; it is left alone`);
    }
  }
}

const agrees = (unit: Unit): boolean =>
  unit.request?.kind === 'drain' ? isToGo(unit.order) : unit.request?.kind === 'keep' && !isToGo(unit.order);

/** When a drained task may be stopped; the same conditions are asked again right before the call. */
export function isDrained(unit: Pick<Unit, 'heartbeat' | 'order'>, situation: Situation): boolean {
  const { heartbeat, order: current } = unit;
  return (
    isFresh(heartbeat, situation.policy, situation.now) &&
    current?.phase === 'drain' &&
    heartbeat.obeys === current.generation &&
    !heartbeat.accepting &&
    isEmpty(heartbeat)
  );
}

function stopWhenEmpty(draft: Draft, unit: Unit, situation: Situation, memory: Memory): void {
  const { task, heartbeat, order: current, state } = unit;
  if (task === undefined || state === 'stopping' || state === 'stopped') return;
  if (current === undefined || heartbeat === undefined || !isDrained(unit, situation)) {
    if (heartbeat !== undefined && showsOf(unit) > 0) {
      draft.note(subjectOf(unit), 'waiting', `drains: holds ${showsOf(unit)} broadcasts`);
    } else if ((heartbeat?.unstoredBytes ?? 0) > 0) {
      draft.note(subjectOf(unit), 'waiting', 'drains: its recordings are not stored yet');
    } else draft.note(subjectOf(unit), 'waiting', 'waits for the task to say that it refuses newcomers');
    return;
  }
  const first = memory.tasks[task.taskId]?.emptySequence;
  if (first === undefined || heartbeat.sequence <= first) {
    draft.note(subjectOf(unit), 'waiting', 'empty; a second heartbeat has to say so as well');
    return;
  }
  if (!situation.mayShrink || !isOutOfDns(unit, memory, situation)) {
    draft.note(subjectOf(unit), 'waiting', 'empty; waits until no DNS answer names it any more');
    return;
  }
  stop(draft, unit, situation, `drained: ${current.reason}`, current.reason);
}

/** It has never taken a broadcast: a task takes its first one only after a heartbeat was stored. */
function stopNeverServed(draft: Draft, unit: Unit, situation: Situation, memory: Memory): void {
  const { task, heartbeat, state } = unit;
  const { policy, now } = situation;
  if (task === undefined || state !== 'starting' || !situation.mayShrink) return;
  if (memory.tasks[task.taskId]?.servedAt !== undefined) return;
  if (now - task.startedAt <= policy.hosts.startWithinMs) return;
  // With heartbeats it is alive and says what it holds; `starting` with a broadcast does not exist, but who knows.
  if (heartbeat !== undefined && !(isEmpty(heartbeat) && !heartbeat.accepting)) return;
  stop(draft, unit, situation, 'never served', 'never-served');
}

function stop(draft: Draft, unit: Unit, { policy }: Situation, text: string, reason: ReasonCode): void {
  if (unit.task === undefined) return;
  if (draft.count('stop-task') >= policy.caps.stops) {
    draft.limit('stops a pass', `more than ${policy.caps.stops} tasks may stop; the rest follows`);
    return;
  }
  const { taskId } = unit.task;
  draft.decide(
    { kind: 'stop-task', taskId, reason: `tidecast: ${text}`, forced: false },
    subjectOf(unit),
    reason,
    text,
  );
}
