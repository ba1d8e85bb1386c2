import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { WholeAnswer } from '../../../local/edge/answer.ts';
import { Cache } from '../../../local/edge/cache.ts';

const answer = (bytes: number, receivedAtMs = 0): WholeAnswer => ({
  status: 200,
  headers: {},
  body: Buffer.alloc(bytes),
  receivedAtMs,
  ageS: 0,
});

test('an answer is there until its time is over', () => {
  const cache = new Cache(10_000);
  const kept = answer(10);
  cache.put('a', kept, 2);
  expect(cache.get('a', 1_999)).toBe(kept);
  expect(cache.get('a', 2_000)).toBeUndefined();
  expect(cache).toMatchObject({ size: 0, bytes: 0 });
});

test('a time of 0 keeps nothing, and forgets what was kept', () => {
  const cache = new Cache(10_000);
  cache.put('a', answer(10), 5);
  cache.put('a', answer(10), 0);
  expect(cache.get('a', 0)).toBeUndefined();
});

test('the least recently used goes first', () => {
  const cache = new Cache(6_500);
  for (const key of ['a', 'b', 'c']) cache.put(key, answer(1_000), 60);
  cache.get('a', 0);
  cache.put('d', answer(1_000), 60);
  expect(['a', 'b', 'c', 'd'].filter((key) => cache.get(key, 0) !== undefined)).toEqual(['a', 'c', 'd']);
});

test('what is larger than everything pushes nothing out', () => {
  const cache = new Cache(5_000);
  cache.put('a', answer(1_000), 60);
  cache.put('b', answer(5_000), 60);
  expect(cache.get('a', 0)).toBeDefined();
  expect(cache.get('b', 0)).toBeUndefined();
});

test('the bytes never pass the bound and are the sum of what is there', () => {
  const step = fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    bytes: fc.nat({ max: 4_000 }),
    ttlS: fc.nat({ max: 3 }),
    get: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const cache = new Cache(8_000);
      let nowMs = 0;
      for (const { key, bytes, ttlS, get } of steps) {
        nowMs += 500;
        if (get) cache.get(key, nowMs);
        else cache.put(key, answer(bytes, nowMs), ttlS);
        expect(cache.bytes).toBeLessThanOrEqual(8_000);
      }
      for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) cache.get(key, nowMs + 10_000);
      expect(cache).toMatchObject({ size: 0, bytes: 0 });
    }),
  );
});
