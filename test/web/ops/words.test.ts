import { describe, expect, it } from 'vitest';
import { cellsOf } from '../../../web/ops/image-mark.tsx';
import { age, shortDigest, span, stamp } from '../../../web/ops/words.ts';

const s = 1_000;
const min = 60 * s;
const h = 60 * min;

describe('lengths of time', () => {
  it.each([
    [-5, '0 s'],
    [999, '0 s'],
    [59 * s, '59 s'],
    [60 * s, '1 min'],
    [59 * min + 59 * s, '59 min'],
    [h, '1 h'],
    [3 * h + 20 * min, '3 h 20 min'],
    [26 * h, '1 d 2 h'],
    [48 * h + 5 * min, '2 d'],
  ])('%i ms are %s', (ms, words) => expect(span(ms)).toBe(words));

  it.each([
    [45 * s, '45s'],
    [12 * min, '12m'],
    [23 * h, '23h'],
    [50 * h, '2d'],
  ])('%i ms fit into a bar as %s', (ms, words) => expect(age(ms)).toBe(words));
});

describe('a moment', () => {
  const now = new Date(2026, 10, 20, 12, 0, 0).getTime();

  it('of today is the time of day', () => expect(stamp(now - h, now)).toBe('11:00:00'));
  it('of another day has its date', () =>
    expect(stamp(now - 24 * h, now)).toBe('11-20 12:00:00'.replace('20', '19')));
});

describe('an image', () => {
  it('is named by its first digits', () => {
    expect(shortDigest('sha256:c07ac07a'.padEnd(71, '0'))).toBe('c07ac07');
    expect(shortDigest('local-1')).toBe('local-1');
    expect(shortDigest('')).toBe('unknown');
  });

  it('has a mark that is the same on both sides, and another one than other images', () => {
    const digests = Array.from({ length: 200 }, (_, n) => `sha256:${n.toString(16).padStart(64, '0')}`);
    const marks = digests.map((digest) => JSON.stringify(cellsOf(digest)));
    // 15 cells decide: among 200 a few may look alike, two that follow each other hardly ever.
    expect(new Set(marks).size).toBeGreaterThan(190);
    for (const digest of digests) {
      const cells = new Set(cellsOf(digest).map(([x, y]) => `${x},${y}`));
      for (const [x, y] of cellsOf(digest)) expect(cells.has(`${4 - x},${y}`)).toBe(true);
    }
  });
});
