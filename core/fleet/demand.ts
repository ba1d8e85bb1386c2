import { typicalPoints } from './cost.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { DemandMemory } from './memory.ts';
import type { Policy } from './policy.ts';
import type { EventPlan } from './snapshot.ts';

/**
 * How much comes: arrivals are counted from the heartbeats and forecast from the last minutes and from the
 * same hours before.
 */

const minuteMs = 60_000;
const quarterMs = 15 * minuteMs;
export const quartersOfWeek = 7 * 24 * 4;
/** 1970-01-01 was a Thursday: three days after a Monday. */
const quarterOfWeek = (quarter: number): number => (quarter + 3 * 96) % quartersOfWeek;

/** A show is counted when every task has had the time to report it: two heartbeats. */
const countAfterMs = 10_000;
/** Minutes that are kept one by one. */
const recentMinutes = 15;

/** Counts what has arrived since the last count. Counting again counts nothing twice. */
export function countArrivals(
  memory: DemandMemory,
  heartbeats: readonly Heartbeat[],
  now: number,
): DemandMemory {
  const until = now - countAfterMs;
  if (until <= memory.countedTo) return memory;
  let arrivals = 0;
  let points = 0;
  for (const { shows } of heartbeats) {
    for (const show of shows) {
      points += show.points;
      if (show.session === 1 && show.startedAt > memory.countedTo && show.startedAt <= until) arrivals += 1;
    }
  }
  // The first count would take everything that runs for newly arrived.
  if (memory.countedTo === 0) arrivals = 0;
  const shows = heartbeats.reduce((sum, beat) => sum + beat.shows.length, 0);
  return {
    countedTo: until,
    ...byQuarter(memory, Math.floor(until / quarterMs), arrivals),
    recent: byMinute(memory.recent, Math.floor(until / minuteMs), arrivals),
    meanPoints: shows === 0 ? memory.meanPoints : Math.round(points / shows),
  };
}

function byMinute(recent: DemandMemory['recent'], minute: number, arrivals: number): DemandMemory['recent'] {
  const last = recent.at(-1);
  if (last?.[0] === minute) {
    return arrivals === 0 ? recent : [...recent.slice(0, -1), [minute, last[1] + arrivals]];
  }
  return [...recent.filter(([at]) => minute - at < recentMinutes), [minute, arrivals]];
}

function byQuarter(
  memory: DemandMemory,
  quarter: number,
  arrivals: number,
): Pick<DemandMemory, 'quarter' | 'arrivals' | 'week'> {
  if (quarter === memory.quarter) return { quarter, arrivals: memory.arrivals + arrivals, week: memory.week };
  if (memory.quarter === 0) return { quarter, arrivals, week: memory.week };
  const week =
    memory.week.length === quartersOfWeek
      ? [...memory.week]
      : Array.from({ length: quartersOfWeek }, () => -1);
  const at = quarterOfWeek(memory.quarter);
  const earlier = week[at] ?? -1;
  // Half of it is the newest week: three weeks ago still counts an eighth.
  week[at] = earlier < 0 ? memory.arrivals : (earlier + memory.arrivals) / 2;
  return { quarter, arrivals, week };
}

/** Arrivals a minute that are to be expected from now until `aheadMs` from now. */
export function expectedPerMinute(memory: DemandMemory, now: number, aheadMs: number): number {
  return Math.max(recentPerMinute(memory, now), beforePerMinute(memory, now, aheadMs));
}

function recentPerMinute(memory: DemandMemory, now: number): number {
  const minute = Math.floor(now / minuteMs);
  let ten = 0;
  let three = 0;
  for (const [at, arrivals] of memory.recent) {
    if (minute - at <= 10) ten += arrivals;
    if (minute - at <= 3) three += arrivals;
  }
  // Three minutes see a rush as it begins; one arrival in three quiet minutes is not yet one.
  return Math.max(ten / 10, three >= 4 ? three / 3 : 0);
}

/** The same time last week, or yesterday while no week has passed: the busier of this quarter and the next. */
function beforePerMinute(memory: DemandMemory, now: number, aheadMs: number): number {
  if (memory.week.length === 0) return 0;
  let most = 0;
  for (let at = now; at <= now + aheadMs + quarterMs; at += quarterMs) {
    const quarter = Math.floor(at / quarterMs);
    most = Math.max(most, before(memory, quarter));
  }
  return most / 15;
}

/** Arrivals in that quarter last week, or yesterday; -1 when neither has been seen. */
function before(memory: DemandMemory, quarter: number): number {
  const lastWeek = memory.week[quarterOfWeek(quarter)] ?? -1;
  return lastWeek >= 0 ? lastWeek : (memory.week[quarterOfWeek(quarter + quartersOfWeek - 96)] ?? -1);
}

/** These hours have been seen before: not on the first day. */
export const isForeseen = (memory: DemandMemory, now: number): boolean =>
  before(memory, Math.floor(now / quarterMs)) >= 0;

export const pointsOfOne = (memory: DemandMemory): number =>
  memory.meanPoints > 0 ? memory.meanPoints : typicalPoints;

/** Arrivals that at most come with the policy's certainty when `expected` are expected (Poisson: deviation √n). */
export const atMost = (expected: number, deviations: number): number =>
  expected + deviations * Math.sqrt(expected);

/** What planned shows ask for now: from the lead time before the start until the end. */
export const eventPoints = (events: readonly EventPlan[], policy: Policy, now: number): number =>
  events.reduce(
    (sum, event) =>
      now >= event.startsAt - 2 * policy.hosts.leadMs && now <= event.endsAt ? sum + event.extraPoints : sum,
    0,
  );
