import { expect, it } from 'vitest';
import { measureOffset, offsetOf } from '../../../web/api/clock.ts';

it('takes the quickest sample as the truest', () => {
  expect(
    offsetOf([
      { sentMs: 0, receivedMs: 400, serverMs: 5_390 },
      { sentMs: 1_000, receivedMs: 1_020, serverMs: 6_010 },
    ]),
  ).toBe(5_000);
});

it('takes the own clock when the server can’t be asked', async () => {
  const api = { time: () => Promise.reject(new Error('away')) };
  expect(await measureOffset(api, { now: () => 0 })).toBe(0);
});
