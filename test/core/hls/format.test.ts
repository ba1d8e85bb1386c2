import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attributes, decimalSeconds, isoTime, quoted } from '../../../core/hls/format.ts';

describe('numbers and strings in playlists', () => {
  it('writes seconds to the microsecond without needless zeros', () => {
    expect([2, 0.5, 0.5005, 7 / 15, 0, 1e-9, 12_345.678].map(decimalSeconds)).toEqual([
      '2.0',
      '0.5',
      '0.5005',
      '0.466667',
      '0.0',
      '0.0',
      '12345.678',
    ]);
  });

  it('never writes an exponent and stays within half a microsecond', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (seconds) => {
        const text = decimalSeconds(seconds);
        expect(text).toMatch(/^\d+\.\d{1,6}$/);
        expect(Math.abs(Number(text) - seconds)).toBeLessThanOrEqual(0.51e-6);
      }),
    );
  });

  it('refuses durations that no playlist can hold', () => {
    for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => decimalSeconds(bad)).toThrow();
  });

  it('refuses text that would end a quoted string', () => {
    expect(quoted('a b')).toBe('"a b"');
    for (const bad of ['a"b', 'a\nb', 'a\rb']) expect(() => quoted(bad)).toThrow();
  });

  it('writes times with milliseconds and zone', () => {
    expect(isoTime(1_700_000_000_007)).toBe('2023-11-14T22:13:20.007Z');
  });

  it('leaves undefined attributes out', () => {
    expect(attributes({ URI: quoted('a'), GAP: undefined, BANDWIDTH: 5 })).toBe('URI="a",BANDWIDTH=5');
  });
});
