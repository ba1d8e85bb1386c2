/**
 * What the scheduler's loop works with. Three sides implement `Infrastructure`: AWS (lambda/scheduler/aws), the
 * local fleet (local/fleet) and the simulator (tools/simulate); all pass test/lambda/scheduler/contract.
 */
import type {
  Alarm,
  Decision,
  InfrastructureAction,
  Limit,
  Note,
  Plan,
  PlanFigures,
  Subject,
} from './decision.ts';
import type { Heartbeat, Order, Peer, ReasonCode } from './heartbeat.ts';
import type { Policy } from './policy.ts';
import type { EventPlan, Facts, OperatorRequest, Snapshot } from './snapshot.ts';

export type InfrastructureSource =
  | 'group'
  | 'hosts'
  | 'tasks'
  | 'addresses'
  | 'records'
  | 'targets'
  | 'release';

export interface Infrastructure {
  /** Reads one source, all pages of it. Rejects with FleetCallError. */
  read<Name extends InfrastructureSource>(source: Name, signal: AbortSignal): Promise<Facts[Name]>;
  /**
   * Carries one action out. Resolves also when there was nothing left to do (the task has stopped already,
   * the address is associated with that very host). Rejects with FleetCallError.
   */
  act(action: InfrastructureAction, signal: AbortSignal): Promise<void>;
}

/** A call to the infrastructure did not succeed. */
export class FleetCallError extends Error {
  override readonly name = 'FleetCallError';
  /** `throttled`: leave this service alone for the rest of the pass. `limit`: a quota. `refused`: asking again does not help. */
  readonly kind: 'throttled' | 'limit' | 'refused' | 'unreachable';
  readonly limit: Limit | undefined;

  constructor(
    message: string,
    options: ErrorOptions & {
      readonly kind: FleetCallError['kind'];
      readonly limit?: Limit;
    },
  ) {
    super(message, options);
    this.kind = options.kind;
    this.limit = options.limit;
  }
}

/**
 * The right to act, held by one scheduler at a time. `fence` rises with every holder; every write of the
 * scheduler into the table carries it and is refused when a higher one has written.
 */
export interface Lease {
  readonly holder: string;
  readonly fence: number;
  /** By the clock of the holder, which has to stop well before. */
  readonly expiresAt: number;
}

/**
 * Clocks of two holders may differ by this much. Amazon's time service keeps them within a few ms: it is for
 * a machine whose service has just begun, and for what is still on its way when a lease ends.
 */
export const leaseSkewMs = 5_000;

/** A newer holder has written, or the lease's time is over: nothing more may be done. */
export class FencedError extends Error {
  override readonly name = 'FencedError';
}

/** One line of the decision log, kept for a week. */
export interface LoggedDecision {
  readonly at: number;
  /** Number inside its pass: `at` and it are unique together. */
  readonly n: number;
  readonly action: string;
  readonly subject: Subject;
  readonly reason: ReasonCode;
  readonly text: string;
  /** `planned` when the call was not made or its outcome is unknown. */
  readonly outcome: 'done' | 'failed' | 'planned' | 'note';
  readonly error?: string;
}

/** What a pass leaves behind: the console, the command and the next pass read it. */
export interface PassReport {
  readonly at: number;
  readonly fence: number;
  readonly snapshot: Snapshot;
  readonly policy: Policy;
  readonly plan: Plan;
  /** Calls that failed in this pass, by action or source. */
  readonly errors: readonly { readonly call: string; readonly message: string }[];
  /** ms spent in observe, plan and apply. */
  readonly spent: { readonly observeMs: number; readonly planMs: number; readonly applyMs: number };
}

/** The scheduler's side of the fleet table (runtime/store/tables/fleet.ts); the simulator has its own. */
export interface FleetStore {
  heartbeats(): Promise<readonly Heartbeat[]>;
  /** One, strongly consistent: asked again right before a task is stopped. */
  heartbeat(taskId: string): Promise<Heartbeat | undefined>;
  orders(): Promise<readonly Order[]>;
  requests(): Promise<readonly OperatorRequest[]>;
  events(): Promise<readonly EventPlan[]>;
  report(): Promise<PassReport | undefined>;
  /** @throws FencedError in all writes. */
  writeOrder(order: Order, lease: Lease): Promise<void>;
  writePeers(peers: readonly Peer[], lease: Lease): Promise<void>;
  forgetTask(taskId: string, lease: Lease): Promise<void>;
  writeReport(report: PassReport, lease: Lease): Promise<void>;
  logDecisions(lines: readonly LoggedDecision[], lease: Lease): Promise<void>;
  /** Undefined while another holder's lease lasts. */
  acquireLease(wish: {
    readonly holder: string;
    readonly now: number;
    readonly leaseMs: number;
  }): Promise<Lease | undefined>;
  /** @throws FencedError when another one has it. */
  renewLease(lease: Lease, now: number, leaseMs: number): Promise<Lease>;
  releaseLease(lease: Lease): Promise<void>;
}

/** Figures of a pass for CloudWatch, or nothing. */
export interface FleetMetrics {
  publish(pass: {
    readonly figures: PlanFigures;
    readonly decisions: readonly Decision[];
    readonly notes: readonly Note[];
    readonly alarms: readonly Alarm[];
    readonly errors: PassReport['errors'];
    readonly at: number;
  }): Promise<void>;
}
