/**
 * Max–min fair sharing: the level q at which Σ min(demand, q) is the supply. Who asks for less than q gets it,
 * all others get q.
 * @param demands pairs of a demand (≥ 0) and how many ask for it, in any order
 * @returns Infinity when there is enough for all
 */
export function waterLevel(
  supply: number,
  demands: Iterable<readonly [demand: number, askers: number]>,
): number {
  const rising = [...demands].sort(([a], [b]) => a - b);
  let left = supply;
  let thirsty = rising.reduce((sum, [, askers]) => sum + askers, 0);
  for (const [demand, askers] of rising) {
    if (demand * thirsty > left) return left / thirsty;
    left -= demand * askers;
    thirsty -= askers;
  }
  return Infinity;
}
