import type { BroadcastView } from '../../../core/api/types.ts';
import { shownState } from '../../../core/broadcast/shown-state.ts';
import type { Broadcast } from '../../../core/broadcast/types.ts';
import { chatPath } from '../../../core/chat/protocol.ts';
import { viewBroadcast } from '../views.ts';
import type { Homes } from './homes.ts';
import type { Viewers, Whereabouts } from './viewers.ts';

/** Broadcasts as pages see them, with where their chat is and how many watch. */
export class Shown {
  readonly #deps: {
    readonly homes: Homes;
    readonly viewers: Viewers;
    readonly clock: { now(): number };
  };

  constructor(deps: { readonly homes: Homes; readonly viewers: Viewers; readonly clock: { now(): number } }) {
    this.#deps = deps;
  }

  async all(broadcasts: readonly Broadcast[]): Promise<BroadcastView[]> {
    const { homes, viewers, clock } = this.#deps;
    const now = clock.now();
    const places = new Map<string, Whereabouts>();
    await Promise.all(
      broadcasts.map(async (broadcast) => {
        // A page without a chat is better than none.
        const shard =
          broadcast.state === 'ended' ? undefined : await homes.shardOf(broadcast).catch(() => undefined);
        const { broadcastId } = broadcast;
        if (shard !== undefined) places.set(broadcastId, { broadcastId, shard });
      }),
    );
    const live = broadcasts.filter((each) => shownState(each, now) === 'live');
    const counts = await viewers.of(live.flatMap(({ broadcastId }) => places.get(broadcastId) ?? []));
    return broadcasts.map((broadcast) => {
      const place = places.get(broadcast.broadcastId);
      const count = counts.get(broadcast.broadcastId);
      return {
        ...viewBroadcast(broadcast, now),
        ...(place === undefined ? {} : { chat: { shard: place.shard, path: chatPath(place.shard) } }),
        ...(count === undefined ? {} : { viewers: count }),
      };
    });
  }

  async one(broadcast: Broadcast): Promise<BroadcastView> {
    const [view] = await this.all([broadcast]);
    return view ?? viewBroadcast(broadcast, this.#deps.clock.now());
  }
}
