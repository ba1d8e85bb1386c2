import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inWindow, mediaTimeAt, resumeAt, windowOf, type Anchor } from '../../../web/watch/time-shift.ts';

/** Two sessions of two segments; the encoder was away for 56 s between them. */
const show: readonly Anchor[] = [
  { atMs: 1_000_000, startS: 0, durationS: 2 },
  { atMs: 1_002_000, startS: 2, durationS: 2 },
  { atMs: 1_060_000, startS: 4, durationS: 2 },
  { atMs: 1_062_000, startS: 6, durationS: 2 },
];

describe('mediaTimeAt', () => {
  it.each([
    [1_000_000, 0],
    [1_001_500, 1.5],
    [1_003_000, 3],
    [1_060_500, 4.5],
    [1_063_999, 7.999],
  ])('%d is shown at %d s', (atMs, mediaS) => expect(mediaTimeAt(show, atMs)).toBeCloseTo(mediaS, 6));

  it('goes to the first picture after a gap', () => expect(mediaTimeAt(show, 1_030_000)).toBe(4));
  it('stays inside the show', () => {
    expect(mediaTimeAt(show, 0)).toBe(0);
    expect(mediaTimeAt(show, 9_999_999)).toBe(8);
  });
  it('knows nothing without segments', () => expect(mediaTimeAt([], 5)).toBeUndefined());

  it('never goes back while the show’s time goes on', () => {
    const times = fc.tuple(fc.integer({ min: 990_000, max: 1_070_000 }), fc.nat(70_000));
    fc.assert(
      fc.property(times, ([atMs, laterMs]) => {
        const [now, later] = [mediaTimeAt(show, atMs), mediaTimeAt(show, atMs + laterMs)];
        expect(later).toBeGreaterThanOrEqual(now ?? Number.NaN);
      }),
    );
  });
});

describe('inWindow', () => {
  const window = windowOf(show);
  it('is false for what is about to leave the window', () => expect(inWindow(window, 1_003_000)).toBe(false));
  it('is true well inside', () => expect(inWindow(window, 1_030_000)).toBe(true));
  it('is false after its end and without a window', () => {
    expect(inWindow(window, 1_064_001)).toBe(false);
    expect(inWindow(undefined, 1_030_000)).toBe(false);
  });
});

describe('resumeAt', () => {
  it('goes on where one was', () => expect(resumeAt(500_000, 600_000)).toEqual({ atMs: 500_000 }));
  it('starts over for somebody who saw the end', () => expect(resumeAt(595_000, 600_000)).toBe('start'));
});
