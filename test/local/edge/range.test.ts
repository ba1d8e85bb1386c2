import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchesEtag, readRange } from '../../../local/edge/range.ts';

describe('readRange', () => {
  test.each([
    ['bytes=0-1', { first: 0, last: 1 }],
    ['bytes=5-', { first: 5, last: 9 }],
    ['bytes=-3', { first: 7, last: 9 }],
    ['bytes=-99', { first: 0, last: 9 }],
    ['bytes=0-99', { first: 0, last: 9 }],
    ['bytes=9-9', { first: 9, last: 9 }],
    ['bytes=10-', 'outside'],
    ['bytes=-0', 'outside'],
    ['bytes=3-2', 'whole'],
    ['bytes=-', 'whole'],
    ['bytes=0-1,4-5', 'whole'],
    ['items=0-1', 'whole'],
    ['bytes=0x1-2', 'whole'],
    [`bytes=${'9'.repeat(40)}-`, 'whole'],
    [undefined, 'whole'],
  ])('%s of 10 bytes', (header, expected) => {
    expect(readRange(header, 10)).toEqual(expected);
  });

  test('nothing of an empty object can be had', () => {
    expect(readRange('bytes=0-', 0)).toBe('outside');
    expect(readRange('bytes=-1', 0)).toBe('outside');
  });

  test('a range lies inside the object, whatever was asked', () => {
    const asked = fc.oneof(
      fc.string(),
      fc
        .tuple(fc.oneof(fc.nat(), fc.constant('')), fc.oneof(fc.nat(), fc.constant('')))
        .map(([a, b]) => `bytes=${a}-${b}`),
    );
    fc.assert(
      fc.property(asked, fc.nat({ max: 3_000_000_000 }), (header, length) => {
        const range = readRange(header, length);
        if (typeof range === 'string') return;
        expect(range.first).toBeGreaterThanOrEqual(0);
        expect(range.first).toBeLessThanOrEqual(range.last);
        expect(range.last).toBeLessThan(length);
      }),
    );
  });
});

describe('matchesEtag', () => {
  test.each([
    ['"a"', '"a"', true],
    ['W/"a"', '"a"', true],
    ['"a"', 'W/"a"', true],
    ['"x", "a"', '"a"', true],
    ['*', '"a"', true],
    ['"b"', '"a"', false],
    ['"a"', undefined, false],
    [undefined, '"a"', false],
  ])('%s against %s: %s', (ifNoneMatch, etag, expected) => {
    expect(matchesEtag(ifNoneMatch, etag)).toBe(expected);
  });
});
