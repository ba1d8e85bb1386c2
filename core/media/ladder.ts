/** One quality of the ladder. The name is also its folder in URLs. */
export interface Rendition {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly videoBitrateBps: number;
  readonly audioBitrateBps: number;
}

/** Renditions from the highest to the lowest; never empty. */
export type Ladder = readonly Rendition[];

/** A rung of the configured ladder; the width follows from the source's shape. */
export interface Rung {
  readonly name: string;
  readonly height: number;
  readonly videoBitrateBps: number;
  readonly audioBitrateBps: number;
}

/**
 * design section 4. Bitrates at 30 fps of the x264 `veryfast` class, after the Apple authoring
 * specification's H.264 table; sources above 30 fps get half as much again.
 */
export const defaultRungs: readonly Rung[] = [
  { name: '1080p', height: 1080, videoBitrateBps: 5_000_000, audioBitrateBps: 160_000 },
  { name: '720p', height: 720, videoBitrateBps: 2_800_000, audioBitrateBps: 128_000 },
  { name: '480p', height: 480, videoBitrateBps: 1_400_000, audioBitrateBps: 128_000 },
  { name: '360p', height: 360, videoBitrateBps: 800_000, audioBitrateBps: 96_000 },
  { name: '160p', height: 160, videoBitrateBps: 250_000, audioBitrateBps: 64_000 },
];

export interface SourceSize {
  readonly width: number;
  readonly height: number;
}

/** To an even number of pixels, as 4:2:0 needs; an odd source loses its last line rather than gaining one. */
const scaled = (size: number, scale: number): number =>
  Math.max(2, Math.min(Math.round((size * scale) / 2), Math.floor(size / 2)) * 2);

/**
 * The ladder for a source: every rung up to its height, never an upscale. A source lower than every
 * rung gets the lowest rung's bitrates at its own size. Height means the shorter side, so that a
 * phone's 1080×1920 gets a 1080p rung and not one of 607×1080.
 */
export function ladderFor(
  source: SourceSize,
  framesPerSecond: number,
  rungs: readonly Rung[] = defaultRungs,
): Ladder {
  if (rungs.length === 0)
    throw new RangeError('the ladder has no rungs: name at least one, for example 360p');
  const shortSide = Math.min(source.width, source.height);
  const sorted = [...rungs].sort((a, b) => b.height - a.height);
  const fitting = sorted.filter((rung) => rung.height <= shortSide + 8);
  const lowest = sorted.at(-1);
  const chosen = fitting.length > 0 || lowest === undefined ? fitting : [{ ...lowest, height: shortSide }];
  const rateFactor = framesPerSecond > 35 ? 1.5 : 1;
  return chosen.map((rung) => {
    const scale = Math.min(1, rung.height / shortSide);
    return {
      name: rung.name,
      width: scaled(source.width, scale),
      height: scaled(source.height, scale),
      videoBitrateBps: Math.round(rung.videoBitrateBps * rateFactor),
      audioBitrateBps: rung.audioBitrateBps,
    };
  });
}
