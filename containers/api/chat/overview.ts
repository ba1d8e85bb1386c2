import type { ChatOps, RoomView, ShardView } from '../../../core/api/chat.ts';
import type { Broadcast } from '../../../core/broadcast/types.ts';
import type { ShardLoad } from '../../../core/chat/shards.ts';
import { Recent } from '../../../runtime/store/recent.ts';
import type { Broadcasts } from '../../../runtime/store/tables/broadcasts.ts';
import type { ChatParts } from './parts.ts';
import type { Shards } from './shards.ts';
import type { Upkeep } from './upkeep.ts';
import type { Viewers } from './viewers.ts';

/** JSON knows no infinity. */
const unservedLoad = Number.MAX_SAFE_INTEGER;

/** Every console asks every 2 s; the list is a page of the table for each 100 broadcasts. */
const listFreshMs = 5_000;
/** Far longer than a page's worth of hiccups of the table: an old list of rooms is better than no view. */
const listStaleMs = 60_000;

/** What fits beside the shards on a wall. */
const mostRooms = 6;

type Placed = Broadcast & { readonly shard: string };

/** The chat of the whole platform, as operators see it. */
export class Overview {
  readonly #deps: OverviewOptions;
  readonly #placed: Recent<readonly Placed[]>;

  constructor(deps: OverviewOptions) {
    this.#deps = deps;
    this.#placed = new Recent({
      read: () => this.#listPlaced(),
      freshMs: listFreshMs,
      staleMs: listStaleMs,
      steady: deps.chat.steady,
    });
  }

  async view(): Promise<ChatOps> {
    const { chat, shards, clock } = this.#deps;
    const [limits, { off }, placed] = await Promise.all([
      chat.store.limits(),
      chat.store.platform(),
      this.#placed.get('all'),
      shards.refresh(),
    ]);
    const rooms = await this.#greatest(placed);
    return {
      at: clock.now(),
      limits,
      off,
      shards: shards.all.map((shard) => this.#viewShard(shard, placed)),
      rooms,
    };
  }

  #viewShard(shard: ShardLoad, placed: readonly Placed[]): ShardView {
    const demand = this.#deps.upkeep.demandOf(shard.shard);
    return {
      ...shard,
      load: Math.min(shard.load, unservedLoad),
      ...(demand === undefined ? {} : { postsPerS: demand.perS, refusedPerS: demand.refusedPerS }),
      broadcasts: placed.filter((each) => each.shard === shard.shard).length,
      reports: this.#deps.shards.loads
        .filter((load) => load.shard === shard.shard)
        .map(({ taskId, sockets, capacity, at }) => ({ taskId, sockets, capacity, at }))
        .sort((a, b) => b.at - a.at),
    };
  }

  async #greatest(placed: readonly Placed[]): Promise<readonly RoomView[]> {
    const counts = await this.#deps.viewers.of(placed);
    return placed
      .flatMap(({ broadcastId, channelName, title, shard }) => {
        const viewers = counts.get(broadcastId) ?? 0;
        return viewers === 0 ? [] : [{ broadcastId, channelName, title, shard, viewers }];
      })
      .sort((a, b) => b.viewers - a.viewers)
      .slice(0, mostRooms);
  }

  async #listPlaced(): Promise<readonly Placed[]> {
    const placed: Placed[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.#deps.broadcasts.listUnended(cursor);
      for (const each of page.broadcasts)
        if (each.shard !== undefined) placed.push({ ...each, shard: each.shard });
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return placed;
  }
}

export interface OverviewOptions {
  readonly chat: Pick<ChatParts, 'store' | 'steady'>;
  readonly broadcasts: Pick<Broadcasts, 'listUnended'>;
  readonly shards: Pick<Shards, 'all' | 'loads' | 'refresh'>;
  readonly upkeep: Pick<Upkeep, 'demandOf'>;
  readonly viewers: Pick<Viewers, 'of'>;
  readonly clock: { now(): number };
}
