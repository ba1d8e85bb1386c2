import { atMost, eventPoints, expectedPerMinute, isForeseen, pointsOfOne } from './demand.ts';
import type { Images } from './images.ts';
import type { DemandMemory } from './memory.ts';
import { isAvailable } from './orders.ts';
import type { Situation, Unit } from './situation.ts';

/** Room for newcomers, in points: what there is, what is on its way, what the policy wants. */
export interface Room {
  readonly used: number;
  /** On tasks that take newcomers, in whole broadcasts: half a slot on each of ten hosts is no room. */
  readonly free: number;
  /** Of hosts that boot, or whose task starts. */
  readonly coming: number;
  readonly wanted: number;
  /** Nothing that the scheduler does may bring the free room below this (I2). */
  readonly minimum: number;
  readonly forecastArrivals: number;
}

export const usableFree = (unit: Unit, points: number): number => unit.free - (unit.free % points);

/** A host that will have a serving task without anybody deciding anything more. */
export function isComing(unit: Unit, situation: Situation): boolean {
  const { policy, now } = situation;
  if (unit.host.state === 'launching') return now - unit.host.launchedAt <= 2 * policy.hosts.leadMs;
  if (unit.host.state !== 'running') return false;
  // Taken back, and the task has not answered yet.
  if (unit.state === 'draining' && unit.order?.phase === 'serve') {
    return now - unit.order.at <= policy.staleness.heartbeatMs;
  }
  // A host that has not registered for long is not coming any more.
  if (unit.task === undefined) {
    return !unit.host.ready && now - unit.host.launchedAt <= 2 * policy.hosts.leadMs;
  }
  return unit.state === 'starting' && now - unit.task.startedAt <= policy.hosts.startWithinMs;
}

/** It takes newcomers, or will: what goes, is lost, or has no task and gets none is none of the fleet's minimum. */
export const isStaying = (unit: Unit, situation: Situation): boolean =>
  isAvailable(unit) || isComing(unit, situation);

/**
 * Hosts that have to stay whatever the demand. In a rollout the last old tasks of a small fleet need somebody who
 * takes their place before they go. Asked by what adds hosts and by what sends them away: if the two had
 * different ideas, hosts would come and go. Those that are still to come count for the first of them only.
 */
export function leastHosts({ policy, units }: Situation, images: Images): number {
  const waits =
    images.mayRoll &&
    units.some(
      (unit) =>
        isAvailable(unit) &&
        unit.task?.digest !== images.target &&
        (!images.isPatient || unit.heartbeat?.shows.length === 0),
    );
  return waits ? Math.max(policy.hosts.min, policy.front.minAddresses + 1) : policy.hosts.min;
}

export function roomOf(situation: Situation, demand: DemandMemory): Room {
  const { units, policy, now, snapshot } = situation;
  const points = pointsOfOne(demand);
  let used = 0;
  let free = 0;
  let coming = 0;
  for (const unit of units) {
    used += unit.used;
    free += usableFree(unit, points);
    if (isComing(unit, situation)) coming += policy.hosts.roomPoints;
  }
  const group = snapshot.sources.group?.value;
  const present = units.filter((unit) => unit.host.state !== 'terminating').length;
  // Asked for, but not to be seen yet.
  if (group !== undefined && group.desired > present) {
    coming += (group.desired - present) * policy.hosts.roomPoints;
  }
  const arrivals = (expectedPerMinute(demand, now, policy.hosts.leadMs) * policy.hosts.leadMs) / 60_000;
  const { deviations, unforeseenDeviations } = policy.buffer;
  const certainty = deviations + (isForeseen(demand, now) ? 0 : unforeseenDeviations);
  const forecast = Math.ceil(atMost(arrivals, certainty)) * points;
  const wanted =
    Math.max(policy.buffer.absolutePoints, Math.ceil(used * policy.buffer.relativeShare), forecast) +
    eventPoints(snapshot.sources.events?.value ?? [], policy, now);
  return {
    used,
    free,
    coming,
    wanted,
    minimum: Math.floor(wanted * policy.buffer.minimumShare),
    forecastArrivals: Math.round(arrivals * 10) / 10,
  };
}
