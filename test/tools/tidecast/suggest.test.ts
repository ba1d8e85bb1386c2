import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distance, nearest } from '../../../tools/tidecast/suggest.ts';

describe('the distance of two words', () => {
  it('counts letters inserted, removed, changed and swapped', () => {
    expect([
      distance('fleet', 'fleet'),
      distance('flet', 'fleet'),
      distance('fleett', 'fleet'),
      distance('flaet', 'fleet'),
      distance('lfeet', 'fleet'),
      distance('', 'why'),
    ]).toEqual([0, 1, 1, 1, 1, 3]);
  });

  it('is the same both ways, 0 for the same word only, and at most the longer length', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (a, b) => {
        expect(distance(a, b)).toBe(distance(b, a));
        expect(distance(a, b) === 0).toBe(a === b);
        expect(distance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});

describe('a suggestion', () => {
  const words = ['fleet', 'why', 'plan', 'force-stop'];
  it('is the nearest word', () => {
    expect(nearest('forcestop', words)).toBe('force-stop');
    expect(nearest('Plna', words)).toBe('plan');
  });
  it('is none rather than a guess', () => {
    expect(nearest('drain', words)).toBeUndefined();
    expect(nearest('who am i', words)).toBeUndefined();
  });
});
