import { describe, expect, it } from 'vitest';
import { Random } from '../../../../tools/simulate/random.ts';
import { drawLength, longestShowMs, shortestShowMs } from '../../../../tools/simulate/trace/lengths.ts';
import { hourMs, localTime, startRate } from '../../../../tools/simulate/trace/shape.ts';
import { demandByMinute, generateTrace, type TraceOptions } from '../../../../tools/simulate/trace/trace.ts';

const week: TraceOptions = { days: 7, peak: 300, seed: 1, mixed: false };
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Mean demand in broadcasts between two hours of a day. */
const between = (demand: Float64Array, day: number, from: number, to: number): number => {
  const minute = (hour: number): number => localTime(day, hour) / 60_000;
  return mean([...demand.slice(minute(from), minute(to))]) / 1000;
};

describe('the trace', () => {
  it('is the same for the same seed, and another one for another', () => {
    expect(generateTrace(week)).toEqual(generateTrace(week));
    expect(generateTrace({ ...week, seed: 2 }).wishes[0]).not.toEqual(generateTrace(week).wishes[0]);
  });

  it('is in the order of time, inside its days', () => {
    const { wishes, lengthMs } = generateTrace(week);
    expect(wishes.map(({ at }) => at)).toEqual(wishes.map(({ at }) => at).toSorted((a, b) => a - b));
    expect(wishes.every(({ at }) => at >= 0 && at < lengthMs)).toBe(true);
  });

  it('has as many broadcasts at once in the busiest evening as was asked for, over seeds', () => {
    // Friday's evening: no event, and the highest of the week but for Saturday's.
    const peaks = Array.from({ length: 20 }, (_, seed) => {
      const demand = demandByMinute(generateTrace({ ...week, seed }));
      return between(demand, 4, 22.5, 23.5);
    });
    expect(mean(peaks)).toBeGreaterThan(255);
    expect(mean(peaks)).toBeLessThan(310);
  });

  it('is quiet in the early morning and full in the evening', () => {
    const demand = demandByMinute(generateTrace(week));
    for (const day of [1, 2, 3]) {
      expect(between(demand, day, 21, 23)).toBeGreaterThan(3 * between(demand, day, 5, 8));
    }
  });

  it('has a burst of starts before the Saturday event, and tells of it', () => {
    const { wishes, events } = generateTrace(week);
    const eventAt = localTime(5, 20);
    const starts = (from: number, to: number): number =>
      wishes.filter(({ at }) => at >= eventAt + from * 60_000 && at < eventAt + to * 60_000).length;
    expect(starts(-12, 3)).toBeGreaterThan(2 * starts(-42, -27));
    expect(events).toHaveLength(1);
    expect(events[0]?.startsAt).toBeLessThan(eventAt);
    expect(events[0]?.extraPoints).toBe(45_000);
  });

  it('has no event in a run that ends before Saturday', () => {
    expect(generateTrace({ ...week, days: 3 }).events).toEqual([]);
  });

  it('has encoders that drop inside their shows, and shows that end without saying so', () => {
    const { wishes } = generateTrace(week);
    const share = (count: number): number => count / wishes.length;
    expect(share(wishes.filter(({ endsCleanly }) => !endsCleanly).length)).toBeCloseTo(0.15, 1);
    const dropping = wishes.filter(({ drops }) => drops.length > 0);
    expect(share(dropping.length)).toBeGreaterThan(0.1);
    expect(share(dropping.length)).toBeLessThan(0.25);
    for (const { drops, lengthMs } of dropping) {
      for (const { after, awayMs } of drops) {
        expect(after + awayMs).toBeLessThan(lengthMs);
        expect(awayMs).toBeLessThanOrEqual(40_000);
      }
    }
  });

  it('costs about as much with a mix of ladders as with typical ones', () => {
    const { wishes } = generateTrace({ ...week, mixed: true });
    const points = wishes.map((wish) => wish.points);
    expect(new Set(points).size).toBeGreaterThan(3);
    expect(mean(points)).toBeGreaterThan(850);
    expect(mean(points)).toBeLessThan(970);
  });

  it('counts the demand of each minute at its middle', () => {
    const wish = { points: 1000, endsCleanly: true, drops: [] };
    const demand = demandByMinute({
      wishes: [
        { ...wish, at: 29_000, lengthMs: 62_000 },
        { ...wish, at: 40_000, lengthMs: 100_000 },
      ],
      events: [],
      lengthMs: 180_000,
    });
    expect([...demand]).toEqual([1000, 2000, 0]);
  });
});

describe('the lengths of shows', () => {
  const random = new Random(7, 'test');
  const hours = Array.from({ length: 50_000 }, () => drawLength(random) / hourMs);
  const share = (is: (hour: number) => boolean): number => hours.filter(is).length / hours.length;

  it('go from a minute to a day', () => {
    expect(Math.min(...hours)).toBeGreaterThanOrEqual(shortestShowMs / hourMs);
    expect(Math.max(...hours)).toBeLessThanOrEqual(longestShowMs / hourMs);
    expect(Math.max(...hours)).toBeGreaterThan(20);
  });

  it('have a median of an hour, a mean of 1.7 hours and a heavy tail', () => {
    const sorted = hours.toSorted((a, b) => a - b);
    expect(sorted[25_000]).toBeCloseTo(1, 0);
    expect(mean(hours)).toBeGreaterThan(1.55);
    expect(mean(hours)).toBeLessThan(1.85);
    expect(share((hour) => hour > 8)).toBeGreaterThan(0.01);
    expect(share((hour) => hour < 0.1)).toBeGreaterThan(0.02);
  });
});

describe('the rate of starts', () => {
  it('has its highest point in the evening and its lowest in the early morning', () => {
    for (let day = 1; day < 6; day++) {
      const rates = Array.from({ length: 24 }, (_, hour) => startRate(localTime(day, hour + 0.5)));
      expect(rates.indexOf(Math.max(...rates))).toBe(21);
      expect([4, 5, 6]).toContain(rates.indexOf(Math.min(...rates)));
    }
  });
});

describe('the random numbers', () => {
  it('are spread evenly, and differ by stream', () => {
    const random = new Random(1, 'a');
    const values = Array.from({ length: 20_000 }, () => random.next());
    expect(mean(values)).toBeCloseTo(0.5, 2);
    for (let tenth = 0; tenth < 10; tenth++) {
      const inside = values.filter((value) => Math.floor(value * 10) === tenth).length;
      expect(inside).toBeGreaterThan(1_800);
      expect(inside).toBeLessThan(2_200);
    }
    expect(new Random(1, 'b').next()).not.toBe(new Random(1, 'a').next());
  });

  it('have the mean and deviation that was asked for', () => {
    const random = new Random(2, 'normal');
    const values = Array.from({ length: 20_000 }, () => random.normal(10, 2));
    expect(mean(values)).toBeCloseTo(10, 1);
    expect(Math.sqrt(mean(values.map((value) => (value - 10) ** 2)))).toBeCloseTo(2, 1);
    expect(mean(Array.from({ length: 20_000 }, () => random.exponential(5)))).toBeCloseTo(5, 0);
  });
});
