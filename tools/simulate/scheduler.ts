import { FencedError, FleetCallError, type PassReport } from '../../core/fleet/ports.ts';
import { runScheduler, type SchedulerLog } from '../../lambda/scheduler/loop.ts';
import { CallTimeoutError } from '../../lambda/scheduler/timeout.ts';
import { noFaults, randomFates, type FaultRates } from './model/faults.ts';
import type { World } from './model/world.ts';
import { doubtingPlanner } from './second-look.ts';
import { Random } from './random.ts';

const minuteMs = 60_000;
/** EventBridge is punctual to the minute, not to the second. */
const tickJitterMs = 3_000;
/**
 * What an invocation gives itself (the function's time less the handler's margin): enough to begin the pass of
 * second 50. The next one takes over the lease that this one gives back.
 */
const invocationMs = 59_000;
/** A crash hits one of the calls of an invocation: six passes of about fifteen. */
const crashWithinCalls = 90;

export interface SchedulerOfSimulation {
  /** Passes that were done. */
  passes(): number;
  /** Programs whose promise ended badly: the planner threw, or the loop did. */
  readonly failures: readonly string[];
}

/** EventBridge and the Lambda, every minute until `until`, with what goes wrong with them. */
export function scheduleLambda(options: {
  readonly world: World;
  readonly rates: FaultRates;
  readonly seed: number;
  readonly until: number;
  /** From here on every call is done and every tick comes. */
  readonly calmFrom: number;
  readonly onPass: (report: PassReport) => void;
}): SchedulerOfSimulation {
  const { world, seed, until, onPass } = options;
  const { timeline, policy, checks, tally } = world;
  const random = new Random(seed, 'lambda');
  const fateDice = new Random(seed, 'fates');
  const failures: string[] = [];
  let invocations = 0;
  let passes = 0;

  // The table being out fails a pass and is a fault that was asked for; an error of the planner is not.
  const failed = (error: unknown): void => {
    const isAskedFor =
      error instanceof FleetCallError || error instanceof CallTimeoutError || error instanceof FencedError;
    if (!isAskedFor) failures.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  };
  const log: SchedulerLog = {
    info: () => undefined,
    warn: () => undefined,
    error: (_, fields) => failed(fields['error']),
  };
  const plan = doubtingPlanner(tally, new Random(seed, 'second look'));

  const ratesNow = (): FaultRates => (timeline.now < options.calmFrom ? options.rates : noFaults);

  const invoke = (): void => {
    const rates = ratesNow();
    const crashAtCall = random.chance(rates.scheduler.crash) ? random.below(crashWithinCalls) : undefined;
    const { infrastructure, store, clock } = world.connect(randomFates(rates, fateDice, crashAtCall));
    const holder = `lambda-${++invocations}`;
    void runScheduler({
      infrastructure,
      store,
      clock,
      policy,
      log,
      holder,
      plan,
      until: timeline.now + invocationMs,
      onPass: (report) => {
        passes++;
        if (report.errors.length === 0) checks.passedCleanly(report.at);
        onPass(report);
      },
    }).catch(failed);
  };

  const tick = (n: number, first: number): void => {
    const at = first + n * minuteMs;
    if (at >= until) return;
    timeline.wakeAfter(at + random.below(tickJitterMs) - timeline.now, () => {
      tick(n + 1, first);
      const rates = ratesNow();
      if (random.chance(rates.scheduler.lostTick)) {
        tally.fault('tick lost');
        return;
      }
      invoke();
      if (!random.chance(rates.scheduler.repeatedTick)) return;
      tally.fault('tick repeated');
      timeline.wakeAfter(random.below(10_000), invoke);
    });
  };
  tick(0, timeline.now);
  return { passes: () => passes, failures };
}

/** Promises that are ready run before the next thing happens. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Lets the world go on with its programs. */
export async function runUntil(world: World, until: number): Promise<void> {
  while (world.timeline.advanceUntilWoken(until)) await settle();
}
