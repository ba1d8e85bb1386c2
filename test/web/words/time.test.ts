import { describe, expect, it } from 'vitest';
import { ago, bitrate, clockTime, delay, spokenTime } from '../../../web/words/time.ts';

describe('times in words', () => {
  it.each([
    [0, '0:00'],
    [75.9, '1:15'],
    [3_675, '1:01:15'],
    [-3, '0:00'],
    [Number.NaN, '0:00'],
    [Number.POSITIVE_INFINITY, '0:00'],
  ])('clockTime %d is %s', (s, text) => expect(clockTime(s)).toBe(text));

  it.each([
    [0, '0 seconds'],
    [61, '1 minute 1 second'],
    [7_322, '2 hours 2 minutes'],
  ])('spokenTime %d is %s', (s, text) => expect(spokenTime(s)).toBe(text));

  it.each([
    [2_340, '2.3 s'],
    [48_200, '48 s'],
    [750_000, '12:30'],
    [-5, '0.0 s'],
  ])('delay %d is %s', (ms, text) => expect(delay(ms)).toBe(text));

  it.each([
    [10_000, 'just now'],
    [12 * 60_000, '12 min ago'],
    [3 * 3_600_000, '3 h ago'],
    [30 * 3_600_000, 'yesterday'],
    [72 * 3_600_000, '3 days ago'],
  ])('%d ms before is %s', (ms, text) => expect(ago(0, ms)).toBe(text));

  it('bitrates', () => expect([bitrate(2_800_000), bitrate(160_000)]).toEqual(['2.8 Mbit/s', '160 kbit/s']));
});
