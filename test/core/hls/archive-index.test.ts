import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareRuns,
  follow,
  longestHole,
  selectFound,
  Timeline,
  type FoundSegment,
} from '../../../core/hls/archive-index.ts';
import type { EventEntry } from '../../../core/hls/event-playlist.ts';

const entry = (msn: number, run = '1-0', changes: Partial<EventEntry> = {}): EventEntry => ({
  msn,
  run,
  durationS: 2,
  programDateTimeMs: 1_000_000 + msn * 2_000,
  discontinuity: false,
  gap: false,
  ...changes,
});
const found = (rendition: string, msn: number, run = '1-0'): FoundSegment => ({
  ...entry(msn, run),
  rendition,
});
const names = (segments: readonly FoundSegment[]): string[] =>
  segments.map(({ rendition, run, msn }) => `${rendition}/${run}-${msn}`);

describe('compareRuns', () => {
  it('orders by numbers, the session first', () => {
    expect(['10-0', '2-1', '2-0', '2-10', '1-9'].sort(compareRuns)).toEqual([
      '1-9',
      '2-0',
      '2-1',
      '2-10',
      '10-0',
    ]);
  });
});

describe('selectFound', () => {
  const ends = new Map<string, EventEntry | undefined>([
    ['hi', entry(4)],
    ['lo', entry(3)],
  ]);

  it('goes on where each list ends, number by number', () => {
    const { usable, stale } = selectFound(ends, [
      found('lo', 5),
      found('hi', 5),
      found('lo', 4),
      found('hi', 4),
    ]);
    expect(names(usable)).toEqual(['lo/1-0-4', 'lo/1-0-5', 'hi/1-0-5']);
    expect(names(stale)).toEqual(['hi/1-0-4']);
  });

  it('leaves out what a task stored after it had lost the broadcast', () => {
    const { usable, stale } = selectFound(ends, [
      found('hi', 5, '1-0'),
      found('hi', 6, '1-0'),
      found('hi', 5, '2-0'),
      found('lo', 5, '1-0'),
    ]);
    expect(names(usable)).toEqual(['hi/2-0-5']);
    expect(names(stale)).toEqual(['hi/1-0-5', 'lo/1-0-5', 'hi/1-0-6']);
  });

  it('does not believe in jumps that would fill the memory with gaps', () => {
    const { usable } = selectFound(ends, [found('hi', 4 + longestHole), found('hi', 9_999_999_999)]);
    expect(names(usable)).toEqual([`hi/1-0-${4 + longestHole}`]);
  });

  it('ignores renditions that the plan does not have', () => {
    expect(selectFound(ends, [found('other', 5)]).usable).toEqual([]);
  });

  it('never goes back to an older run, and never loses or doubles a segment', () => {
    const segment = fc
      .tuple(fc.constantFrom('hi', 'lo'), fc.integer({ min: 0, max: 12 }), fc.integer({ min: 1, max: 3 }))
      .map(([rendition, msn, session]) => found(rendition, msn, `${session}-0`));
    const segments = fc.uniqueArray(segment, {
      selector: ({ rendition, msn, run }) => `${rendition}/${run}/${msn}`,
    });
    fc.assert(
      fc.property(segments, (all) => {
        const { usable, stale } = selectFound(ends, all);
        expect([...names(usable), ...names(stale)].sort()).toEqual(names(all).sort());
        for (const [index, next] of usable.entries()) {
          const before = usable[index - 1];
          if (before === undefined) continue;
          expect(next.msn).toBeGreaterThanOrEqual(before.msn);
          expect(compareRuns(next.run, before.run)).toBeGreaterThanOrEqual(0);
          if (next.msn === before.msn) expect(next.run).toBe(before.run);
        }
      }),
    );
  });
});

describe('Timeline', () => {
  it('fills a hole from the rendition that has the segment', () => {
    const timeline = new Timeline(2);
    timeline.note(entry(5, '2-0', { discontinuity: true, durationS: 1.5, programDateTimeMs: 7 }));
    expect(timeline.gap(5, entry(4), entry(6, '2-0'))).toEqual(
      entry(5, '2-0', { discontinuity: true, durationS: 1.5, programDateTimeMs: 7, gap: true }),
    );
  });

  it('goes on from the segment before when nobody has it, and says the same to every rendition', () => {
    const timeline = new Timeline(2);
    const gap = timeline.gap(5, entry(4, '1-0', { durationS: 1 }), entry(6, '2-0'));
    expect(gap).toEqual(
      entry(5, '1-0', { gap: true, programDateTimeMs: entry(4).programDateTimeMs + 1_000 }),
    );
    expect(timeline.gap(5, entry(4, '1-0', { durationS: 1 }), entry(7, '2-0'))).toEqual(gap);
  });

  it('counts back from the first segment that came', () => {
    expect(new Timeline(2).gap(0, undefined, entry(3))).toEqual(entry(0, '1-0', { gap: true }));
  });
});

describe('follow', () => {
  it('makes a new run a discontinuity even if the segment that said so is lost', () => {
    expect(follow(entry(4), entry(5, '2-0')).discontinuity).toBe(true);
    expect(follow(entry(4), entry(5)).discontinuity).toBe(false);
    expect(follow(undefined, entry(0)).discontinuity).toBe(false);
  });
});
