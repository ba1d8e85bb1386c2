/**
 * What an ingest task says of itself, and what it is told. The task alone writes its heartbeat, the scheduler
 * alone writes orders (design section 5: one owner for each piece of state). Times are ms since 1970.
 */

/** A broadcast as its task reports it. An interrupted one, and one whose end is being stored, count as live. */
export interface HeldShow {
  readonly broadcastId: string;
  readonly state: 'live' | 'interrupted' | 'ending';
  /** Points (cost.ts). */
  readonly points: number;
  readonly startedAt: number;
  readonly session: number;
}

export interface Heartbeat {
  readonly taskId: string;
  readonly slot: string;
  /** The instance it runs on, as it was told at its start. */
  readonly hostId: string;
  /** Digest that it was started with, as it was told; what the orchestrator says of the image has precedence. */
  readonly digest: string;
  readonly startedAt: number;
  /** When it was written, by the task's clock. */
  readonly at: number;
  /** Rises by one with each heartbeat of a task: two readings are two heartbeats only when it differs. */
  readonly sequence: number;
  /**
   * New broadcasts are taken. False from the moment that a drain order is obeyed. A task takes its first
   * broadcast only after a heartbeat with `accepting: true` was stored, so that one without any is empty.
   */
  readonly accepting: boolean;
  /** It refuses newcomers for want of room (points, or measured CPU at policy.cpu.ceiling) although it accepts. */
  readonly full: boolean;
  /** `draining` also by SIGTERM, without an order. `ending`: told to finish at once. */
  readonly phase: 'starting' | 'serving' | 'draining' | 'ending';
  /** Generation of the order that it obeys; 0 before the first. */
  readonly obeys: number;
  readonly shows: readonly HeldShow[];
  /** Points that it may hold with its CPU in the band (policy.cpu.high); corrected by what it measured. */
  readonly roomPoints: number;
  /** Share of the host's cores in use, 0–1, mean of 30 s. */
  readonly cpu: number;
  /**
   * Where other tasks pass newcomers on to when they have no room: `10.0.1.5:1937`, inside the network only.
   * Absent: it takes none.
   */
  readonly relay?: string;
  /** Encoders' connections that it passes on to other tasks: they end with it, so with any it is not empty. Absent: none. */
  readonly passing?: number;
  /** Bytes on the spool that object storage has not confirmed. With any, the task is not empty. */
  readonly unstoredBytes: number;
}

/** A task with room, for those that have none. The scheduler names them; the best one comes first. */
export interface Peer {
  readonly taskId: string;
  readonly relay: string;
  /** Typical broadcasts that fit in. */
  readonly slots: number;
}

/**
 * What the scheduler wants of a task. `expire`: it will go; it still takes what comes by an old DNS answer, and
 * says so to its broadcasters. `drain`: it refuses new broadcasts. `serve`: the decision was taken back.
 * `finish`: it ends at once, its broadcasts become interrupted; only ever by an operator's force-stop.
 */
export interface Order {
  readonly taskId: string;
  /** Rises with every change; the task reports it in `obeys`. */
  readonly generation: number;
  readonly phase: 'expire' | 'drain' | 'serve' | 'finish';
  readonly reason: ReasonCode;
  readonly text: string;
  /** When this phase was decided. */
  readonly at: number;
  /** When the task was first told to go. */
  readonly expiredAt: number;
}

/** Stable names of reasons, for logs, metrics and filters; the text beside them is for people. */
export type ReasonCode =
  | 'scale-in'
  | 'scale-out'
  | 'canary'
  | 'rollout'
  | 'image-broken'
  | 'never-served'
  | 'operator'
  | 'demand-came-back'
  | 'empty'
  | 'task-stopped'
  | 'host-idle'
  | 'host-lost'
  | 'front-set'
  | 'address'
  | 'record'
  | 'target'
  | 'protection'
  | 'clean-up'
  | 'waiting'
  | 'limit'
  | 'steady';
