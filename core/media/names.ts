/** Names of media files, the same under /live and /archive. They are unique inside a broadcast and immutable. */

export const initName = (run: string): string => `${run}-init.mp4`;
export const segmentName = (run: string, msn: number): string => `${run}-${msn}.m4s`;
export const partName = (run: string, msn: number, part: number): string => `${run}-${msn}.${part}.m4s`;

export const masterPlaylistName = 'master.m3u8';
export const mediaPlaylistName = 'index.m3u8';
export const thumbnailName = 'thumb.jpg';

export type MediaFile =
  | { readonly kind: 'init'; readonly run: string }
  | { readonly kind: 'segment'; readonly run: string; readonly msn: number }
  | { readonly kind: 'part'; readonly run: string; readonly msn: number; readonly part: number };

// Ten digits bound every number below 2^53. No leading zeros: a file has one name, as a second one would
// be fetched past every cache.
const number = String.raw`(?:0|[1-9]\d{0,9})`;
/** A run is `<session>-<attempt>`. */
const fileNamePattern = new RegExp(
  String.raw`^(${number}-${number})-(?:(init)\.mp4|(${number})(?:\.(${number}))?\.m4s)$`,
);

export function parseMediaFileName(name: string): MediaFile | undefined {
  const match = fileNamePattern.exec(name);
  const run = match?.[1];
  if (match === null || run === undefined) return undefined;
  if (match[2] !== undefined) return { kind: 'init', run };
  const msn = Number(match[3]);
  return match[4] === undefined
    ? { kind: 'segment', run, msn }
    : { kind: 'part', run, msn, part: Number(match[4]) };
}
