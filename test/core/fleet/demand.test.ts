import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  atMost,
  countArrivals,
  eventPoints,
  expectedPerMinute,
  pointsOfOne,
  quartersOfWeek,
} from '../../../core/fleet/demand.ts';
import type { Heartbeat } from '../../../core/fleet/heartbeat.ts';
import { noMemory, type DemandMemory } from '../../../core/fleet/memory.ts';
import { fleet, hour, minute, now, policy, second, serving } from './fixture.ts';

const quarterMs = 15 * minute;
const day = 24 * hour;
const counted = (at: number): DemandMemory => ({ ...noMemory.demand, countedTo: at });

/** Shows that began at these times, on one task. */
const beats = (...begins: readonly number[]): readonly Heartbeat[] =>
  fleet({ hosts: [serving({ shows: begins.map((startedAt) => ({ startedAt })) })] }).sources.heartbeats
    ?.value ?? [];

/** Counted every ten seconds, as passes do. */
function watch(begins: readonly number[], from: number, to: number): DemandMemory {
  let memory = counted(from);
  for (let at = from; at <= to; at += 10 * second) {
    memory = countArrivals(memory, beats(...begins.filter((each) => each <= at)), at);
  }
  return memory;
}
const sum = (memory: DemandMemory): number => memory.recent.reduce((all, [, arrivals]) => all + arrivals, 0);

describe('arrivals', () => {
  it('are counted once each, however often and whenever one looks', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 5 * minute }), { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 30 * second }), { minLength: 1, maxLength: 60 }),
        (after, gaps) => {
          const start = now - 10 * minute;
          const begins = after.map((ms) => start + ms);
          let memory = counted(start);
          let at = start;
          for (const gap of [...gaps, 6 * minute]) {
            at += gap;
            memory = countArrivals(memory, beats(...begins.filter((each) => each <= at)), at);
            memory = countArrivals(memory, beats(...begins.filter((each) => each <= at)), at);
          }
          expect(sum(memory)).toBe(begins.length);
        },
      ),
    );
  });

  it('are not what ran before the first look, nor what goes on in another session', () => {
    expect(sum(countArrivals(noMemory.demand, beats(now - hour, now - minute), now))).toBe(0);
    const again = fleet({ hosts: [serving({ shows: [{ startedAt: now - minute, session: 2 }] })] });
    expect(sum(countArrivals(counted(now - 2 * minute), again.sources.heartbeats?.value ?? [], now))).toBe(0);
  });

  it('are expected again as in the last minutes, a rush at once, one single show not', () => {
    const every = (gap: number, count: number) =>
      Array.from({ length: count }, (_, n) => now - 20 * second - n * gap);
    const rush = watch(every(6 * second, 30), now - 20 * minute, now);
    expect(expectedPerMinute(rush, now, 0)).toBeCloseTo(10, 0);
    expect(expectedPerMinute(watch([now - minute], now - 20 * minute, now), now, 0)).toBeCloseTo(0.1);
    expect(expectedPerMinute(rush, now + 20 * minute, 0)).toBe(0);
  });

  it('are expected as yesterday at this time, and as last week once that is known', () => {
    const from = now - day - hour;
    const yesterday = Array.from({ length: 30 }, (_, n) => now - day + 5 * minute + n * 10 * second);
    const memory = watch(yesterday, from, now - day + 2 * hour);
    expect(expectedPerMinute(memory, now, 0)).toBeCloseTo(2);
    // What the next quarter brings counts within the lead time.
    expect(expectedPerMinute(memory, now - quarterMs, 4 * minute)).toBeCloseTo(2);
    expect(expectedPerMinute(memory, now + 3 * hour, 0)).toBe(0);
    const nextWeek = expectedPerMinute(memory, now + 6 * day, 0);
    expect(nextWeek).toBeCloseTo(2);
  });

  it('fill a week and no more', () => {
    const memory = watch([], now - 3 * hour, now);
    expect(memory.week).toHaveLength(quartersOfWeek);
    expect(memory.recent.length).toBeLessThanOrEqual(16);
  });
});

describe('the room for them', () => {
  it('is of mean shows, a typical one before any was seen', () => {
    expect(pointsOfOne(noMemory.demand)).toBe(1000);
    const shows = [{ points: 400 }, { points: 800 }];
    const two = fleet({ hosts: [serving({ shows })] }).sources.heartbeats?.value ?? [];
    expect(pointsOfOne(countArrivals(counted(now - minute), two, now))).toBe(600);
  });

  it('is for the mean and so many deviations', () => {
    expect(atMost(16, 3)).toBe(28);
    expect(atMost(0, 3)).toBe(0);
  });

  it('is more from two lead times before an event until its end, for all events together', () => {
    const event = { eventId: 'a', startsAt: now, endsAt: now + hour, extraPoints: 500 };
    const at = (time: number) => eventPoints([event, { ...event, eventId: 'b' }], policy, time);
    expect(at(now - 2 * policy.hosts.leadMs - 1)).toBe(0);
    expect(at(now - 2 * policy.hosts.leadMs)).toBe(1000);
    expect(at(now + hour)).toBe(1000);
    expect(at(now + hour + 1)).toBe(0);
  });
});
