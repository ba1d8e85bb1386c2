/** The schemas of the chat's part. Outputs satisfy the types of core/api/chat.ts. */
import { z } from 'zod';
import type { ChatOps, ChatView, NewMessage, PostedMessage, RefusedPost } from '../../../core/api/chat.ts';
import { idPattern } from '../../../core/broadcast/ids.ts';
import type { ChatLimits } from '../../../core/chat/limits.ts';
import { messageIdPattern, type ChatAuthor } from '../../../core/chat/message.ts';
import {
  maxTextLength,
  type Ban,
  type ChatMode,
  type ChatSettings,
  type PlatformChat,
} from '../../../core/chat/mode.ts';
import { shardPattern } from '../../../core/chat/protocol.ts';
import type { Refusal, RefusalReason } from '../../../core/chat/refusal.ts';
import type { AuditEntry, Moderator } from '../../../core/chat/store.ts';
import { problem } from '../schemas.ts';
import { line } from '../text.ts';

const list = <Item extends z.ZodType>(item: Item) => z.array(item).readonly();
const timeMs = z.number().meta({ description: 'ms since 1970' });
const id = z
  .string()
  .regex(idPattern, 'is not an id: ids have 26 characters of 0-9 and a-z')
  .meta({ example: '01k9x3v7q2m4n6p8r0s2t4v6w8' });
const messageId = z
  .string()
  .regex(messageIdPattern, 'is not the id of a message: they have 16 digits')
  .meta({ example: '1763654400000000' });
const personId = z
  .string()
  .regex(/^[0-9a-f]{20}$/, 'is not the id of a person: they have 20 characters of 0-9 and a-f')
  .meta({ example: '0123456789abcdef0123' });
const shard = z.string().regex(shardPattern, 'is not the name of a shard').meta({ example: 'a' });

export const broadcastParams = z.object({ id });
export const messageParams = z.object({ id, message: messageId });
export const personParams = z.object({ id, person: personId });
export const opsPersonParams = z.object({ person: personId });
export const shardParams = z.object({ shard });

/** Unique for what a client means as one post (draft-ietf-httpapi-idempotency-key-header, without its quotes). */
export const postHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,64}$/, 'must have 1 to 64 visible ASCII characters')
    .optional()
    .meta({ description: 'the same post again, with the same key, is posted once. Kept for 10 minutes' }),
});

// What is wrong with a text is a refusal with a reason (core/chat/refusal.ts), not a bad request.
export const newMessage = z
  .strictObject({ text: z.string() })
  .meta({ id: 'NewMessage' }) satisfies z.ZodType<NewMessage>;
export const postedMessage = z
  .object({ id: messageId, at: timeMs })
  .meta({ id: 'PostedMessage' }) satisfies z.ZodType<PostedMessage>;

const reason = z.enum([
  'banned',
  'timeout',
  'chat-off',
  'slow-mode',
  'followers-only',
  'ended',
  'empty',
  'too-long',
  'too-many-emoji',
  'link',
  'blocked-word',
  'bad-characters',
  'person-limit',
  'channel-limit',
  'platform-limit',
  'unavailable',
] satisfies readonly RefusalReason[]);
const refusal = z.object({
  reason,
  retryAfterMs: z.number().exactOptional(),
}) satisfies z.ZodType<Refusal>;
export const refusedPost = problem
  .extend({ chat: refusal })
  .meta({ id: 'RefusedPost', description: 'RFC 9457, with the reason' }) satisfies z.ZodType<RefusedPost>;

/** What a change answers that the screens don't show yet. */
export const notShownYet = z
  .object({ detail: z.string() })
  .meta({ id: 'NotShownYet', description: 'kept; shown as soon as the chat answers again' });

const author = z.object({
  id: personId,
  name: z.string(),
  role: z.enum(['viewer', 'moderator', 'broadcaster', 'operator']),
}) satisfies z.ZodType<ChatAuthor>;
const mode = z.object({
  slowS: z.number(),
  followersMin: z.number().exactOptional(),
  off: z.boolean(),
}) satisfies z.ZodType<ChatMode>;
export const chatView = z
  .object({
    path: z.string().exactOptional(),
    mode,
    maxLength: z.number(),
    you: author.exactOptional(),
    followedSince: timeMs.exactOptional(),
    replay: z.string().meta({ description: 'the index of the replay; needs the cookies of playback' }),
  })
  .meta({ id: 'ChatView' }) satisfies z.ZodType<ChatView>;

const links = z.enum(['allowed', 'staff-only']);
const blockedWords = z.array(line(1, 60)).max(500, 'may have 500 entries: leave some out');
/** Longer waits are what switching the chat off is for. */
const slowS = z.int().min(0).max(3_600);
/** A year. */
const followersMin = z.int().min(0).max(525_600);
/** 500 words of 60 characters, each up to 4 bytes long and some of them escaped. */
export const maxWordsBytes = 512 * 1024;

export const chatSettings = mode
  .extend({
    links,
    blockedWords: list(z.string()),
    maxLength: z.number(),
    maxEmoji: z.number(),
    version: z.number(),
  })
  .meta({ id: 'ChatSettings' }) satisfies z.ZodType<ChatSettings>;

const atLeastOne = (body: object): boolean => Object.values(body).some((value) => value !== undefined);
const nothing = 'names nothing to change';

export const settingsChanges = z
  .strictObject({
    slowS: slowS.optional(),
    followersMin: followersMin.nullable().optional().meta({ description: 'null: everybody' }),
    off: z.boolean().optional(),
    links: links.optional(),
    blockedWords: blockedWords.optional(),
    maxLength: z.int().min(1).max(maxTextLength).optional(),
    maxEmoji: z.int().min(0).max(maxTextLength).optional(),
  })
  .refine(atLeastOne, nothing)
  .meta({ id: 'ChatSettingsChanges' });

const ban = z
  .object({
    personId,
    until: timeMs.exactOptional(),
    reason: z.string().exactOptional(),
    name: z.string(),
    by: z.string(),
    at: timeMs,
  })
  .meta({ id: 'ChatBan' }) satisfies z.ZodType<Ban>;
export { ban };
export const banList = z.object({ bans: list(ban) }).meta({ id: 'ChatBans' });

/** Names come from pages, as they were shown there. */
const personName = line(1, 80);
export const banWish = z
  .strictObject({
    forS: z.int().min(1).max(31_536_000).optional().meta({ description: 'absent: for good' }),
    name: personName,
    reason: line(0, 300).optional(),
  })
  .meta({ id: 'ChatBanWish' });
export const banQuery = z.object({
  purge: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: 'true: also deletes all that they have said in the broadcast under way' }),
});

const moderator = z.object({
  personId,
  name: z.string(),
  by: z.string(),
  at: timeMs,
}) satisfies z.ZodType<Moderator>;
export const moderatorList = z.object({ moderators: list(moderator) }).meta({ id: 'ChatModerators' });
/** For the audit list. */
export const purgeQuery = z.strictObject({ name: personName.exactOptional() });

export const moderatorWish = z.strictObject({ name: personName }).meta({ id: 'ChatModeratorWish' });

const action = z.discriminatedUnion('type', [
  z.object({ type: z.literal('delete'), broadcastId: z.string(), ids: list(z.string()) }),
  z.object({ type: z.literal('purge'), broadcastId: z.string(), personId: z.string() }),
  z.object({ type: z.literal('timeout'), personId: z.string(), forS: z.number() }),
  z.object({ type: z.enum(['ban', 'unban', 'moderator', 'no-moderator']), personId: z.string() }),
  z.object({ type: z.literal('settings'), changes: z.record(z.string(), z.unknown()) }),
]);
const auditEntry = z
  .object({
    id: z.string(),
    at: timeMs,
    by: z.object({ personId: z.string(), name: z.string(), role: z.string() }),
    action,
    name: z.string().exactOptional(),
    reason: z.string().exactOptional(),
  })
  .meta({ id: 'ChatAuditEntry' }) satisfies z.ZodType<AuditEntry>;
export const auditPage = z
  .object({ entries: list(auditEntry), before: z.string().exactOptional() })
  .meta({ id: 'ChatAudit' });
export const auditQuery = z.object({
  before: z.string().regex(idPattern, 'is not the id of an entry').optional(),
});

/** 0 would be a chat that is off, which has its own switch; the upper end keeps numbers in Redis exact. */
const bucket = z.strictObject({ perS: z.number().min(0.001).max(1e6), burst: z.number().min(1).max(1e6) });
/** Nobody reads 10,000; benches and clients that are no people may want all. */
const shownPerS = z.number().min(1).max(10_000);
export const chatLimits = z
  .object({ person: bucket, channel: bucket, platform: bucket, shownPerS: z.number() })
  .meta({ id: 'ChatLimits' }) satisfies z.ZodType<ChatLimits>;
export const limitChanges = z
  .strictObject({
    person: bucket.exactOptional(),
    channel: bucket.exactOptional(),
    platform: bucket.exactOptional(),
    shownPerS: shownPerS.exactOptional(),
  })
  .refine(atLeastOne, nothing)
  .meta({ id: 'ChatLimitChanges' });

export const platformChat = z
  .object({ blockedWords: list(z.string()), off: z.boolean(), version: z.number() })
  .meta({ id: 'PlatformChat' }) satisfies z.ZodType<PlatformChat>;
export const platformChanges = z
  .strictObject({ blockedWords: blockedWords.exactOptional(), off: z.boolean().exactOptional() })
  .refine(atLeastOne, nothing)
  .meta({ id: 'PlatformChatChanges' });

export const chatOps = z
  .object({
    limits: chatLimits,
    shards: list(
      z.object({
        shard,
        redisUrl: z.string(),
        state: z.enum(['open', 'closed']),
        load: z
          .number()
          .meta({ description: `sockets over capacity; ${Number.MAX_SAFE_INTEGER}: nobody serves` }),
        tasks: z.number(),
        sockets: z.number(),
        postsPerS: z.number().exactOptional().meta({ description: 'absent: its Redis does not answer' }),
        refusedPerS: z.number().exactOptional(),
        broadcasts: z.number().exactOptional(),
        reports: list(
          z.object({ taskId: z.string(), sockets: z.number(), capacity: z.number(), at: timeMs }),
        ).exactOptional(),
      }),
    ),
    at: timeMs.exactOptional(),
    off: z.boolean().exactOptional().meta({ description: 'nobody but staff can post anywhere' }),
    rooms: list(
      z.object({
        broadcastId: z.string(),
        channelName: z.string(),
        title: z.string(),
        shard: z.string(),
        viewers: z.number(),
      }),
    )
      .exactOptional()
      .meta({ description: 'those with most viewers, most first' }),
  })
  .meta({ id: 'ChatOps' }) satisfies z.ZodType<ChatOps>;

export const drillWish = z
  .strictObject({ share: z.number().gt(0).max(1), shard: shard.optional() })
  .meta({ id: 'ChatDrill' });
export const drillAnswer = z
  .object({
    shards: list(z.string()),
    tasks: z.record(z.string(), z.number()).exactOptional().meta({
      description: 'by shard, how many heard it: those that are not connected at this moment did not',
    }),
  })
  .meta({ id: 'ChatDrillShards' });
export const moveWish = z
  .strictObject({ to: shard.optional(), broadcastIds: z.array(id).max(1_000).optional() })
  .meta({ id: 'ChatMove' });
export const moveAnswer = z
  .object({ moved: list(z.object({ broadcastId: z.string(), to: z.string() })) })
  .meta({ id: 'ChatMoved' });
