import type { PostBus } from '../../../core/chat/bus.ts';
import type {
  ChatStore,
  MessageStore,
  Shard,
  ShardStore,
  UnarchivedStore,
} from '../../../core/chat/store.ts';

/** What the chat's part of the API works with beside the rest; start.ts makes the real ones. */
export interface ChatParts {
  readonly store: ChatStore;
  readonly messages: MessageStore;
  readonly shards: ShardStore;
  readonly unarchived: UnarchivedStore;
  /** Returns at once: a Redis that is away shows in the calls. */
  readonly openBus: (shard: Shard) => PostBus;
  /** ms of a clock that never steps: ages and deadlines go by it. */
  readonly steady: () => number;
  /** 0 ≤ x < 1 */
  readonly random: () => number;
}
