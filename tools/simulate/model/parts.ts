import type { Policy } from '../../../core/fleet/policy.ts';
import type { Random } from '../random.ts';
import type { Timeline } from './timeline.ts';

/** What every part of the world works with. */
export interface Surroundings {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly policy: Policy;
  /** Lists are behind the truth, as they are in a real account. */
  readonly listsLag: boolean;
}

/** Times of the platform that is modelled, ms, as [from, to] of a uniform draw. Reasons in docs/simulator.md. */
export const times = {
  /** Auto Scaling sees that the desired count differs, and launches. */
  groupReactsMs: [1_000, 8_000],
  /** From the launch to the state `running`. */
  hostRunsMs: [10_000, 30_000],
  /** From the launch to a registered ECS agent. */
  bootMs: [60_000, 180_000],
  terminateMs: [20_000, 60_000],
  /** A dead host until its agent counts as disconnected. */
  agentLostMs: [30_000, 60_000],
  /** A dead host until Auto Scaling takes it for unhealthy and replaces it. */
  unhealthyMs: [120_000, 300_000],
  /** Pull of an image that the host does not have, and the start. */
  pullMs: [5_000, 40_000],
  /** Start from an image that the host has. */
  startMs: [2_000, 6_000],
  /** From the container's start to its first heartbeat. */
  processMs: [500, 3_000],
  /** From the end of the last process to STOPPED. */
  stoppedMs: [1_000, 5_000],
  /** Eventual consistency of lists. */
  listLagMs: [0, 4_000],
  /** Until Route 53's servers answer with a change. */
  recordSpreadsMs: [5_000, 60_000],
  targetHealthMs: [10_000, 20_000],
  /** Storing the end of a broadcast and the last of its archive. */
  endingMs: [1_000, 8_000],
  /** A task notices that an encoder is gone: at once by a reset, at the latest by silence for 10 s. */
  noticeMs: [0, 10_000],
} as const satisfies Readonly<Record<string, readonly [number, number]>>;

/** Deregistration delay of the targets. */
export const targetDrainsMs = 30_000;
/** SIGTERM to SIGKILL (ECS_CONTAINER_STOP_TIMEOUT). Only a wrong StopTask ever needs it. */
export const stopTimeoutMs = 120_000;
/** STOPPED tasks stay listed for an hour, gone instances for ten minutes or so. */
export const stoppedListedMs = 3_600_000;
export const goneListedMs = 600_000;
export const heartbeatMs = 5_000;

export const draw = (random: Random, name: keyof typeof times): number => {
  const [from, to] = times[name];
  return Math.round(random.between(from, to));
};
