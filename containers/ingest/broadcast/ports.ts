/** What holding broadcasts needs from the outside. The real sides are wired in ../ingest.ts. */
import type { Broadcast, Channel } from '../../../core/broadcast/types.ts';
import type { EncodingPlan, InputState, InputWarning, SourceInfo } from '../../../core/media/flow.ts';
import type { Logger } from '../../../runtime/telemetry/log.ts';
import type { Archive } from '../archive/archive.ts';
import type { Encoding } from '../encoding/encoding.ts';
import type { StartEncodingOptions } from '../encoding/options.ts';
import type { Door } from '../fleet/door.ts';

export interface Clock {
  now(): number;
}

export type ReportResult =
  | { readonly kind: 'held'; readonly broadcast: Broadcast }
  | { readonly kind: 'lost' };

/** The tables, as the ingest task uses them. Every write is fenced by the session number. */
export interface BroadcastRecords {
  channel(channelId: string): Promise<Channel | undefined>;
  get(broadcastId: string): Promise<Broadcast | undefined>;
  /** For a broadcast that begins now. */
  newId(): string;
  /** With `only` NothingToContinueError when that one can't be continued. */
  openSession(
    channel: Channel,
    opening: { readonly newId: string; readonly at: number; readonly only: string | undefined },
  ): Promise<{ readonly broadcast: Broadcast; readonly resumed: boolean }>;
  report(report: BroadcastReport): Promise<ReportResult>;
  end(ended: {
    readonly broadcastId: string;
    readonly session: number;
    readonly endedAt: number;
    readonly durationS: number;
  }): Promise<'ended' | 'lost'>;
  /** Takes a silent broadcast over to end it; undefined when somebody else was quicker. */
  takeOver(stale: Broadcast): Promise<Broadcast | undefined>;
  /** Every broadcast that has not ended, of all tasks. */
  unended(): AsyncIterable<Broadcast>;
  /** Forgets a broadcast that never had a picture. */
  discard(broadcast: Broadcast): Promise<void>;
}

export interface BroadcastReport {
  readonly broadcastId: string;
  readonly session: number;
  readonly state: 'live' | 'interrupted';
  readonly encoderSeenAt: number;
  readonly plan?: EncodingPlan;
  readonly input?: InputState;
  readonly hasThumbnail?: boolean;
}

export type OpenArchive = (opened: {
  readonly broadcastId: string;
  readonly plan: EncodingPlan;
  /** Nothing of it can be stored yet: opening needs no answer from object storage. */
  readonly isNew: boolean;
  readonly publishThumbnail: () => boolean;
  /** Asked before each playlist is written. */
  readonly mayPublish: () => boolean;
}) => Promise<Archive>;

export type StartEncoding = (
  options: Pick<StartEncodingOptions, 'session' | 'listener' | 'encoder' | 'backPressure' | 'log'>,
) => Encoding;

/** Everything a held broadcast works with. */
export interface BroadcastDependencies {
  readonly records: BroadcastRecords;
  readonly openArchive: OpenArchive;
  /** Removes from the spool what a task that goes on with the broadcast has gone past. */
  readonly pruneSpool: (broadcastId: string, plan: EncodingPlan) => Promise<void>;
  readonly startEncoding: StartEncoding;
  readonly clock: Clock;
  readonly log: Logger;
  readonly graceMs: number;
  readonly planFor: (source: SourceInfo) => EncodingPlan;
  readonly door: Pick<Door, 'enter'>;
  /** What broadcasters have to know of their server, beside what is wrong with their stream. */
  readonly notices: () => readonly InputWarning[];
  /** A show has begun, or is over. */
  readonly onShowsChanged: () => void;
  readonly onPartLate: (lateMs: number) => void;
  /** ffmpeg was started again so many times since the last call. */
  readonly onFfmpegRestarts: (count: number) => void;
}
