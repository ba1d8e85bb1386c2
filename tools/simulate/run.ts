import type { Policy } from '../../core/fleet/policy.ts';
import type { PassReport } from '../../core/fleet/ports.ts';
import { moreOften, noFaults, plague, usualFaults } from './model/faults.ts';
import { World } from './model/world.ts';
import { policyFor, type PolicyChanges } from './policy.ts';
import { schedulePushes, type Rollouts } from './pushes.ts';
import { Random } from './random.ts';
import { runUntil, scheduleLambda } from './scheduler.ts';
import { hourMs, traceStart } from './trace/shape.ts';
import { demandByMinute, generateTrace, type Trace } from './trace/trace.ts';

export interface SimulationOptions {
  readonly days: number;
  readonly peak: number;
  readonly seed: number;
  readonly faults: boolean;
  /** 0: no image is pushed. */
  readonly pushEveryHours: number;
  /** Typical broadcasts a host. */
  readonly room: number;
  readonly fallbackShare: number;
  readonly mixed: boolean;
  /** Whether the scheduler is told of the weekend event before. */
  readonly announced: boolean;
  /** Changes to the policy, by section. */
  readonly policy?: PolicyChanges;
  /** Faults so many times as often. */
  readonly faultRate?: number;
}

/** The last line of `npm run simulate -- --json`. */
export interface Figures {
  readonly interrupted: number;
  readonly refused: number;
  readonly encoders: number;
  readonly wait_p999_s: number;
  readonly host_hours: number;
  readonly lower_bound_hours: number;
  readonly ratio: number;
  readonly violations: number;
  readonly rollout_last_task_old_image_h: number;
}

export interface Outcome {
  readonly options: SimulationOptions;
  readonly figures: Figures;
  readonly world: World;
  readonly trace: Trace;
  readonly policy: Policy;
  readonly demand: Float64Array;
  readonly passes: number;
  readonly failures: readonly string[];
  readonly rollouts: Rollouts;
  readonly start: number;
  readonly end: number;
}

/** Before the first encoder: the fleet comes up from nothing. */
const warmUpMs = 0.5 * hourMs;
/** After the trace shows come to their end, and then nothing happens. */
const fadeOutMs = 2 * hourMs;
const quietMs = 3 * hourMs;
/** The last part of the quiet hours: what had to shrink has shrunk. */
const calmMs = 1.5 * hourMs;
/** Beyond the time that an unused address is kept. */
const leakSlackMs = hourMs / 6;
/** A host that comes and goes within this, while nothing happens, was moved for nothing (I6). */
const flapMs = 0.5 * hourMs;

/** Watches a run: each pass, and how far it is. */
export interface Watcher {
  readonly begins?: (world: World, start: number, end: number) => void;
  readonly pass?: (report: PassReport) => void;
}

export async function simulate(options: SimulationOptions, watcher: Watcher = {}): Promise<Outcome> {
  const { seed, days, peak, mixed } = options;
  const trace = generateTrace({ days, peak, seed, mixed });
  const policy = policyFor({ ...options, changes: options.policy });
  const rates = options.faults ? moreOften(usualFaults, options.faultRate ?? 1) : noFaults;
  const start = traceStart;
  const end = start + trace.lengthMs;
  const world = new World({
    seed,
    now: start - warmUpMs,
    policy,
    omission: rates.call.omission,
    fallbackShare: options.fallbackShare,
  });
  watcher.begins?.(world, start, end);

  const hostTime = countHostTime(world, start, end);
  comeAndGo(world, trace, start, end, new Random(seed, 'fade'));
  if (options.announced) {
    world.plans(
      trace.events.map((event, index) => ({
        eventId: `event-${index + 1}`,
        startsAt: start + event.startsAt,
        endsAt: start + event.endsAt,
        extraPoints: event.extraPoints,
      })),
    );
  }
  const rollouts = schedulePushes({
    world,
    rates,
    random: new Random(seed, 'pushes'),
    start,
    end,
    everyHours: options.pushEveryHours,
  });
  plague(world, rates, new Random(seed, 'plague'), end);
  const whole = end + fadeOutMs + quietMs;
  const scheduler = scheduleLambda({
    world,
    rates,
    seed,
    until: whole,
    calmFrom: end + fadeOutMs,
    onPass: (report) => watcher.pass?.(report),
  });
  world.timeline.at(end + fadeOutMs, () => world.listsAreWhole());
  watchForFlapping(world, whole - calmMs);
  await runUntil(world, whole - policy.addresses.keepMs - leakSlackMs);
  const before = new Set(world.checks.leaks());
  await runUntil(world, whole);
  for (const leak of world.checks.leaks()) {
    if (before.has(leak)) world.tally.violation('I4', world.now, leak);
  }

  const demand = demandByMinute(trace);
  const bound = demand.reduce((sum, points) => sum + Math.ceil(points / policy.hosts.roomPoints), 0) / 60;
  const hostHours = hostTime() / hourMs;
  const { tally } = world;
  return {
    options,
    world,
    trace,
    policy,
    demand,
    passes: scheduler.passes(),
    failures: scheduler.failures,
    rollouts,
    start,
    end,
    figures: {
      interrupted: tally.cut.scheduler,
      refused: tally.refusedEncoders,
      encoders: tally.encoders,
      wait_p999_s: round(quantile(tally.waitsMs, 0.999) / 1000, 1),
      host_hours: round(hostHours, 1),
      lower_bound_hours: round(bound, 1),
      ratio: round(hostHours / bound, 4),
      violations: tally.violations.length,
      rollout_last_task_old_image_h: round(rollouts.longestMs() / hourMs, 2),
    },
  };
}

/** Encoders at their times. No show outlasts the trace by more than the time in which the world fades out. */
function comeAndGo(world: World, trace: Trace, start: number, end: number, random: Random): void {
  const { wishes } = trace;
  let next = 0;
  const come = (): void => {
    for (let wish = wishes[next]; wish !== undefined && start + wish.at <= world.now; wish = wishes[next]) {
      next++;
      const latest = end + random.next() * fadeOutMs - world.now;
      world.encoderComes(latest < wish.lengthMs ? { ...wish, lengthMs: Math.round(latest) } : wish);
    }
    const following = wishes[next];
    if (following !== undefined) world.timeline.at(start + following.at, come);
  };
  const first = wishes[0];
  if (first !== undefined) world.timeline.at(start + first.at, come);
}

/** I6, as the world sees it: while nothing happens no host comes only to go again. */
function watchForFlapping(world: World, from: number): void {
  const launched = new Map<string, number>();
  world.listeners.push({
    hostLaunched: (hostId) => launched.set(hostId, world.now),
    hostTerminated: (hostId) => {
      const at = launched.get(hostId) ?? 0;
      if (at < from || world.now - at > flapMs) return;
      world.tally.violation('I6', world.now, `${hostId} came and went while nothing happened`);
    },
  });
}

/** From launch to termination, as far as it lies inside the trace. */
function countHostTime(world: World, start: number, end: number): () => number {
  const launched = new Map<string, number>();
  let sum = 0;
  const inside = (from: number, to: number): number => Math.max(0, Math.min(to, end) - Math.max(from, start));
  world.listeners.push({
    hostLaunched: (hostId) => launched.set(hostId, world.now),
    hostTerminated: (hostId) => {
      sum += inside(launched.get(hostId) ?? world.now, world.now);
      launched.delete(hostId);
    },
  });
  return () => [...launched.values()].reduce((total, at) => total + inside(at, end), sum);
}

export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) return 0;
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

export const round = (value: number, digits: number): number => Number(value.toFixed(digits));
