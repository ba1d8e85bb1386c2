import { typicalPoints } from '../../../core/fleet/cost.ts';
import { Random } from '../random.ts';
import { drawLength } from './lengths.ts';
import { dayMs, hourMs, localTime, startRate } from './shape.ts';

/** An outage of one encoder's network, while it broadcasts. */
export interface Drop {
  /** ms after the first start of the show. */
  readonly after: number;
  /** How long its network is away. */
  readonly awayMs: number;
}

/** One person's wish to broadcast. Times are ms since the trace's start. */
export interface Wish {
  readonly at: number;
  readonly lengthMs: number;
  readonly points: number;
  /** Stops by FCUnpublish and deleteStream; otherwise the connection is just gone and the grace window runs out. */
  readonly endsCleanly: boolean;
  readonly drops: readonly Drop[];
}

export interface PlannedEvent {
  readonly startsAt: number;
  readonly endsAt: number;
  readonly extraPoints: number;
}

export interface Trace {
  /** By time. */
  readonly wishes: readonly Wish[];
  readonly events: readonly PlannedEvent[];
  readonly lengthMs: number;
}

export interface TraceOptions {
  readonly days: number;
  /** Broadcasts at once in the busiest evening of the week, smoothed, without the event. */
  readonly peak: number;
  readonly seed: number;
  /** A mix of ladders instead of a thousand points for everybody. */
  readonly mixed: boolean;
}

const stepMs = 5 * 60_000;

/** Shares (judged): see docs/simulator.md. */
const cutShare = 0.15;
/** Network outages of an encoder while it broadcasts: one in eight hours. */
const dropEveryMs = 8 * hourMs;
/** Mean outage 8 s, none longer than 40: OBS is back at its second or third try, inside the window of 60 s. */
const dropMeanMs = 8_000;
const dropMostMs = 40_000;

/** Source, share, points by core/fleet/cost.ts: 1080p60, 1080p30, 720p60, 720p30, 480p30 with the default ladder. */
const ladderMix = [
  [0.15, 1900],
  [0.35, 1000],
  [0.1, 887],
  [0.35, 494],
  [0.05, 267],
] as const;

/** Saturday 20:00–22:30. A tournament whose players all go live in the minutes before. */
const eventDay = 5;
const eventHour = 20;
const eventLengthMs = 2.5 * hourMs;
/** Of the peak: so many participants. */
const eventShare = 0.15;
/** Their audience's own shows: so much more starts while it runs. */
const eventEcho = 1.2;

export function generateTrace(options: TraceOptions): Trace {
  const random = new Random(options.seed, 'trace');
  const lengthMs = options.days * dayMs;
  const scale = startsPerStep(options.peak);
  const eventAt = localTime(eventDay, eventHour);
  const hasEvent = eventAt + eventLengthMs <= lengthMs;
  const wishes: Wish[] = [];
  // Thinning would do as well; within a step of five minutes the rate is near constant.
  for (let from = 0; from < lengthMs; from += stepMs) {
    const inEvent = hasEvent && from >= eventAt && from < eventAt + eventLengthMs;
    const mean = scale * startRate(from + stepMs / 2) * (inEvent ? eventEcho : 1);
    let at = from + random.exponential(stepMs / mean);
    while (at < from + stepMs) {
      wishes.push(drawWish(random, Math.round(at), drawLength(random), options.mixed));
      at += random.exponential(stepMs / mean);
    }
  }
  const participants = hasEvent ? Math.round(options.peak * eventShare) : 0;
  for (let n = 0; n < participants; n++) {
    // Four minutes before the hour, give or take three; nobody earlier than 12 minutes.
    const offset = Math.max(-12, Math.min(3, random.normal(-4, 3))) * 60_000;
    const length = eventLengthMs - offset + random.normal(0, 15 * 60_000);
    wishes.push(drawWish(random, Math.round(eventAt + offset), Math.round(length), options.mixed));
  }
  wishes.sort((a, b) => a.at - b.at);
  return {
    wishes,
    lengthMs,
    events:
      participants === 0
        ? []
        : [
            {
              startsAt: eventAt - 12 * 60_000,
              endsAt: eventAt + 3 * 60_000,
              extraPoints: participants * typicalPoints,
            },
          ],
  };
}

function drawWish(random: Random, at: number, lengthMs: number, mixed: boolean): Wish {
  const drops: Drop[] = [];
  for (let after = random.exponential(dropEveryMs); after < lengthMs - 2 * dropMostMs;) {
    drops.push({ after, awayMs: Math.min(dropMostMs, 1_000 + random.exponential(dropMeanMs)) });
    after += 4 * dropMostMs + random.exponential(dropEveryMs);
  }
  const points = mixed ? drawPoints(random) : typicalPoints;
  return { at, lengthMs, points, endsCleanly: !random.chance(cutShare), drops };
}

function drawPoints(random: Random): number {
  let left = random.next();
  for (const [share, points] of ladderMix) {
    left -= share;
    if (left < 0) return points;
  }
  return typicalPoints;
}

/**
 * Starts in five minutes at rate 1 that make `peak` broadcasts at once on the busiest evening of a whole week:
 * expected number at once = starts before, weighted by the share of lengths that lasts until then. The curve is
 * deterministic (lengths from a fixed sample), so that `peak` means the same for every seed.
 */
export function startsPerStep(peak: number): number {
  const sample = new Random(0, 'lengths');
  const steps = Math.ceil(dayMs / stepMs);
  const count = 20_000;
  const survivors = new Float64Array(steps + 1);
  for (let i = 0; i < count; i++) {
    const lasts = Math.min(steps, Math.floor(drawLength(sample) / stepMs + sample.next()));
    for (let step = 0; step < lasts; step++) survivors[step] = (survivors[step] ?? 0) + 1 / count;
  }
  let most = 0;
  const week = Math.ceil((7 * dayMs) / stepMs);
  for (let now = steps; now < week; now += 3) {
    let sum = 0;
    for (let back = 0; back < steps; back++) {
      sum += startRate((now - back) * stepMs) * (survivors[back] ?? 0);
    }
    most = Math.max(most, sum);
  }
  return peak / most;
}

/** Points of everybody who wants to be live at each minute's middle, as if nobody were ever refused. */
export function demandByMinute(trace: Trace): Float64Array {
  const minutes = Math.ceil(trace.lengthMs / 60_000);
  const change = new Float64Array(minutes + 1);
  const minuteOf = (at: number): number => Math.max(0, Math.min(minutes, Math.ceil((at - 30_000) / 60_000)));
  for (const wish of trace.wishes) {
    const [first, end] = [minuteOf(wish.at), minuteOf(wish.at + wish.lengthMs)];
    change[first] = (change[first] ?? 0) + wish.points;
    change[end] = (change[end] ?? 0) - wish.points;
  }
  const demand = new Float64Array(minutes);
  let sum = 0;
  for (let minute = 0; minute < minutes; minute++) {
    sum += change[minute] ?? 0;
    demand[minute] = sum;
  }
  return demand;
}
