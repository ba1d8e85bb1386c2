import type { Order, Peer, ReasonCode } from './heartbeat.ts';
import type { Memory } from './memory.ts';

/** One call that changes the world. Each is idempotent: repeating it, or losing its answer, does no harm. */
export type InfrastructureAction =
  /** Raises the desired count of the group; never lowers it (lowering lets AWS choose the victim). */
  | { readonly kind: 'set-desired'; readonly hosts: number }
  | { readonly kind: 'protect-host'; readonly hostId: string }
  /** By id, and the desired count with it. */
  | { readonly kind: 'terminate-host'; readonly hostId: string }
  | { readonly kind: 'allocate-address'; readonly slot: string }
  | {
      readonly kind: 'release-address';
      readonly addressId: string;
      readonly ip: string;
      readonly slot: string;
    }
  /** Never takes an address from another instance (AllowReassociation=false). */
  | {
      readonly kind: 'associate-address';
      readonly addressId: string;
      readonly hostId: string;
      readonly slot: string;
    }
  /** `token`: the same token is the same task (RunTask's clientToken; at most 64 characters). */
  | {
      readonly kind: 'start-task';
      readonly hostId: string;
      readonly slot: string;
      readonly digest: string;
      readonly token: string;
    }
  /** `forced`: an operator's force-stop; everything else is only for tasks known to be empty. */
  | {
      readonly kind: 'stop-task';
      readonly taskId: string;
      readonly reason: string;
      readonly forced: boolean;
    }
  | { readonly kind: 'register-target'; readonly slot: string; readonly targetId: string }
  | { readonly kind: 'deregister-target'; readonly slot: string; readonly targetId: string }
  /** The whole front set in one change; sorted. */
  | { readonly kind: 'set-front'; readonly ips: readonly string[]; readonly ttlS: number }
  | { readonly kind: 'set-slot-record'; readonly slot: string; readonly ip: string }
  | { readonly kind: 'remove-slot-record'; readonly slot: string; readonly ip: string };

export type StoreAction =
  | { readonly kind: 'write-order'; readonly order: Order }
  /** Tasks with room, for those that have none. */
  | { readonly kind: 'write-peers'; readonly peers: readonly Peer[] }
  /** Heartbeat and order of a task that has stopped. */
  | { readonly kind: 'forget-task'; readonly taskId: string };

export type Action = InfrastructureAction | StoreAction;

export interface Subject {
  readonly taskId?: string;
  readonly hostId?: string;
  readonly slot?: string;
  readonly digest?: string;
}

/** Something that is to happen, and why. */
export interface Decision {
  readonly action: Action;
  readonly subject: Subject;
  readonly reason: ReasonCode;
  /** For people: one sentence with the figures that led to it. */
  readonly text: string;
}

/** Why nothing happens, where somebody may ask: it waits for something, or a limit stops it. */
export interface Note {
  readonly subject: Subject;
  readonly reason: ReasonCode;
  readonly text: string;
}

export type Limit =
  | 'address quota'
  | 'host maximum'
  | 'slots'
  | 'front set size'
  | 'launches a pass'
  | 'starts a pass'
  | 'stops a pass'
  | 'stale facts'
  | 'image broken';

/** Alarms: each has a section in docs/runbook.md. */
export type AlarmName =
  | 'stuck-drain'
  | 'lost-task'
  | 'broken-image'
  | 'address-quota'
  | 'room-short'
  | 'stale-facts'
  /** An address whose instance is not one of ours, or two addresses that claim a slot. */
  | 'address-conflict'
  | 'invalid-plan';

export interface Alarm {
  readonly name: AlarmName;
  readonly subject: Subject;
  readonly text: string;
}

/** Figures of the pass, for metrics and the console. Points as in cost.ts. */
export interface PlanFigures {
  readonly broadcasts: number;
  readonly usedPoints: number;
  /** Free room on tasks that take new broadcasts. */
  readonly freePoints: number;
  /** Free room that the policy wants now. */
  readonly wantedPoints: number;
  /** The part of the wanted room that must be free whatever happens: below it nothing is expired. */
  readonly minimumPoints: number;
  readonly hosts: number;
  readonly serving: number;
  readonly draining: number;
  readonly lost: number;
  readonly longestDrainMs: number;
  /** Share of the tasks that run the released image. */
  readonly rolloutShare: number;
  readonly front: readonly string[];
  readonly forecastArrivals: number;
}

/** The decisions stand in the order in which they have to be applied. */
export interface Plan {
  readonly decisions: readonly Decision[];
  readonly notes: readonly Note[];
  readonly limitedBy: readonly Limit[];
  readonly alarms: readonly Alarm[];
  readonly figures: PlanFigures;
  /** What to remember when the pass is over. */
  readonly memory: Memory;
}
