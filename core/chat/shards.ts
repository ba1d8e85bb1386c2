/** Which shard a new broadcast gets. Pure. */
import { loadFreshMs, type ChatTaskLoad, type Shard } from './store.ts';

export interface ShardLoad extends Shard {
  /** Sockets over capacity, of tasks that were heard lately; Infinity without any: such a shard serves nobody. */
  readonly load: number;
  readonly tasks: number;
  readonly sockets: number;
}

export function weighShards(
  facts: { readonly shards: readonly Shard[]; readonly loads: readonly ChatTaskLoad[] },
  now: number,
): readonly ShardLoad[] {
  return facts.shards.map((shard) => {
    const fresh = facts.loads.filter((load) => load.shard === shard.shard && now - load.at <= loadFreshMs);
    const sockets = fresh.reduce((sum, load) => sum + load.sockets, 0);
    const capacity = fresh.reduce((sum, load) => sum + load.capacity, 0);
    return { ...shard, tasks: fresh.length, sockets, load: capacity === 0 ? Infinity : sockets / capacity };
  });
}

/**
 * The least loaded open one. Loads are said every 10 s: of those within 5 points of the least, chance decides,
 * or every broadcast that begins in those seconds would go to the same.
 * @param random 0 ≤ x < 1
 * @returns undefined when no shard serves: the broadcast gets its shard later, when somebody asks for its chat.
 */
export function leastLoaded(shards: readonly ShardLoad[], random: number): string | undefined {
  const open = shards.filter(({ state, load }) => state === 'open' && load !== Infinity);
  const least = Math.min(...open.map(({ load }) => load));
  const near = open.filter(({ load }) => load <= least + 0.05).sort((a, b) => (a.shard < b.shard ? -1 : 1));
  return near[Math.floor(random * near.length)]?.shard;
}
