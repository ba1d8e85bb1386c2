/** How the platform's limit on posts is shared among the shards. Pure; run every second or so by the API. */
import { waterLevel } from './water-level.ts';

/** Of an even share: even a shard that asked for nothing can let a few posts through before the next allotment. */
const floorShare = 0.02;

/**
 * Everybody gets what they ask while the sum fits, and the rest evenly on top, so that a quiet shard can
 * burst for a second. Over the limit the greatest askers get the same and the smaller ones all they ask.
 * @param demands posts a second that each shard was asked for; what is no number counts as nothing
 * @returns shares that sum to the limit
 */
export function allot(limitPerS: number, demands: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const limit = Number.isFinite(limitPerS) ? Math.max(0, limitPerS) : 0;
  const floor = (floorShare * limit) / demands.size;
  const wishes = new Map([...demands].map(([shard, demand]) => [shard, wish(demand, floor, limit)]));
  const level = waterLevel(
    limit,
    [...wishes.values()].map((demand) => [demand, 1]),
  );
  if (level !== Infinity) return mapValues(wishes, (demand) => Math.min(demand, level));
  // Summed in rising order: the same to the last digit whatever the order of the map.
  const asked = [...wishes.values()].sort((a, b) => a - b).reduce((sum, demand) => sum + demand, 0);
  const headroom = Math.max(0, limit - asked) / wishes.size;
  return mapValues(wishes, (demand) => demand + headroom);
}

/** More than all of it is not a greater wish than all of it; that keeps Infinity out of the sums. */
const wish = (demand: number, floor: number, limit: number): number =>
  Math.min(limit, Math.max(floor, Number.isNaN(demand) ? 0 : demand));

const mapValues = (
  map: ReadonlyMap<string, number>,
  change: (value: number) => number,
): ReadonlyMap<string, number> => new Map([...map].map(([key, value]) => [key, change(value)]));
