import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nearestStandardRate } from '../../../core/media/rational.ts';
import { timingFor } from '../../../core/media/timing.ts';

describe('timingFor', () => {
  test.each([
    [15, 7, 0.466667, 2],
    [20, 10, 0.5, 2],
    [23.976, 12, 0.5005, 2],
    [24, 12, 0.5, 2],
    [25, 12, 0.48, 2],
    [29.97, 15, 0.5005, 2],
    [30, 15, 0.5, 2],
    [48, 24, 0.5, 2],
    [50, 25, 0.5, 2],
    [59.94, 30, 0.5005, 2],
    [60, 30, 0.5, 2],
  ])(
    '%d fps: parts of %d frames, PART-TARGET %d, TARGETDURATION %d',
    (fps, frames, partTargetS, targetDurationS) => {
      expect(timingFor(nearestStandardRate(fps))).toMatchObject({
        framesPerPart: frames,
        partsPerSegment: 4,
        partTargetS,
        targetDurationS,
      });
    },
  );

  test('29.97 fps in full', () => {
    expect(timingFor({ num: 30000, den: 1001 })).toEqual({
      frameRate: { num: 30000, den: 1001 },
      framesPerPart: 15,
      partsPerSegment: 4,
      partDurationS: 0.5005,
      segmentDurationS: 2.002,
      partTargetS: 0.5005,
      targetDurationS: 2,
      partHoldBackS: 1.5015,
    });
  });

  const rates = fc.oneof(
    fc.double({ min: 1, max: 300, noNaN: true }).map(nearestStandardRate),
    fc.record({ num: fc.integer({ min: 1, max: 240 }), den: fc.constant(1) }),
    fc.record({ num: fc.integer({ min: 1, max: 240 }).map((n) => n * 1000), den: fc.constant(1001) }),
  );

  test('holds the rules of RFC 8216bis 4.4 for every frame rate', () => {
    fc.assert(
      fc.property(rates, (rate) => {
        const timing = timingFor(rate);
        expect(Number.isInteger(timing.framesPerPart)).toBe(true);
        expect(timing.framesPerPart).toBeGreaterThanOrEqual(1);
        expect(timing.partDurationS * (rate.num / rate.den)).toBeCloseTo(timing.framesPerPart, 9);
        expect(timing.segmentDurationS).toBeCloseTo(timing.partDurationS * timing.partsPerSegment, 9);
        // Each part is as long as PART-TARGET says or shorter, but not below 85 % of it.
        expect(timing.partTargetS).toBeGreaterThanOrEqual(timing.partDurationS - 1e-9);
        expect(timing.partDurationS).toBeGreaterThanOrEqual(0.85 * timing.partTargetS);
        expect(timing.partTargetS - timing.partDurationS).toBeLessThan(2e-6);
        // A segment's duration, rounded, is at most TARGETDURATION, which is a whole number of seconds.
        expect(Math.round(timing.segmentDurationS)).toBeLessThanOrEqual(timing.targetDurationS);
        expect(Number.isInteger(timing.targetDurationS)).toBe(true);
        // Apple authoring specification 14.3.
        expect(timing.partHoldBackS).toBeGreaterThanOrEqual(3 * timing.partTargetS - 1e-9);
        expect(timing.partHoldBackS).toBeLessThan(3 * timing.partTargetS + 2e-6);
      }),
      { numRuns: 1_000 },
    );
  });

  test('every standard rate makes parts of 0.46 to 0.51 s: the latency budget counts on it', () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 300, noNaN: true }), (measured) => {
        const { partDurationS } = timingFor(nearestStandardRate(measured));
        expect(partDurationS).toBeGreaterThan(0.46);
        expect(partDurationS).toBeLessThan(0.51);
      }),
    );
  });
});
