import type { Peer } from './heartbeat.ts';

/**
 * What the scheduler remembers from pass to pass: only what no source can tell. It may lag by one pass (a
 * crash before it was saved) or be lost: everything in it is written so that less memory means more patience.
 */
export interface Memory {
  /** By slot: since when it is out of the front set, as far as seen; absent while in it. */
  readonly leftFrontAt: Readonly<Record<string, number>>;
  readonly images: Readonly<Record<string, ImageMark>>;
  readonly tasks: Readonly<Record<string, TaskMark>>;
  readonly hosts: Readonly<Record<string, HostMark>>;
  readonly addresses: Readonly<Record<string, AddressMark>>;
  readonly demand: DemandMemory;
  readonly lastScaleOutAt: number;
  /** What the tasks were last told. */
  readonly peers: readonly Peer[];
}

export interface ImageMark {
  readonly firstSeenAt: number;
  /** A task of it has served for the canary's time. */
  readonly goodAt?: number;
  /** Tasks of it that failed before any served; its number decides when it is broken. */
  readonly failedTasks: readonly string[];
  readonly brokenAt?: number;
  /** When it was last seen behind the release tag: of the good images the newest of these is fallen back to. */
  readonly releasedAt?: number;
}

export interface TaskMark {
  /** When it was first seen serving: the canary's time counts from here. */
  readonly servedAt?: number;
  /** Sequence of the first heartbeat that showed it drained and empty: a later one confirms. */
  readonly emptySequence?: number;
  /** Its host is seen without the address of its slot since then: one list may leave an address out. */
  readonly unreachableSince?: number;
  /** StopTask was sent: a call whose answer never came may still be carried out, so it is not kept after all. */
  readonly stopSent?: true;
}

export interface HostMark {
  /** Last task that was seen on it: makes the token of the next start another one. */
  readonly lastTaskId?: string;
  /** Empty and not needed since. Counts from when its task served, not from its launch. */
  readonly idleSince?: number;
  /** When a task was last started on it: lists may not show that task yet. */
  readonly startedAt?: number;
  /** Its termination was sent: a call whose answer never came may still be carried out, so it gets no task. */
  readonly endSent?: true;
}

export interface AddressMark {
  /** No host has it since. */
  readonly unusedSince: number;
}

/** Arrivals, to forecast from the same hours before. */
export interface DemandMemory {
  /** Broadcasts that started up to here are counted. */
  readonly countedTo: number;
  /** Arrivals in each quarter of an hour of the week (index: quarters since Monday 00:00 UTC), smoothed over weeks. */
  readonly week: readonly number[];
  /** Quarter that is being counted (quarters since 1970), and arrivals in it so far. */
  readonly quarter: number;
  readonly arrivals: number;
  /** Arrivals of the last minutes, newest last: [minute since 1970, arrivals]. */
  readonly recent: readonly (readonly [number, number])[];
  /** Mean points of a broadcast, smoothed; 0 when none has been seen. */
  readonly meanPoints: number;
}

export const noMemory: Memory = {
  leftFrontAt: {},
  images: {},
  tasks: {},
  hosts: {},
  addresses: {},
  demand: { countedTo: 0, week: [], quarter: 0, arrivals: 0, recent: [], meanPoints: 0 },
  lastScaleOutAt: 0,
  peers: [],
};
