/** One rendition as the engine knows it. `index` is the engine's own, from the lowest to the highest. */
export interface Level {
  readonly index: number;
  readonly width: number;
  readonly height: number;
  readonly bitrateBps: number;
}

/** What the viewer asked for: a height, or the best that fits. */
export type Wish = 'auto' | number;

/**
 * The level to force, -1 for automatic. A page that nobody sees gets the lowest, whatever was wished:
 * sound goes on and traffic is saved.
 */
export function levelFor(levels: readonly Level[], wish: Wish, hidden: boolean): number {
  const lowest = levels[0];
  if (lowest === undefined) return -1;
  if (hidden) return lowest.index;
  if (wish === 'auto') return -1;
  // Another source of the same show may not have the height: the nearest below it, else the lowest.
  return (levels.findLast((level) => shortSide(level) <= wish) ?? lowest).index;
}

/** A phone's 1080×1920 is called 1080p. */
export const shortSide = (level: { readonly width: number; readonly height: number }): number =>
  Math.min(level.width, level.height) || level.height;

export const levelName = (level: { readonly width: number; readonly height: number }): string =>
  `${shortSide(level)}p`;
