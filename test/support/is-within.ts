import { expect } from 'vitest';

/**
 * Does it up to three times, until it was fast enough. Other work on the machine makes it slower, never faster: what
 * the product itself takes longer for is slow every time.
 */
export async function isWithin(limitMs: number, measure: () => Promise<number>): Promise<void> {
  const tookMs = [await measure()];
  while (tookMs.length < 3 && Math.min(...tookMs) >= limitMs) tookMs.push(await measure());
  expect(Math.min(...tookMs)).toBeLessThan(limitMs);
}
