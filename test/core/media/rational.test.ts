import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { framesPerSecond, nearestStandardRate } from '../../../core/media/rational.ts';

const standard = [15, 20, 24000 / 1001, 24, 25, 30000 / 1001, 30, 48, 50, 60000 / 1001, 60];

describe('nearestStandardRate', () => {
  test.each([
    [29.97, { num: 30000, den: 1001 }],
    [30, { num: 30, den: 1 }],
    [23.98, { num: 24000, den: 1001 }],
    [59.94, { num: 60000, den: 1001 }],
    [50, { num: 50, den: 1 }],
    [12, { num: 15, den: 1 }],
    [144, { num: 60, den: 1 }],
    [1, { num: 15, den: 1 }],
  ])('%d frames a second are taken as %o', (measured, rate) => {
    expect(nearestStandardRate(measured)).toEqual(rate);
  });

  test.each([undefined, 0, -25, 0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    '%s says nothing useful: 30',
    (measured) => {
      expect(nearestStandardRate(measured)).toEqual({ num: 30, den: 1 });
    },
  );

  test.each(standard)('%d stays what it is', (rate) => {
    expect(framesPerSecond(nearestStandardRate(rate))).toBe(rate);
  });

  test('no other standard rate is nearer', () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 1_000, noNaN: true }), (measured) => {
        const chosen = framesPerSecond(nearestStandardRate(measured));
        const nearest = Math.min(...standard.map((rate) => Math.abs(rate - measured)));
        expect(Math.abs(chosen - measured)).toBe(nearest);
      }),
    );
  });
});
