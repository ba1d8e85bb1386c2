/**
 * The chat's part of the HTTP API. Reading is over the socket (core/chat/protocol.ts), all else is here.
 * `:id` is a broadcast, `:channel` a channel, `:person` a public person id.
 *
 *   POST   /api/broadcasts/:id/messages                 { text } → { id, at } 201       header Idempotency-Key
 *   DELETE /api/broadcasts/:id/messages/:message        204        staff, or whoever said it
 *   DELETE /api/broadcasts/:id/people/:person/messages  204        staff: all that they have said
 *   GET    /api/broadcasts/:id/chat                     → ChatView
 *   GET    /api/channels/:channel/chat/settings         → ChatSettings      staff
 *   PATCH  /api/channels/:channel/chat/settings         → ChatSettings      staff; moderators too
 *   GET    /api/channels/:channel/chat/bans             → { bans: Ban[] }   staff
 *   PUT    /api/channels/:channel/chat/bans/:person     { forS?, name, reason? } → Ban     staff; without forS for good
 *   DELETE /api/channels/:channel/chat/bans/:person     204        staff
 *   GET    /api/channels/:channel/chat/moderators       → { moderators: Moderator[] }   staff
 *   PUT    /api/channels/:channel/chat/moderators/:person   { name } 204   broadcaster, operators
 *   DELETE /api/channels/:channel/chat/moderators/:person   204            broadcaster, operators
 *   GET    /api/channels/:channel/chat/audit?before=    → { entries: AuditEntry[], before? }   staff
 *   PUT    /api/channels/:channel/follow                204        signed in
 *   DELETE /api/channels/:channel/follow                204
 *
 * Operators only:
 *   GET    /api/ops/chat                        → ChatOps
 *   PATCH  /api/ops/chat/limits                 Partial<ChatLimits> → ChatLimits     at once, everywhere
 *   GET    /api/ops/chat/platform, PATCH        blocked words and chat-off for all → PlatformChat
 *   PUT    /api/ops/chat/bans/:person, DELETE   platform-wide, as above
 *   POST   /api/ops/chat/drill                  { share, shard? } → { shards: string[], tasks: { [shard]: number } }  202
 *   POST   /api/ops/chat/shards/:shard/close, /open          204
 *   POST   /api/ops/chat/shards/:shard/move     { to?, broadcastIds? } → { moved: { broadcastId, to }[] }
 *
 * A refused post is a Problem with `chat: Refusal`; 403 for what stays so, 429 for what passes (with
 * Retry-After), 409 for a broadcast that has ended, 422 for a text that is not taken, 503 when chat is away.
 *
 * The same post with the same Idempotency-Key (1 to 64 visible ASCII characters, unique for its person and broadcast) is
 * one message and is answered with one id, for 10 minutes and whichever task is asked, also at the same time; whatever
 * the text says the second time. It holds also when the chat's Redis was lost meanwhile or the broadcast was moved to
 * another shard: then for the newest 500 messages, and the 5,000 of the last minute that something was said in
 * (core/chat/bus.ts). A 503 says nothing about the post: ask again with the same key.
 */
import type { ChatAuthor } from '../chat/message.ts';
import type { ChatLimits } from '../chat/limits.ts';
import type { ChatMode } from '../chat/mode.ts';
import type { Refusal } from '../chat/refusal.ts';
import type { ShardLoad } from '../chat/shards.ts';
import type { ChatTaskLoad } from '../chat/store.ts';
import type { Problem } from './types.ts';

export interface NewMessage {
  readonly text: string;
}

export interface PostedMessage {
  readonly id: string;
  readonly at: number;
}

export interface RefusedPost extends Problem {
  readonly chat: Refusal;
}

/** What a page needs beside the socket. */
export interface ChatView {
  /** Absent when the broadcast has ended, or no shard serves. */
  readonly path?: string;
  readonly mode: ChatMode;
  readonly maxLength: number;
  /** The asker; absent for anonymous. */
  readonly you?: ChatAuthor;
  /** Since when the asker follows the channel. */
  readonly followedSince?: number;
  /** Where the replay's index lies (needs the cookies of playback). */
  readonly replay: string;
}

/** What a task said of itself last. One that has ended is remembered for some minutes. */
export type TaskReport = Omit<ChatTaskLoad, 'shard'>;

export interface ShardView extends ShardLoad {
  /** Posts that were asked for in the last second; absent when its Redis does not answer. */
  readonly postsPerS?: number;
  /** Of these, how many were refused by the platform's limit. */
  readonly refusedPerS?: number;
  /** Broadcasts under way that have their chat here. */
  readonly broadcasts?: number;
  /** Newest first. */
  readonly reports?: readonly TaskReport[];
}

/** The chat of a broadcast under way. */
export interface RoomView {
  readonly broadcastId: string;
  readonly channelName: string;
  readonly title: string;
  readonly shard: string;
  readonly viewers: number;
}

export interface ChatOps {
  readonly limits: ChatLimits;
  readonly shards: readonly ShardView[];
  /** When this was true: reports are as old as they are then. */
  readonly at?: number;
  /** Emergency: nobody but staff can post anywhere. */
  readonly off?: boolean;
  /** Those with most viewers, most first; without those whose Redis does not answer. */
  readonly rooms?: readonly RoomView[];
}
