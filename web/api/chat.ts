/** The chat's part of the HTTP API as the pages use it (core/api/chat.ts). */
import type { ChatView, PostedMessage } from '../../core/api/chat.ts';
import type { Ban, ChatSettings } from '../../core/chat/mode.ts';
import type { AuditEntry, Moderator } from '../../core/chat/store.ts';
import type { Ask } from './ask.ts';

export type SettingsChange = Partial<Omit<ChatSettings, 'version' | 'followersMin'>> & {
  /** null: everybody. */
  readonly followersMin?: number | null;
};

export interface NewBan {
  /** Absent: for good. */
  readonly forS?: number;
  readonly name: string;
  readonly reason?: string;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  readonly before?: string;
}

export interface ChatApi {
  readonly view: (broadcastId: string) => Promise<ChatView>;
  /** `key`: the same for every attempt at the same post. */
  readonly post: (broadcastId: string, text: string, key: string) => Promise<PostedMessage>;
  readonly remove: (broadcastId: string, messageId: string) => Promise<void>;
  readonly purge: (broadcastId: string, personId: string, name: string) => Promise<void>;
  readonly settings: (channelId: string) => Promise<ChatSettings>;
  readonly changeSettings: (channelId: string, change: SettingsChange) => Promise<ChatSettings>;
  readonly bans: (channelId: string) => Promise<{ readonly bans: readonly Ban[] }>;
  readonly ban: (channelId: string, personId: string, ban: NewBan) => Promise<Ban>;
  readonly unban: (channelId: string, personId: string) => Promise<void>;
  readonly moderators: (channelId: string) => Promise<{ readonly moderators: readonly Moderator[] }>;
  readonly addModerator: (channelId: string, personId: string, name: string) => Promise<void>;
  readonly removeModerator: (channelId: string, personId: string) => Promise<void>;
  readonly audit: (channelId: string, before?: string) => Promise<AuditPage>;
  readonly follow: (channelId: string) => Promise<void>;
  readonly unfollow: (channelId: string) => Promise<void>;
}

export function createChatApi(ask: Ask): ChatApi {
  const id = encodeURIComponent;
  const show = (broadcastId: string): string => `/api/broadcasts/${id(broadcastId)}`;
  const chat = (channelId: string): string => `/api/channels/${id(channelId)}/chat`;
  const follow = (channelId: string): string => `/api/channels/${id(channelId)}/follow`;
  return {
    view: (broadcastId) => ask('GET', `${show(broadcastId)}/chat`),
    post: (broadcastId, text, key) =>
      ask('POST', `${show(broadcastId)}/messages`, { text }, { 'idempotency-key': key }),
    remove: (broadcastId, messageId) => ask('DELETE', `${show(broadcastId)}/messages/${id(messageId)}`),
    purge: (broadcastId, personId, name) =>
      ask('DELETE', `${show(broadcastId)}/people/${id(personId)}/messages?name=${id(name)}`),
    settings: (channelId) => ask('GET', `${chat(channelId)}/settings`),
    changeSettings: (channelId, change) => ask('PATCH', `${chat(channelId)}/settings`, change),
    bans: (channelId) => ask('GET', `${chat(channelId)}/bans`),
    ban: (channelId, personId, ban) => ask('PUT', `${chat(channelId)}/bans/${id(personId)}`, ban),
    unban: (channelId, personId) => ask('DELETE', `${chat(channelId)}/bans/${id(personId)}`),
    moderators: (channelId) => ask('GET', `${chat(channelId)}/moderators`),
    addModerator: (channelId, personId, name) =>
      ask('PUT', `${chat(channelId)}/moderators/${id(personId)}`, { name }),
    removeModerator: (channelId, personId) => ask('DELETE', `${chat(channelId)}/moderators/${id(personId)}`),
    audit: (channelId, before) =>
      ask('GET', `${chat(channelId)}/audit${before === undefined ? '' : `?before=${id(before)}`}`),
    follow: (channelId) => ask('PUT', follow(channelId)),
    unfollow: (channelId) => ask('DELETE', follow(channelId)),
  };
}
