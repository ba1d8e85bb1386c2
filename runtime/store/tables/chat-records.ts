/**
 * What lies in the chat table, as values. An older or a newer version of Tidecast may have written it: what is
 * missing, or is not understood, has its default, and nothing that forbids something is dropped for it.
 */
import { z } from 'zod';
import { defaultLimits, type BucketLimit, type ChatLimits } from '../../../core/chat/limits.ts';
import {
  defaultPlatformChat,
  defaultSettings,
  maxTextLength,
  type Ban,
  type ChatSettings,
  type PlatformChat,
} from '../../../core/chat/mode.ts';
import type { AuditAction, AuditEntry, ChatTaskLoad, Moderator, Shard } from '../../../core/chat/store.ts';
import { afterPrefix, prefixes, type ChatItem } from './chat-items.ts';

const words = z.array(z.string()).catch([]);
const count = z.int().nonnegative();

export const settingsRecord = z.object({
  slowS: z.number().nonnegative().catch(defaultSettings.slowS),
  followersMin: z.number().nonnegative().exactOptional().catch(0),
  off: z.boolean().catch(defaultSettings.off),
  links: z.enum(['allowed', 'staff-only']).catch(defaultSettings.links),
  blockedWords: words,
  maxLength: z.int().min(1).max(maxTextLength).catch(defaultSettings.maxLength),
  maxEmoji: count.catch(defaultSettings.maxEmoji),
  version: count.catch(defaultSettings.version),
}) satisfies z.ZodType<ChatSettings>;

export const platformRecord = z.object({
  blockedWords: words,
  off: z.boolean().catch(defaultPlatformChat.off),
  version: count.catch(defaultPlatformChat.version),
}) satisfies z.ZodType<PlatformChat>;

const bucket = (fallback: BucketLimit) =>
  z.object({ perS: z.number().nonnegative(), burst: z.number().nonnegative() }).catch(fallback);

export const limitsRecord = z.object({
  person: bucket(defaultLimits.person),
  channel: bucket(defaultLimits.channel),
  platform: bucket(defaultLimits.platform),
  shownPerS: z.number().positive().catch(defaultLimits.shownPerS),
}) satisfies z.ZodType<ChatLimits>;

const time = z.number().catch(0);
const name = z.string().catch('');
const reason = z.string().optional().catch(undefined);

const ban = z.object({
  // One whose end can't be read is for good, until somebody lifts it.
  until: z.number().optional().catch(undefined),
  reason,
  name,
  by: name,
  at: time,
});

export function toBan(item: ChatItem): Ban {
  const { until, reason: why, ...rest } = ban.parse(item);
  return {
    personId: afterPrefix(item, prefixes.ban),
    ...rest,
    ...(until === undefined ? {} : { until }),
    ...(why === undefined ? {} : { reason: why }),
  };
}

const moderator = z.object({ name, by: name, at: time });

export const toModerator = (item: ChatItem): Moderator => ({
  personId: afterPrefix(item, prefixes.moderator),
  ...moderator.parse(item),
});

const audit = z.object({
  at: time,
  by: z.object({ personId: name, name, role: name }).catch({ personId: '', name: '', role: '' }),
  // Whatever was done is shown; who shows it knows what to make of a type that is new.
  action: z.looseObject({ type: z.string() }),
  name: z.string().optional().catch(undefined),
  reason,
});

/** Undefined for what is no line of the audit list. */
export function toAuditEntry(item: ChatItem): AuditEntry | undefined {
  const { data } = audit.safeParse(item);
  if (data === undefined) return undefined;
  const { at, by, action, name: called, reason: why } = data;
  return {
    id: item.entry,
    at,
    by,
    action: action as unknown as AuditAction,
    ...(called === undefined ? {} : { name: called }),
    ...(why === undefined ? {} : { reason: why }),
  };
}

const shard = z.object({
  redisUrl: z.string(),
  // A state that is not known here is none that asks for new broadcasts.
  state: z.enum(['open', 'closed']).catch('closed'),
});

export function toShard(item: ChatItem): Shard | undefined {
  const { data } = shard.safeParse(item);
  return data === undefined ? undefined : { shard: afterPrefix(item, prefixes.shard), ...data };
}

const load = z.object({
  shard: z.string(),
  taskId: z.string(),
  sockets: z.number().nonnegative(),
  capacity: z.number().nonnegative(),
  at: z.number(),
}) satisfies z.ZodType<ChatTaskLoad>;

export const toLoad = (item: ChatItem): ChatTaskLoad | undefined => load.safeParse(item).data;
