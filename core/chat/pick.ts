/**
 * A random share of some, each as likely as any other (the first steps of Fisher and Yates). Of a number that is not
 * whole the rest decides by chance: half of three are one or two, and over many asked 1.5 on average.
 *
 * @param random 0 ≤ x < 1
 */
export function pickShare<T>(all: Iterable<T>, share: number, random: () => number): readonly T[] {
  const left = [...all];
  const whole = Math.floor(share * left.length);
  const count = whole + (random() < share * left.length - whole ? 1 : 0);
  for (let n = 0; n < count; n += 1) {
    const other = n + Math.floor(random() * (left.length - n));
    [left[n], left[other]] = [left[other] as T, left[n] as T];
  }
  return left.slice(0, count);
}
