/** What of the chat outlives everything: the tables' side (runtime/store/tables/chat*.ts), as ports. */
import type { ChatLimits } from './limits.ts';
import type { ChatMessage, KeyedMessages, MessageKeys } from './message.ts';
import type { Ban, ChatSettings, PlatformChat } from './mode.ts';

export interface MessageRange {
  /** Ids; both ends belong to it. Absent: open. */
  readonly from?: string;
  readonly to?: string;
  /** The newest so many; absent: all. */
  readonly newest?: number;
}

export interface MessageStore {
  /**
   * Writes them in batches of 25; the same again changes nothing. The answer names those that could not be
   * written within the deadline (throttled, unreachable): of these nothing stays behind that would be read.
   */
  write(
    broadcastId: string,
    messages: readonly ChatMessage[],
    keys?: MessageKeys,
  ): Promise<{ readonly failed: readonly string[] }>;
  /** In the order of their ids, without removed ones. */
  read(broadcastId: string, range: MessageRange): Promise<readonly ChatMessage[]>;
  /** The same, and the keys that they were written with. */
  readKeyed(broadcastId: string, range: MessageRange): Promise<KeyedMessages>;
  remove(broadcastId: string, ids: readonly string[]): Promise<void>;
  /** Everything of a person until and with this id; the answer are the ids. */
  removeOf(broadcastId: string, personId: string, until: string): Promise<readonly string[]>;
}

export interface Moderator {
  readonly personId: string;
  readonly name: string;
  readonly by: string;
  readonly at: number;
}

export type AuditAction =
  | { readonly type: 'delete'; readonly broadcastId: string; readonly ids: readonly string[] }
  | { readonly type: 'purge'; readonly broadcastId: string; readonly personId: string }
  | { readonly type: 'timeout'; readonly personId: string; readonly forS: number }
  | { readonly type: 'ban' | 'unban' | 'moderator' | 'no-moderator'; readonly personId: string }
  | { readonly type: 'settings'; readonly changes: Readonly<Record<string, unknown>> };

/** One line of what staff did. */
export interface AuditEntry {
  /** ULID: newest last. */
  readonly id: string;
  readonly at: number;
  readonly by: { readonly personId: string; readonly name: string; readonly role: string };
  readonly action: AuditAction;
  /** As the person concerned was called. */
  readonly name?: string;
  readonly reason?: string;
}

/** `channelId` may be `platform`: what operators decide for all. */
export type ChatScope = string;
export const platformScope = 'platform';

export interface ChatStore {
  settings(channelId: string): Promise<ChatSettings>;
  /** Undefined: somebody else changed it meanwhile; read again. */
  changeSettings(
    channelId: string,
    settings: ChatSettings,
    fromVersion: number,
  ): Promise<ChatSettings | undefined>;
  platform(): Promise<PlatformChat>;
  changePlatform(platform: PlatformChat, fromVersion: number): Promise<PlatformChat | undefined>;
  limits(): Promise<ChatLimits>;
  changeLimits(limits: ChatLimits): Promise<void>;
  /** Without those that are over. */
  bans(scope: ChatScope): Promise<readonly Ban[]>;
  ban(scope: ChatScope, ban: Ban): Promise<void>;
  unban(scope: ChatScope, personId: string): Promise<void>;
  moderators(channelId: string): Promise<readonly Moderator[]>;
  addModerator(channelId: string, moderator: Moderator): Promise<void>;
  removeModerator(channelId: string, personId: string): Promise<void>;
  /** ms since 1970 since when; undefined: not. */
  followedSince(personId: string, channelId: string): Promise<number | undefined>;
  /** The first call counts. */
  follow(personId: string, channelId: string, at: number): Promise<void>;
  unfollow(personId: string, channelId: string): Promise<void>;
  audit(scope: ChatScope, entry: AuditEntry): Promise<void>;
  /** Newest first. */
  auditPage(
    scope: ChatScope,
    page: { readonly limit: number; readonly before?: string },
  ): Promise<{ readonly entries: readonly AuditEntry[]; readonly before?: string }>;
}

/** A shard as its own tasks announce it. */
export interface Shard {
  readonly shard: string;
  /** redis:// or rediss://, without a secret. */
  readonly redisUrl: string;
  /** `closed`: takes no new broadcasts. */
  readonly state: 'open' | 'closed';
}

/** What a chat task says of itself every 10 s. */
export interface ChatTaskLoad {
  readonly shard: string;
  readonly taskId: string;
  readonly sockets: number;
  /** Sockets that it is made for. */
  readonly capacity: number;
  readonly at: number;
}

/** A load that is older than this is of a task that is gone. */
export const loadFreshMs = 30_000;

export interface ShardStore {
  /** Leaves the state of one that is known alone. */
  announce(shard: Omit<Shard, 'state'>): Promise<void>;
  setState(shard: string, state: Shard['state']): Promise<void>;
  forget(shard: string): Promise<void>;
  report(load: ChatTaskLoad): Promise<void>;
  /** Everything in one query, as it is; core/chat/shards.ts weighs it. */
  list(): Promise<{ readonly shards: readonly Shard[]; readonly loads: readonly ChatTaskLoad[] }>;
}

/** A broadcast whose chat has to be archived. */
export interface Unarchived {
  readonly broadcastId: string;
  /** Another one after each `add`: something may have been removed. */
  readonly mark: string;
}

/** Broadcasts whose chat is not wholly archived yet, by shard; so that no crash forgets one. */
export interface UnarchivedStore {
  add(shard: string, broadcastId: string): Promise<void>;
  list(shard: string): Promise<readonly string[]>;
  notes(shard: string): Promise<readonly Unarchived[]>;
  /** With a mark only if nothing was added since it was read. */
  done(shard: string, broadcastId: string, mark?: string): Promise<void>;
}
