import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { freshness } from '../../../local/edge/freshness.ts';

const nowMs = Date.UTC(2026, 0, 1);
const route = { ttl: { minS: 0, defaultS: 0, maxS: 60 }, errorTtlS: 0 };
const pages = { ttl: { minS: 0, defaultS: 60, maxS: 300 }, errorTtlS: 1 };
const atLeastTwo = { ttl: { minS: 2, defaultS: 5, maxS: 60 }, errorTtlS: 0 };

describe('a success', () => {
  test.each([
    ['the origin is silent: the default', pages, undefined, { ttlS: 60, shared: true }],
    [
      'silent with default 0: shared by those who wait, not kept',
      route,
      undefined,
      { ttlS: 0, shared: true },
    ],
    ['max-age counts', route, 'public, max-age=6', { ttlS: 6, shared: true }],
    ['s-maxage before max-age', route, 'max-age=0, s-maxage=9', { ttlS: 9, shared: true }],
    ['quoted and in capitals', route, 'Max-Age="7"', { ttlS: 7, shared: true }],
    ['no longer than the maximum', route, 'max-age=31536000', { ttlS: 60, shared: true }],
    ['no shorter than the minimum', atLeastTwo, 'max-age=1', { ttlS: 2, shared: true }],
    ['a max-age that is no number does not count', pages, 'max-age=soon', { ttlS: 60, shared: true }],
    ['a negative max-age does not count', pages, 'max-age=-1', { ttlS: 60, shared: true }],
    ['no-store', route, 'no-store', { ttlS: 0, shared: false }],
    ['private', route, 'private, max-age=60', { ttlS: 0, shared: false }],
    ['no-cache', route, 'no-cache', { ttlS: 0, shared: false }],
    ['max-age=0', route, 'max-age=0', { ttlS: 0, shared: false }],
    [
      'private above a minimum of 0 is kept for the minimum, as CloudFront does',
      atLeastTwo,
      'private',
      { ttlS: 2, shared: true },
    ],
  ])('%s', (_name, rules, cacheControl, expected) => {
    const headers = cacheControl === undefined ? {} : { 'cache-control': cacheControl };
    expect(freshness(rules, 200, headers, nowMs)).toEqual(expected);
  });

  test('Expires counts when there is no max-age', () => {
    const expires = new Date(nowMs + 30_000).toUTCString();
    expect(freshness(route, 200, { expires }, nowMs).ttlS).toBe(30);
    expect(freshness(route, 200, { expires, 'cache-control': 'max-age=4' }, nowMs).ttlS).toBe(4);
    expect(freshness(route, 200, { expires: '0' }, nowMs)).toEqual({ ttlS: 0, shared: false });
  });

  test('the age that an answer came with is taken off', () => {
    expect(freshness(route, 200, { 'cache-control': 'max-age=10', age: '4' }, nowMs).ttlS).toBe(6);
    expect(freshness(route, 200, { 'cache-control': 'max-age=10', age: '40' }, nowMs).ttlS).toBe(0);
  });

  test('an answer with a cookie is for one viewer, whatever it says', () => {
    const headers = { 'set-cookie': ['a=b'], 'cache-control': 'public, max-age=60' };
    expect(freshness(route, 200, headers, nowMs)).toEqual({ ttlS: 0, shared: false });
  });
});

describe('an error', () => {
  test.each([400, 403, 404, 500, 503])('%i is kept for the error time only, not for max-age', (status) => {
    const headers = { 'cache-control': 'max-age=60' };
    expect(freshness(pages, status, headers, nowMs)).toEqual({ ttlS: 1, shared: true });
    expect(freshness(route, status, headers, nowMs)).toEqual({ ttlS: 0, shared: true });
  });

  test.each([404, 410, 414, 501])('%i with no-store is kept and shared nowhere', (status) => {
    expect(freshness(pages, status, { 'cache-control': 'no-store' }, nowMs)).toEqual({
      ttlS: 0,
      shared: false,
    });
  });

  test.each([400, 403, 500, 503])(
    '%i with no-store is shared all the same: CloudFront does not listen',
    (status) => {
      expect(freshness(pages, status, { 'cache-control': 'no-store' }, nowMs)).toEqual({
        ttlS: 1,
        shared: true,
      });
    },
  );
});

test('no header makes an answer live longer than the table says', () => {
  const directive = fc.constantFrom(
    'max-age',
    's-maxage',
    'private',
    'no-store',
    'x',
    '',
    '=',
    ',,',
    'max-age=1e9',
  );
  const value = fc.oneof(fc.nat().map(String), fc.string({ maxLength: 5 }), fc.constant('99999999999999'));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(directive, value).map(([name, text]) => `${name}=${text}`)),
      fc.string(),
      fc.string(),
      (directives, expires, age) => {
        const headers = { 'cache-control': directives.join(', '), expires, age };
        const { ttlS } = freshness(atLeastTwo, 200, headers, nowMs);
        expect(ttlS).toBeGreaterThanOrEqual(2);
        expect(ttlS).toBeLessThanOrEqual(60);
      },
    ),
  );
});
