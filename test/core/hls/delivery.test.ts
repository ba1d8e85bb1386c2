import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideDelivery, hasReached, readDirectives, type Edge } from '../../../core/hls/delivery.ts';
import { timingFor } from '../../../core/media/timing.ts';

const timing = timingFor({ num: 30, den: 1 });

/** Segments up to 10 are complete (10 ended early with 3 parts), 11 has two parts. */
const edge: Edge = { lastMsn: 10, openParts: 2, partsOf: (msn) => (msn === 10 ? 3 : 4) };
const decide = (msn: number, part?: number, at: Edge = edge): string => {
  const delivery = decideDelivery({ msn, part }, at, timing);
  return delivery.kind === 'wait'
    ? `wait ${delivery.position.msn}.${delivery.position.part ?? 'complete'}`
    : delivery.kind;
};

describe('delivery directives', () => {
  const read = (query: string): string => {
    const directives = readDirectives(new URLSearchParams(query));
    return directives.kind === 'block' ? `${directives.msn}.${directives.part ?? '-'}` : directives.kind;
  };

  it('are read from the query', () => {
    expect(read('_HLS_msn=12')).toBe('12.-');
    expect(read('_HLS_msn=12&_HLS_part=3')).toBe('12.3');
    expect(read('')).toBe('none');
  });

  it('leave _HLS_skip and what nobody has defined alone', () => {
    expect(read('_HLS_skip=YES')).toBe('none');
    expect(read('_HLS_skip=v2&x=1&_HLS_msn=3')).toBe('3.-');
  });

  it('are refused when they make no sense', () => {
    for (const query of [
      '_HLS_part=1',
      '_HLS_msn=',
      '_HLS_msn=-1',
      '_HLS_msn=1.5',
      '_HLS_msn=1e3',
      '_HLS_msn=0x10',
      '_HLS_msn=+1',
      '_HLS_msn= 1',
      '_HLS_msn=NaN',
      '_HLS_msn=99999999999999999999',
      '_HLS_msn=1&_HLS_msn=2',
      '_HLS_msn=1&_HLS_part=1&_HLS_part=1',
      '_HLS_msn=1&_HLS_part=x',
      '_HLS_msn=１',
    ])
      expect([query, read(query)]).toEqual([query, 'bad']);
  });
});

describe('a blocking request', () => {
  it('for what is there is answered at once, however old', () => {
    expect([decide(10), decide(0), decide(0, 3), decide(10, 2), decide(11, 0), decide(11, 1)]).toEqual(
      Array.from({ length: 6 }, () => 'now'),
    );
  });

  it('for the next part, segment or the one after waits', () => {
    expect([decide(11, 2), decide(11, 3), decide(11), decide(12), decide(12, 0)]).toEqual([
      'wait 11.2',
      'wait 11.3',
      'wait 11.complete',
      'wait 12.complete',
      'wait 12.0',
    ]);
  });

  it('for a part past the last of its segment means part 0 of the next', () => {
    expect(decide(11, 4)).toBe('wait 12.0');
    // Segment 10 ended with three parts.
    expect(decide(10, 3)).toBe('now');
    const betweenRuns: Edge = { ...edge, openParts: 0 };
    expect(decide(10, 3, betweenRuns)).toBe('wait 10.3');
    expect(hasReached({ msn: 10, part: 3 }, { ...betweenRuns, openParts: 1 })).toBe(true);
  });

  it('too far ahead is refused', () => {
    // More than two segments after the last, or more than 3 s / 0.5 s = 6 parts after the last part.
    expect([decide(13), decide(13, 0), decide(12, 3), decide(12, 4), decide(11, 8)]).toEqual([
      'too-far',
      'too-far',
      'wait 12.3',
      'too-far',
      'too-far',
    ]);
    expect(decide(3, 9_999_999_999)).toBe('too-far');
  });

  it('goes by the part target when that is a second or more', () => {
    const slow = { ...timing, partTargetS: 1 };
    expect(decideDelivery({ msn: 12, part: 0 }, edge, slow).kind).toBe('wait');
    expect(decideDelivery({ msn: 12, part: 1 }, edge, slow).kind).toBe('too-far');
  });

  it('never waits for what is there, and is never answered with less than it asked for', () => {
    const position = fc.record({
      msn: fc.nat({ max: 30 }),
      part: fc.option(fc.nat({ max: 12 }), { nil: undefined }),
    });
    const anyEdge = fc.record({ lastMsn: fc.integer({ min: -1, max: 25 }), openParts: fc.nat({ max: 3 }) });
    fc.assert(
      fc.property(position, anyEdge, (asked, { lastMsn, openParts }) => {
        const at: Edge = { lastMsn, openParts, partsOf: () => 4 };
        const delivery = decideDelivery(asked, at, timing);
        const listed =
          asked.part === undefined
            ? asked.msn <= lastMsn
            : asked.msn * 4 + Math.min(asked.part, 4) <= lastMsn * 4 + 3 + openParts;
        if (delivery.kind === 'now') expect(listed).toBe(true);
        if (delivery.kind === 'wait') {
          expect(listed).toBe(false);
          // What it waits for comes with the next parts.
          const later: Edge = { lastMsn: lastMsn + 3, openParts: 1, partsOf: () => 4 };
          expect(hasReached(delivery.position, at)).toBe(false);
          expect(hasReached(delivery.position, later)).toBe(true);
        }
      }),
    );
  });
});
