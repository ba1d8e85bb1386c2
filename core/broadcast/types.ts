import type { EncodingPlan, InputState } from '../media/flow.ts';

/** Who may find and see a broadcast. Unlisted: whoever has the address. Private: the owner. */
export type Visibility = 'public' | 'unlisted' | 'private';
export const visibilities: readonly Visibility[] = ['public', 'unlisted', 'private'];

/** A broadcaster's permanent place. Times are ms since 1970. */
export interface Channel {
  readonly channelId: string;
  /** `sub` of the owner's token. */
  readonly ownerId: string;
  readonly name: string;
  /** Title and visibility of the next broadcast. */
  readonly title: string;
  readonly visibility: Visibility;
  /** SHA-256 of the stream key's secret, hex. The key itself is shown once and kept nowhere. */
  readonly keyHash: string;
  readonly keyCreatedAt: number;
  readonly createdAt: number;
  /** The broadcast that a new session may continue; absent when none is under way. */
  readonly currentBroadcastId?: string;
}

export type BroadcastState = 'live' | 'interrupted' | 'ended';

/** One show of a channel. Attributes have owners: the API writes title and visibility, the holding task the rest. */
export interface Broadcast {
  readonly broadcastId: string;
  readonly channelId: string;
  readonly ownerId: string;
  readonly channelName: string;
  readonly title: string;
  readonly visibility: Visibility;
  readonly state: BroadcastState;
  readonly startedAt: number;
  readonly endedAt?: number;
  /** Counts encoder connections over all tasks. Also the fence: a task whose session is not the newest has lost the broadcast. */
  readonly session: number;
  /** Where the live window is: /live/<slot>/<broadcastId>/. */
  readonly slot: string;
  readonly taskId: string;
  /** Last sign of life from the holding task. */
  readonly seenAt: number;
  /** When the encoder was last heard; counts the grace window. */
  readonly encoderSeenAt: number;
  readonly plan?: EncodingPlan;
  readonly input?: InputState;
  /** Length of the recording in seconds, known when ended. */
  readonly durationS?: number;
  /** Chat shard; absent when none served as it began: whoever asks for its chat first assigns one. */
  readonly shard?: string;
  /** A picture of it lies in object storage. */
  readonly hasThumbnail?: boolean;
}

/** design section 1: OBS retries after 5, 10, 20, 40 s; 60 s covers the first three tries. */
export const graceWindowMs = 60_000;
/** How often the holding task says that it lives (design section 5). */
export const heartbeatMs = 5_000;
/** A broadcast whose task was silent for so long may be taken over by any task: three heartbeats missed. */
export const lostAfterMs = 3 * heartbeatMs;
