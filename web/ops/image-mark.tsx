import { shortDigest } from './words.ts';

const size = 5;

/**
 * Which cells of a mirrored 5×5 field are filled: the same digest has the same mark everywhere and always, so
 * that two images are told apart at a glance, without colour.
 */
export function cellsOf(digest: string): readonly (readonly [x: number, y: number])[] {
  const hex = digest.slice(digest.indexOf(':') + 1);
  // FNV-1a: digests differ in every digit, but test and local ones need not.
  let hash = 0x811c9dc5;
  for (const character of hex) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0;
  // The last bits of FNV are its best: fold the first ones onto them.
  hash = (hash ^ (hash >>> 15)) >>> 0;
  const cells: [number, number][] = [];
  for (let y = 0; y < size; y += 1)
    for (let x = 0; x < 3; x += 1)
      if (((hash >>> (y * 3 + x)) & 1) === 1) {
        cells.push([x, y]);
        if (x < 2) cells.push([size - 1 - x, y]);
      }
  return cells;
}

const paths = new Map<string, string>();

function pathOf(digest: string): string {
  const known = paths.get(digest);
  if (known !== undefined) return known;
  const path = cellsOf(digest)
    .map(([x, y]) => `M${x} ${y}h1v1h-1z`)
    .join('');
  paths.set(digest, path);
  return path;
}

/** The mark and the first digits of an image. */
export const ImageMark = ({ digest }: { readonly digest: string }) => (
  <span class="image" title={digest}>
    <svg class="image-mark" viewBox="-1 -1 7 7" width="18" height="18" aria-hidden="true" focusable="false">
      <path d={pathOf(digest)} fill="currentColor" />
    </svg>
    <code>{shortDigest(digest)}</code>
  </span>
);
