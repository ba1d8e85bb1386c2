import { randomUUID } from 'node:crypto';
import { plan } from '../../core/fleet/plan.ts';
import type { Policy } from '../../core/fleet/policy.ts';
import {
  FencedError,
  type FleetMetrics,
  type FleetStore,
  type Infrastructure,
  type Lease,
  type PassReport,
} from '../../core/fleet/ports.ts';
import { validate } from '../../core/fleet/validate.ts';
import { sleep, systemClock, type Clock } from './clock.ts';
import { callMs, runPass, stateAfter, type PassSides, type PassState, type SchedulerLog } from './pass.ts';
import { messageOf, withTimeout } from './timeout.ts';

export type { SchedulerLog } from './pass.ts';

export interface SchedulerOptions {
  readonly infrastructure: Infrastructure;
  readonly store: FleetStore;
  readonly policy: Policy;
  readonly log: SchedulerLog;
  readonly metrics?: FleetMetrics | undefined;
  /** `systemClock` by default. */
  readonly clock?: Clock;
  /** Names this holder of the lease, unlike any other: crypto.randomUUID by default. */
  readonly holder?: string;
  /** From the start of one pass to the start of the next; 10 s by default. */
  readonly passMs?: number;
  /** The planner and its second look; core/fleet's by default. */
  readonly plan?: typeof plan;
  readonly validate?: typeof validate;
  /** After each pass, also one whose report could not be saved. */
  readonly onPass?: (report: PassReport) => void;
}

export type SchedulerResult =
  /** Passes that were begun, and of those the ones that failed. `fenced`: another one took the lease. */
  | { readonly kind: 'ran'; readonly passes: number; readonly failed: number; readonly fenced: boolean }
  /** Another scheduler held the lease all the time. */
  | { readonly kind: 'held-by-another' };

/**
 * A pass that stands still is overtaken after this: less than the minute between invocations, more than a
 * slow pass takes.
 */
export const leaseMs = 30_000;
/** Of the lease, what a pass may use: the rest is for the clock's skew and the call that ends it. */
const longestPassMs = 20_000;
/** A pass that can't have this much time is not begun. */
const shortestPassMs = 8_000;
const defaultPassMs = 10_000;

/**
 * For one invocation: passes until `until` is near (ms since 1970; leave it 5 s before the program is killed).
 * While another scheduler holds the lease it waits for it: mostly that one has crashed, and is to be
 * followed as soon as its lease has run out. Rejects when the lease could not be asked for at all.
 */
export async function runScheduler(
  options: SchedulerOptions & { readonly until: number },
): Promise<SchedulerResult> {
  return new Holder(options, options.until, new AbortController().signal).run();
}

/** For ever, on one machine. */
export function startScheduler(options: SchedulerOptions): {
  /** After the pass that runs; gives the lease back. */
  readonly stop: () => Promise<void>;
} {
  const stopping = new AbortController();
  const { clock = systemClock, passMs = defaultPassMs, log } = options;
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await new Holder(options, Number.POSITIVE_INFINITY, stopping.signal).run();
      } catch (error) {
        log.error('the scheduler could not ask for its lease', { error: messageOf(error) });
      }
      await sleep(clock, passMs, stopping.signal);
    }
  };
  const running = run();
  return {
    stop: () => {
      stopping.abort();
      return running;
    },
  };
}

/** One holding of the lease, from asking for it to giving it back. */
class Holder {
  readonly #options: SchedulerOptions;
  readonly #sides: PassSides;
  readonly #clock: Clock;
  readonly #passMs: number;
  readonly #until: number;
  readonly #stopping: AbortSignal;

  constructor(options: SchedulerOptions, until: number, stopping: AbortSignal) {
    const { infrastructure, store, policy, log, metrics } = options;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#passMs = options.passMs ?? defaultPassMs;
    this.#until = until;
    this.#stopping = stopping;
    this.#sides = {
      infrastructure,
      store,
      policy,
      log,
      metrics,
      clock: this.#clock,
      plan: options.plan ?? plan,
      validate: options.validate ?? validate,
    };
  }

  async run(): Promise<SchedulerResult> {
    const lease = await this.#acquire();
    if (lease === undefined) return { kind: 'held-by-another' };
    const result = await this.#passes(lease);
    if (!result.fenced) {
      await this.#inTime(() => this.#sides.store.releaseLease(lease)).catch((error: unknown) =>
        this.#sides.log.warn('could not give the lease back', { error: messageOf(error) }),
      );
    }
    return { kind: 'ran', ...result };
  }

  /** What the table can't do in this time it is asked for again later. */
  #inTime<T>(call: () => Promise<T>): Promise<T> {
    return withTimeout(this.#clock, callMs, call);
  }

  /** Undefined: another one held it until the time was up. */
  async #acquire(): Promise<Lease | undefined> {
    const { store, log } = this.#sides;
    const holder = this.#options.holder ?? randomUUID();
    let failure: unknown;
    while (!this.#stopping.aborted && this.#clock.now() + shortestPassMs <= this.#until) {
      const now = this.#clock.now();
      try {
        const lease = await this.#inTime(() => store.acquireLease({ holder, now, leaseMs }));
        if (lease !== undefined) return lease;
        failure = undefined;
      } catch (error) {
        failure = error;
        log.warn('could not ask for the lease', { error: messageOf(error) });
      }
      await sleep(
        this.#clock,
        Math.min(this.#passMs, Math.max(0, this.#until - this.#clock.now())),
        this.#stopping,
      );
    }
    if (failure !== undefined) throw failure;
    return undefined;
  }

  async #passes(first: Lease): Promise<{ passes: number; failed: number; fenced: boolean }> {
    const { store, log } = this.#sides;
    let lease = first;
    let state: PassState | undefined;
    let passes = 0;
    let failed = 0;
    for (;;) {
      const start = this.#clock.now();
      passes += 1;
      try {
        if (passes > 1) lease = await this.#inTime(() => store.renewLease(lease, start, leaseMs));
        // Without its memory no pass: it would be overwritten with less.
        state ??= stateAfter(await this.#inTime(() => store.report()));
        const pass = await runPass(this.#sides, state, lease, Math.min(start + longestPassMs, this.#until));
        state = pass.state;
        this.#options.onPass?.(pass.report);
      } catch (error) {
        if (error instanceof FencedError) {
          log.warn('another scheduler has taken over', { fence: lease.fence });
          return { passes, failed, fenced: true };
        }
        failed += 1;
        log.error('a pass has failed', { fence: lease.fence, error });
      }
      const rest = Math.max(0, start + this.#passMs - this.#clock.now());
      if (this.#clock.now() + rest + shortestPassMs > this.#until) break;
      if (rest > 0) await sleep(this.#clock, rest, this.#stopping);
      if (this.#stopping.aborted) break;
    }
    return { passes, failed, fenced: false };
  }
}
