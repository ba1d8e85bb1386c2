import type { Broadcast } from '../../../core/broadcast/types.ts';
import { chatPath } from '../../../core/chat/protocol.ts';
import { leastLoaded } from '../../../core/chat/shards.ts';
import type { Broadcasts } from '../../../runtime/store/tables/broadcasts.ts';
import type { ChatParts } from './parts.ts';
import { Recent } from '../../../runtime/store/recent.ts';
import type { Shards } from './shards.ts';

/** No shard serves: asked for again after so long. */
const nowhereFreshMs = 1_000;
/** Only an operator moves a broadcast, and then its item says so to whoever reads it. */
const assignedFreshMs = 60_000;

/** Which shard a broadcast has its chat in. One that has none yet gets the least loaded. */
export class Homes {
  readonly #assigned: Recent<string | undefined>;

  constructor(options: {
    readonly broadcasts: Pick<Broadcasts, 'assignShard'>;
    readonly shards: Shards;
    readonly chat: Pick<ChatParts, 'steady' | 'random'>;
  }) {
    const { broadcasts, shards, chat } = options;
    this.#assigned = new Recent({
      read: async (broadcastId) => {
        const shard = leastLoaded(await shards.serving(), chat.random());
        return shard === undefined ? undefined : broadcasts.assignShard(broadcastId, shard);
      },
      freshMs: (shard) => (shard === undefined ? nowhereFreshMs : assignedFreshMs),
      steady: chat.steady,
    });
  }

  /** Undefined: no shard serves, or it ended before it had one. */
  async shardOf(broadcast: Pick<Broadcast, 'broadcastId' | 'shard' | 'state'>): Promise<string | undefined> {
    if (broadcast.shard !== undefined || broadcast.state === 'ended') return broadcast.shard;
    return this.#assigned.get(broadcast.broadcastId);
  }

  async pathOf(broadcast: Broadcast): Promise<string | undefined> {
    const shard = broadcast.state === 'ended' ? undefined : await this.shardOf(broadcast);
    return shard === undefined ? undefined : chatPath(shard);
  }
}
