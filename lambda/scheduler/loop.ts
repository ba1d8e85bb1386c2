import type { FleetMetrics, FleetStore, Infrastructure, PassReport } from '../../core/fleet/ports.ts';
import type { Policy } from '../../core/fleet/policy.ts';
import type { plan } from '../../core/fleet/plan.ts';
import type { validate } from '../../core/fleet/validate.ts';
import type { Clock } from './clock.ts';

/** Powertools' logger fits as it is. */
export interface SchedulerLog {
  info(message: string, fields: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields: Readonly<Record<string, unknown>>): void;
  error(message: string, fields: Readonly<Record<string, unknown>>): void;
}

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
  /** Passes that were done, and of those the ones that failed. `fenced`: another one took the lease. */
  | { readonly kind: 'ran'; readonly passes: number; readonly failed: number; readonly fenced: boolean }
  /** Another scheduler held the lease all the time. */
  | { readonly kind: 'held-by-another' };

/** For one invocation: passes until `until` is near (ms since 1970; leave it 5 s before the program is killed). */
export async function runScheduler(
  options: SchedulerOptions & { readonly until: number },
): Promise<SchedulerResult> {
  void options;
  throw new Error('being written');
}

/** For ever, on one machine. */
export function startScheduler(options: SchedulerOptions): {
  /** After the pass that runs; gives the lease back. */
  readonly stop: () => Promise<void>;
} {
  void options;
  throw new Error('being written');
}
