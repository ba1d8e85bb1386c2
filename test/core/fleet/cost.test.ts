import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { costOf, typicalPoints } from '../../../core/fleet/cost.ts';
import type { EncodingPlan } from '../../../core/media/flow.ts';
import { defaultRungs, ladderFor } from '../../../core/media/ladder.ts';
import { framesPerSecond, nearestStandardRate } from '../../../core/media/rational.ts';
import { timingFor } from '../../../core/media/timing.ts';

function planFor(width: number, height: number, fps: number): EncodingPlan {
  const rate = nearestStandardRate(fps);
  return {
    ladder: ladderFor({ width, height }, framesPerSecond(rate), defaultRungs),
    timing: timingFor(rate),
  };
}

describe('the cost of a broadcast', () => {
  it('is typical before its plan is known', () => {
    expect(costOf(undefined)).toBe(typicalPoints);
  });

  it('is about typical for the default ladder of a 1080p30 source', () => {
    expect(Math.abs(costOf(planFor(1920, 1080, 30)) - typicalPoints)).toBeLessThan(50);
  });

  it('nearly doubles at twice the frame rate, where the ladder keeps it', () => {
    const ratio = costOf(planFor(1920, 1080, 60)) / costOf(planFor(1920, 1080, 30));
    expect(ratio).toBeGreaterThan(1.5);
    expect(ratio).toBeLessThan(2);
  });

  it('is whole, at least what every broadcast pays, and no less for a larger source', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(160, 240, 360, 480, 720, 1080),
        fc.constantFrom(25, 30, 50, 60),
        (height, fps) => {
          const small = costOf(planFor(Math.round((height * 16) / 9 / 2) * 2, height, fps));
          expect(Number.isInteger(small)).toBe(true);
          expect(small).toBeGreaterThanOrEqual(100);
          expect(small).toBeLessThanOrEqual(costOf(planFor(1920, 1080, fps)));
        },
      ),
    );
  });
});
