/** The chat's part of what operators ask the API. */
import type { ChatOps } from '../../../core/api/chat.ts';
import type { ChatLimits } from '../../../core/chat/limits.ts';
import type { PlatformChat } from '../../../core/chat/mode.ts';
import type { Ask } from '../../api/ask.ts';

export interface Moved {
  readonly moved: readonly { readonly broadcastId: string; readonly to: string }[];
}

export interface ChatOpsApi {
  readonly view: () => Promise<ChatOps>;
  readonly changeLimits: (changes: Partial<ChatLimits>) => Promise<ChatLimits>;
  /** For all chats of the platform; staff can write all the same. */
  readonly switchOff: (off: boolean) => Promise<PlatformChat>;
  readonly setShard: (shard: string, word: 'open' | 'close') => Promise<void>;
  /** Without `to`: each broadcast to the least loaded. */
  readonly move: (shard: string, to: string | undefined) => Promise<Moved>;
}

const shardPath = (shard: string): string => `/api/ops/chat/shards/${encodeURIComponent(shard)}`;

export const createChatOpsApi = (ask: Ask): ChatOpsApi => ({
  view: () => ask('GET', '/api/ops/chat'),
  changeLimits: (changes) => ask('PATCH', '/api/ops/chat/limits', changes),
  switchOff: (off) => ask('PATCH', '/api/ops/chat/platform', { off }),
  setShard: (shard, word) => ask('POST', `${shardPath(shard)}/${word}`, {}),
  move: (shard, to) => ask('POST', `${shardPath(shard)}/move`, to === undefined ? {} : { to }),
});
