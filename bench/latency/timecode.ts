/**
 * A time code that a machine can read from a picture: 40 blocks along the top edge, white for 1 and black
 * for 0: 32 bits of wall clock in ms (modulo 2^32, highest first), 8 bits of checksum. Blocks survive
 * scaling and x264 at any bitrate that people would watch.
 */
export const codeBits = 40;
/** The strip's share of the picture's height. */
export const stripShare = 0.1;

const checksum = (value: number): number =>
  ((value >>> 24) ^ (value >>> 16) ^ (value >>> 8) ^ value ^ 0x5a) & 0xff;

/** Draws the code into a grey picture (one byte a pixel). */
export function drawTimecode(picture: Uint8Array, width: number, height: number, nowMs: number): void {
  const value = (nowMs % 2 ** 32) >>> 0;
  const bits = [...Array(32).keys()].map((i) => (value >>> (31 - i)) & 1);
  const check = checksum(value);
  bits.push(...[...Array(8).keys()].map((i) => (check >>> (7 - i)) & 1));
  const rows = Math.round(height * stripShare);
  const line = new Uint8Array(width);
  bits.forEach((bit, i) => {
    line.fill(
      bit === 1 ? 235 : 16,
      Math.round((i * width) / codeBits),
      Math.round(((i + 1) * width) / codeBits),
    );
  });
  for (let y = 0; y < rows; y++) picture.set(line, y * width);
}

/** The ms that the levels of the 40 blocks' centres spell, or undefined when the checksum does not fit. */
export function readTimecode(levels: readonly number[]): number | undefined {
  if (levels.length !== codeBits) return undefined;
  const number = (from: number, to: number): number =>
    levels.slice(from, to).reduce((value, level) => value * 2 + (level > 125 ? 1 : 0), 0);
  const value = number(0, 32) >>> 0;
  return number(32, 40) === checksum(value) ? value : undefined;
}
