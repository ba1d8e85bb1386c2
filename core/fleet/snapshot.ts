import type { Heartbeat, Order } from './heartbeat.ts';
import type { Memory } from './memory.ts';

/**
 * Everything the planner knows, as plain data. Lists come in any order. Times are ms since 1970.
 *
 * Each source carries the time at which it was read. `undefined`: it could not be read, and nothing is known
 * from before. A source that is too old (policy.staleness) is unknown, and unknown is never idle: it may scale
 * out, never in (design section 5).
 */
export interface Read<T> {
  readonly at: number;
  readonly value: T;
}

export type SourceName =
  | 'group'
  | 'hosts'
  | 'tasks'
  | 'addresses'
  | 'records'
  | 'targets'
  | 'release'
  | 'heartbeats'
  | 'orders'
  | 'requests'
  | 'events';

export interface Facts {
  readonly group: GroupFact;
  readonly hosts: readonly HostFact[];
  readonly tasks: readonly TaskFact[];
  readonly addresses: readonly AddressFact[];
  readonly records: RecordFacts;
  readonly targets: readonly TargetFact[];
  readonly release: ReleaseFact;
  readonly heartbeats: readonly Heartbeat[];
  readonly orders: readonly Order[];
  readonly requests: readonly OperatorRequest[];
  readonly events: readonly EventPlan[];
}

export type Sources = { readonly [Name in SourceName]: Read<Facts[Name]> | undefined };

export interface Snapshot {
  readonly sources: Sources;
  /** The scheduler's own memory as the last pass left it; `noMemory` when there is none. */
  readonly memory: Memory;
}

/** The Auto Scaling group. `maxHosts` is its MaxSize, which counts as a quota. */
export interface GroupFact {
  readonly desired: number;
  readonly maxHosts: number;
}

export interface HostFact {
  readonly hostId: string;
  /** `gone`: EC2 says terminated. */
  readonly state: 'launching' | 'running' | 'terminating' | 'gone';
  readonly launchedAt: number;
  /** The ECS agent has registered and is connected: a task can be started. */
  readonly ready: boolean;
  /** Private address: what the target group sends to. */
  readonly privateIp: string | undefined;
  /** Scale-in protection of the Auto Scaling group. */
  readonly isProtected: boolean;
}

export interface TaskFact {
  readonly taskId: string;
  readonly hostId: string;
  readonly slot: string;
  readonly digest: string;
  readonly status: 'pending' | 'running' | 'stopping' | 'stopped';
  readonly startedAt: number;
  readonly stoppedAt?: number;
  /** What the orchestrator says about the end. */
  readonly stoppedReason?: string;
}

/** An Elastic IP of ours. `hostId`: where it is associated. */
export interface AddressFact {
  readonly addressId: string;
  readonly ip: string;
  readonly slot: string;
  readonly hostId?: string;
}

export interface RecordFacts {
  /** What `ingest.<domain>` answers; empty when there is no such record. */
  readonly front: readonly string[];
  /** `in-07.ingest.<domain>` → address. */
  readonly slots: Readonly<Record<string, string>>;
}

/** One registration in a slot's target group. `targetId` is the private address of a host. */
export interface TargetFact {
  readonly slot: string;
  readonly targetId: string;
  readonly health: 'initial' | 'healthy' | 'unhealthy' | 'draining' | 'unused';
}

/** The image behind the release tag. */
export interface ReleaseFact {
  readonly digest: string;
  readonly pushedAt: number;
}

/** Wish of a person on duty, by the console or the `tidecast` command. Written by the API, ends by itself. */
export interface OperatorRequest {
  readonly requestId: string;
  /** `force-stop` ends the task with whatever it holds: the only way to cut a broadcast off, never automatic. */
  readonly kind: 'drain' | 'keep' | 'force-stop';
  readonly taskId: string;
  readonly by: string;
  readonly reason: string;
  readonly at: number;
}

/** A planned show: so much room is kept free beyond the demand, from the lead time before the start to the end. */
export interface EventPlan {
  readonly eventId: string;
  readonly startsAt: number;
  readonly endsAt: number;
  readonly extraPoints: number;
}
