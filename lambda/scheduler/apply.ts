import type { Decision, Limit } from '../../core/fleet/decision.ts';
import type { Policy } from '../../core/fleet/policy.ts';
import {
  FencedError,
  FleetCallError,
  type FleetStore,
  type Infrastructure,
  type Lease,
  type LoggedDecision,
  type PassReport,
} from '../../core/fleet/ports.ts';
import type { Snapshot } from '../../core/fleet/snapshot.ts';
import { act, callName, serviceOf, type Service } from './act.ts';
import type { Clock } from './clock.ts';
import { reasonNotToStop } from './still-empty.ts';
import { messageOf, withTimeout } from './timeout.ts';

/** What became of a decision. Where it is not `done`, `error` says why. */
export interface Outcome {
  readonly outcome: Exclude<LoggedDecision['outcome'], 'note'>;
  readonly error?: string;
}

export interface Applied {
  /** One for each decision, in their order. */
  readonly outcomes: readonly Outcome[];
  /** Calls that were made and failed. */
  readonly errors: PassReport['errors'];
  readonly limits: readonly Limit[];
  /** Another scheduler has taken over, or this one's lease has run out. */
  readonly isFenced: boolean;
}

export interface ApplyOptions {
  readonly decisions: readonly Decision[];
  readonly snapshot: Snapshot;
  readonly policy: Policy;
  readonly infrastructure: Infrastructure;
  readonly store: FleetStore;
  readonly lease: Lease;
  readonly clock: Clock;
  /** Nothing is begun that might not have ended by then. */
  readonly deadline: number;
  readonly callMs: number;
  readonly parallel: number;
}

const done: Outcome = { outcome: 'done' };
const nothing: Applied = { outcomes: [], errors: [], limits: [], isFenced: false };

/** A check said no, without a call. */
class SkippedError extends Error {
  override readonly name = 'SkippedError';
}

/** Refusals are known to have changed nothing; of anything else nobody knows what became of it. */
const isKnownToHaveFailed = (error: unknown): boolean =>
  error instanceof SkippedError || (error instanceof FleetCallError && error.kind !== 'unreachable');

/**
 * Carries decisions out in their order, neighbours of one kind side by side. One that fails stops no other,
 * except: a service that throttles is left alone for the rest of the pass, and without the lease nothing is
 * done any more. The next pass plans anew on what it then sees, so nothing is repeated here.
 */
export async function apply(options: ApplyOptions): Promise<Applied> {
  const { decisions, clock, lease, deadline, callMs } = options;
  if (decisions.length === 0) return nothing;

  const outcomes: Outcome[] = [];
  const errors: PassReport['errors'][number][] = [];
  const limits: Limit[] = [];
  const throttled = new Set<Service>();
  let isFenced = false;

  const call = async <T>(make: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    // By the clock, for a call that would end after the lease can do harm that no fence stops.
    if (lease.expiresAt - clock.now() <= callMs) throw new FencedError('the lease is running out');
    return withTimeout(clock, callMs, make);
  };

  const carryOut = async (decision: Decision): Promise<void> => {
    const { action } = decision;
    if (action.kind === 'stop-task' && !action.forced) {
      const heartbeat = await call(() => options.store.heartbeat(action.taskId));
      const why = reasonNotToStop({ ...options, taskId: action.taskId, heartbeat, now: clock.now() });
      if (why !== undefined) throw new SkippedError(`not stopped: ${why}`);
    }
    await call((signal) => act(action, options, signal));
  };

  const step = async (index: number): Promise<void> => {
    const decision = decisions[index];
    if (decision === undefined) return;
    const service = serviceOf[decision.action.kind];
    const leave = (why: string): void => {
      outcomes[index] = { outcome: 'planned', error: `not begun: ${why}` };
    };
    if (isFenced) return leave('the lease is gone');
    if (throttled.has(service)) return leave(`${service} is throttled`);
    if (deadline - clock.now() < callMs) return leave('no time left in this pass');
    try {
      await carryOut(decision);
      outcomes[index] = done;
    } catch (error) {
      if (error instanceof FencedError) isFenced = true;
      if (error instanceof FleetCallError) {
        if (error.kind === 'throttled') throttled.add(service);
        if (error.limit !== undefined) limits.push(error.limit);
      }
      const message = messageOf(error);
      outcomes[index] = { outcome: isKnownToHaveFailed(error) ? 'failed' : 'planned', error: message };
      errors.push({ call: callName(decision.action), message });
    }
  };

  for (let start = 0, end = 0; start < decisions.length; start = end) {
    const kind = decisions[start]?.action.kind;
    while (decisions[end]?.action.kind === kind && end < decisions.length) end += 1;
    let next = start;
    const worker = async (): Promise<void> => {
      while (next < end) {
        next += 1;
        await step(next - 1);
      }
    };
    await (end - start === 1
      ? step(start)
      : Promise.all(Array.from({ length: Math.min(options.parallel, end - start) }, worker)));
  }
  return { outcomes, errors, limits, isFenced };
}
