import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clean,
  hang,
  paintFor,
  shortIds,
  span,
  wallTime,
  widthOf,
  wrap,
  zoneOf,
} from '../../../tools/tidecast/text.ts';

describe('spans of time', () => {
  it('are said in the two units that matter', () => {
    const minute = 60_000;
    expect([999, 4_000, 59_999, minute, 185 * minute, 120 * minute, 52 * 60 * minute].map(span)).toEqual([
      '0 s',
      '4 s',
      '59 s',
      '1 min',
      '3 h 5 min',
      '2 h',
      '2 d 4 h',
    ]);
  });

  it('are nothing where a clock over there is ahead', () => {
    expect(span(-5_000)).toBe('0 s');
  });
});

describe('times', () => {
  it('are those of the wall, with the zone said', () => {
    const at = new Date(2026, 10, 3, 2, 5, 9);
    expect(wallTime(at.getTime())).toBe('11-03 02:05:09');
    expect(zoneOf(at.getTime())).toMatch(/^UTC([+-]\d\d:\d\d)?$/);
  });
});

describe('widths', () => {
  it('count two columns for East Asian letters and emoji, none for combining marks', () => {
    expect(['abc', '配信', 'ライブ', '１', '🎉', 'e\u0301'].map(widthOf)).toEqual([3, 4, 6, 2, 2, 1]);
  });
});

const texts = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '-', '配', '\u0301', '🎉'), maxLength: 200 });

describe('wrapping', () => {
  it('makes no line wider than it may be, and loses nothing but spaces', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 2, max: 60 }), (text, width) => {
        const lines = wrap(text, width);
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
      }),
    );
  });

  it('hangs the lines that follow under the text of the first', () => {
    expect(hang('Room        ', 'one two three four five six', 32)).toEqual([
      'Room        one two three four',
      '            five six',
    ]);
  });

  it('leaves a line whole where there is no terminal', () => {
    const text = Array.from({ length: 100 }, (_, index) => `word${index}`).join(' ');
    expect(wrap(text, Infinity)).toEqual([text]);
  });
});

describe('texts of others', () => {
  it('hold nothing any more that a terminal obeys', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(clean(text)).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
      }),
    );
  });
});

describe('short ids', () => {
  it('are beginnings that mean one id each', () => {
    const ids = fc.uniqueArray(
      fc.string({ unit: fc.constantFrom('0', '1', 'a'), minLength: 1, maxLength: 12 }),
    );
    fc.assert(
      fc.property(ids, fc.integer({ min: 1, max: 8 }), (all, least) => {
        const short = shortIds(all, least);
        for (const id of all) {
          const beginning = short.get(id) ?? '';
          const meant = all.filter((other) => other.startsWith(beginning));
          // An id that is itself the beginning of another can't be told apart by a beginning: then it stands whole.
          expect(beginning === id || (meant.length === 1 && meant[0] === id)).toBe(true);
        }
      }),
    );
  });
});

describe('colours', () => {
  it('are there on a terminal only', () => {
    expect(paintFor(true)('bad', 'lost')).toBe('\u001b[31mlost\u001b[0m');
    expect(paintFor(false)('bad', 'lost')).toBe('lost');
    expect(paintFor(true)(undefined, 'lost')).toBe('lost');
  });
});
