/** Order by a name, the same on every machine. */
export const byId =
  <T>(id: (item: T) => string) =>
  (a: T, b: T): number => {
    const [x, y] = [id(a), id(b)];
    return x < y ? -1 : x > y ? 1 : 0;
  };

/**
 * Derives something from a list once: a caller that hands the same list in again (the simulator, an observer
 * that keeps its last reading) pays nothing. Lists of facts are never changed, so this is as pure as the derivation.
 */
export function remembered<T, R>(make: (list: readonly T[]) => R): (list: readonly T[]) => R {
  const made = new WeakMap<readonly T[], R>();
  return (list) => {
    const known = made.get(list);
    if (known !== undefined) return known;
    const result = make(list);
    made.set(list, result);
    return result;
  };
}
