/**
 * The operators' part of the API; each call needs a token with the group `operators` (claim `cognito:groups`
 * or `groups`). Times are ms since 1970.
 *
 *   GET  /api/ops/fleet                         → FleetView
 *   GET  /api/ops/decisions?task=&before=&limit= → DecisionPage     newest first
 *   GET  /api/ops/snapshot                      → PassFacts
 *   POST /api/ops/tasks/:taskId/drain           { reason }  → { requestId }  202
 *   POST /api/ops/tasks/:taskId/keep            { reason }  → { requestId }  202   takes an expiry back
 *   POST /api/ops/tasks/:taskId/force-stop      { reason, confirm: taskId } → { requestId }  202
 *
 * Before the scheduler's first pass everything but the decisions answers 503.
 */
import type { Alarm, Limit, PlanFigures } from '../fleet/decision.ts';
import type { HeldShow, ReasonCode } from '../fleet/heartbeat.ts';
import type { Policy } from '../fleet/policy.ts';
import type { LoggedDecision } from '../fleet/ports.ts';
import type { Snapshot } from '../fleet/snapshot.ts';
import type { TaskState } from '../fleet/state.ts';

/** Who may call these: people whom the issuer puts into this group. */
export const operatorGroup = 'operators';

export interface TaskView {
  readonly taskId: string;
  readonly slot: string;
  readonly digest: string;
  readonly state: TaskState;
  readonly startedAt: number;
  /** Last heartbeat; absent before the first. */
  readonly seenAt?: number;
  readonly shows: readonly HeldShow[];
  readonly usedPoints: number;
  readonly roomPoints: number;
  readonly cpu: number;
  readonly inFront: boolean;
  /** Why it is expired or draining, and since when. */
  readonly order?: { readonly reason: ReasonCode; readonly text: string; readonly since: number };
  /** What it waits for, or why it stays: the newest note or decision about it. */
  readonly why?: string;
}

export interface HostView {
  readonly hostId: string;
  readonly state: 'launching' | 'idle' | 'in-use' | 'terminating' | 'gone' | 'lost';
  readonly launchedAt: number;
  readonly slot?: string;
  readonly address?: string;
  readonly task?: TaskView;
}

export interface ImageView {
  readonly digest: string;
  readonly state: 'released' | 'canary' | 'old' | 'broken';
  readonly tasks: number;
  readonly firstSeenAt?: number;
}

export interface FleetView {
  /** When the scheduler last finished a pass; a console that sees it age says so. */
  readonly at: number;
  readonly figures: PlanFigures;
  readonly limitedBy: readonly Limit[];
  readonly alarms: readonly Alarm[];
  readonly hosts: readonly HostView[];
  readonly images: readonly ImageView[];
  readonly front: readonly { readonly ip: string; readonly slot?: string }[];
  readonly rollout: {
    readonly digest: string;
    readonly state: 'steady' | 'canary' | 'rolling' | 'halted';
    readonly done: number;
    readonly of: number;
  };
  readonly errors: readonly string[];
  /** Share of the cores, 0–1, between which room is planned (policy.cpu). */
  readonly cpuBand?: { readonly low: number; readonly high: number };
}

/** For `tidecast plan --dry-run`: what the last pass saw. */
export interface PassFacts {
  readonly snapshot: Snapshot;
  readonly policy: Policy;
  readonly at: number;
}

export interface DecisionPage {
  readonly decisions: readonly LoggedDecision[];
  /** Pass as `before` for older ones; absent when there are none. */
  readonly before?: string;
}
