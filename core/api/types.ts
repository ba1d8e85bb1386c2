/**
 * What the HTTP API says and the pages read. containers/api validates against schemas that satisfy these
 * types; web/ imports them as types only. Times are ms since 1970.
 *
 *   GET   /api/config                      → PublicConfig
 *   GET   /api/time                        → { nowMs }           never cached: pages measure their clock's offset
 *   GET   /api/directory?cursor=           → Directory           public broadcasts; cursor pages the recordings
 *   GET   /api/broadcasts/:id              → BroadcastView       private: owner only, else 404
 *   GET   /api/broadcasts/:id/playback     → Playback            sets the signed cookies
 *   PATCH /api/broadcasts/:id              → BroadcastView       owner: title, visibility
 *   GET   /api/channels/:id                → ChannelView
 *   GET   /api/channels/:id/broadcasts     → { broadcasts: BroadcastView[], nextCursor? }   owner sees all, others public ones
 *   PATCH /api/channels/:id                → OwnChannel          owner: name, title, visibility (of the next broadcast)
 *   POST  /api/channels/:id/stream-key     → { streamKey }       owner: renews; the old key stops working at once for new connections
 *   GET   /api/channels/:id/studio         → StudioView          owner
 *   POST  /api/channels                    → { channel: OwnChannel, streamKey }  201
 *   GET   /api/me/channels                 → { channels: OwnChannel[] }
 *   GET   /api/openapi.json, /api/docs
 *
 * Errors are application/problem+json (RFC 9457): Problem.
 */
import type { BroadcastState, Visibility } from '../broadcast/types.ts';
import type { InputState } from '../media/flow.ts';

export interface PublicConfig {
  readonly issuer: string;
  readonly clientId: string;
  /** Absent while no host takes broadcasts, where there is no domain that names them. */
  readonly rtmpUrl?: string;
}

export interface BroadcastView {
  readonly broadcastId: string;
  readonly channelId: string;
  readonly channelName: string;
  readonly title: string;
  readonly visibility: Visibility;
  readonly state: BroadcastState;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly durationS?: number;
  /** Counts encoder connections: when it rises, an interrupted broadcast has come back. */
  readonly session: number;
  /** Address of a picture that is renewed every 10 s while live. */
  readonly thumbnail?: string;
  /** While not ended: where its chat is. Absent as long as no shard serves. */
  readonly chat?: { readonly shard: string; readonly path: string };
  /** People who watch now, while live; a few seconds old, absent when nobody knows. */
  readonly viewers?: number;
}

export interface Directory {
  readonly live: readonly BroadcastView[];
  readonly recordings: readonly BroadcastView[];
  readonly nextCursor?: string;
}

export interface Playback {
  readonly state: BroadcastState;
  readonly session: number;
  readonly startedAt: number;
  /** Master playlist of the live window; absent when ended or before the first picture. */
  readonly live?: string;
  /** Other origins that `live` may be asked at, as good as this one: viewers are to be spread over them. */
  readonly liveOrigins?: readonly string[];
  /** Master playlist of the archive: time shift while live, the recording afterwards. */
  readonly archive?: string;
}

export interface ChannelView {
  readonly channelId: string;
  readonly name: string;
  /** The broadcast under way, if there is one that the asker may see. */
  readonly current?: BroadcastView;
}

export interface OwnChannel {
  readonly channelId: string;
  readonly name: string;
  readonly title: string;
  readonly visibility: Visibility;
  readonly createdAt: number;
  readonly keyCreatedAt: number;
  readonly currentBroadcastId?: string;
}

export interface StudioView {
  readonly channel: OwnChannel;
  /** What could not be measured yet is left out of `input`. */
  readonly current?: { readonly broadcast: BroadcastView; readonly input?: Partial<InputState> };
}

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** What was wrong with which value, and the way out. */
  readonly detail: string;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}
