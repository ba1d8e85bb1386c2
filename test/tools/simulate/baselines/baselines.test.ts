import { describe, expect, it } from 'vitest';
import { baselines } from '../../../../tools/simulate/baselines/all.ts';
import { fixedAtPeak, lowerBound } from '../../../../tools/simulate/baselines/fixed.ts';
import { targetTracking } from '../../../../tools/simulate/baselines/target-tracking.ts';
import { demandByMinute, generateTrace, type Trace } from '../../../../tools/simulate/trace/trace.ts';

const trace = generateTrace({ days: 1, peak: 60, seed: 1, mixed: false });
const demand = demandByMinute(trace);
const options = { demand, roomPoints: 4000, releases: [] };

const steady = (count: number, hours: number, thenNone: number): Trace => ({
  wishes: Array.from({ length: count }, (_, n) => ({
    at: n * 60_000,
    lengthMs: hours * 3_600_000,
    points: 1000,
    endsCleanly: true,
    drops: [],
  })),
  events: [],
  lengthMs: (hours + thenNone) * 3_600_000,
});

describe('the other ways to run the same trace', () => {
  it('are bounded from below by the clairvoyant one', () => {
    const [fixed, tracking, bound] = baselines({ ...options, trace, seed: 1 });
    expect(bound?.hostHours).toBeLessThan(tracking?.hostHours ?? 0);
    expect(bound?.hostHours).toBeLessThan(fixed?.hostHours ?? 0);
  });

  it('count the fewest hosts of each minute as the bound', () => {
    const bound = lowerBound({ ...options, demand: Float64Array.of(0, 1, 4000, 4001, 8000, 8001) });
    expect([...bound.hosts]).toEqual([0, 1, 1, 2, 2, 3]);
    expect(bound.hostHours).toBeCloseTo(9 / 60);
  });

  it('count the highest minute all the time for the fixed fleet', () => {
    const fixed = fixedAtPeak({ ...options, demand: Float64Array.of(1000, 9000, 1000) }, 7);
    expect(fixed.hostHours).toBeCloseTo(9 / 60);
    expect(fixed.cutByReleases).toBe(7);
  });

  it('cut off what is live when a service is released', () => {
    const [fixed] = baselines({ ...options, trace, seed: 1, releases: [17 * 3_600_000] });
    expect(fixed?.cutByReleases).toBe((demand[17 * 60] ?? 0) / 1000);
  });
});

describe('CPU target tracking', () => {
  const run = (of: Trace): ReturnType<typeof targetTracking> =>
    targetTracking({ trace: of, roomPoints: 4000, seed: 1, cutByReleases: 0 });

  it('has the same figures for the same seed', () => {
    expect(run(trace)).toEqual(run(trace));
  });

  it('keeps its two hosts when nobody comes', () => {
    expect(run(steady(0, 1, 1)).hostHours).toBeCloseTo(4);
  });

  it('grows with the load, and keeps the size that holds the target', () => {
    const { hosts, cutByScaling } = run(steady(34, 6, 0));
    // 34 broadcasts at 60 % CPU, where four a host are 70 %: ten hosts, and some for the way it overshoots.
    expect(hosts[350]).toBeGreaterThanOrEqual(10);
    expect(hosts[350]).toBeLessThanOrEqual(13);
    expect(cutByScaling).toBeLessThan(10);
  });

  it('cuts broadcasts off when it scales in', () => {
    expect(run(trace).cutByScaling).toBeGreaterThan(10);
  });

  it('goes back to its least size when everybody has left', () => {
    const { hosts } = run(steady(34, 2, 3));
    expect(hosts.at(-1)).toBe(2);
  });
});
