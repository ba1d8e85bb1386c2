import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findRoute, routes, type Route } from '../../../core/routes.ts';
import { forward, forwardedQuery, wantsGzip } from '../../../local/edge/cache-key.ts';

const named = ['_HLS_msn', '_HLS_part', '_HLS_skip'];

function routeOf(path: string): Route {
  const route = findRoute(path);
  if (route === undefined) throw new Error(`no route for ${path}`);
  return route;
}

describe('forwardedQuery', () => {
  test('keeps named parameters only, in the order of the table', () => {
    expect(forwardedQuery(named, '_HLS_part=2&token=x&_HLS_msn=7&_hls_msn=8')).toBe('_HLS_msn=7&_HLS_part=2');
  });

  test('has one spelling for every value', () => {
    expect(forwardedQuery(named, '_HLS_ms%6e=%37')).toBe('_HLS_msn=7');
  });

  test('is empty where no parameter is named', () => {
    expect(forwardedQuery([], 'a=b&_HLS_msn=7')).toBe('');
  });

  test('is the query itself where all are named', () => {
    expect(forwardedQuery('all', 'b=2&a=1&b=1')).toBe('b=2&a=1&b=1');
  });

  const parameter = fc.tuple(
    fc.constantFrom(...named, 'x', '_HLS_MSN', '_HLS_msn ', ''),
    fc.oneof(fc.string({ maxLength: 4 }), fc.nat({ max: 20 }).map(String)),
  );
  const queryOf = (pairs: readonly (readonly [string, string])[]): string =>
    new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value])).toString();

  test('does not depend on the order of different parameters or on strangers among them', () => {
    fc.assert(
      fc.property(fc.uniqueArray(parameter, { selector: ([name]) => name }), fc.nat(), (pairs, turn) => {
        const cut = turn % (pairs.length + 1);
        const turned = [...pairs.slice(cut), ...pairs.slice(0, cut)];
        const alone = pairs.filter(([name]) => named.includes(name));
        expect(forwardedQuery(named, queryOf(turned))).toBe(forwardedQuery(named, queryOf(alone)));
      }),
    );
  });

  test('says to the origin what the viewer said of the named parameters, and changes no more when repeated', () => {
    fc.assert(
      fc.property(fc.array(parameter, { maxLength: 6 }), (pairs) => {
        const given = queryOf(pairs);
        const kept = forwardedQuery(named, given);
        for (const name of named)
          expect(new URLSearchParams(kept).getAll(name)).toEqual(new URLSearchParams(given).getAll(name));
        expect(forwardedQuery(named, kept)).toBe(kept);
      }),
    );
  });
});

describe('forward', () => {
  const viewer = {
    authorization: 'Bearer secret',
    cookie: 'CloudFront-Policy=x',
    origin: 'https://elsewhere.example',
    accept: 'application/json',
    'accept-encoding': 'br, gzip',
    'x-forwarded-for': '6.6.6.6',
    'user-agent': 'curl',
    host: 'evil',
  };

  test.each(routes.map((route) => [route.name, route] as const))(
    '%s: forwards the headers that the table names, and Accept-Encoding where it compresses',
    (_name, route) => {
      const { headers, key } = forward(route, '/p', '', viewer);
      const wanted = [
        ...route.headers.filter((name) => name in viewer),
        ...(route.compress ? ['accept-encoding'] : []),
      ];
      expect(Object.keys(headers).toSorted()).toEqual(wanted.toSorted());
      for (const value of Object.values(headers)) expect(key).toContain(value);
      expect(key).not.toContain('CloudFront-Policy');
      expect(key).not.toContain('6.6.6.6');
    },
  );

  test('two viewers of the API with different tokens never share a key', () => {
    const api = routeOf('/api/me/channels');
    const keyFor = (authorization: string): string =>
      forward(api, '/api/me/channels', '', { authorization }).key;
    expect(keyFor('Bearer a')).not.toBe(keyFor('Bearer b'));
  });

  test('different paths, routes, queries and encodings have different keys', () => {
    const path = '/live/in-01/b/index.m3u8';
    const all = [
      forward(routeOf(path), path, '', {}).key,
      forward(routeOf(path), path, '_HLS_msn=1', {}).key,
      forward(routeOf(path), path, '', { 'accept-encoding': 'gzip' }).key,
      forward(routeOf(path), '/live/in-02/b/index.m3u8', '', {}).key,
      forward(routeOf('/live-private/x.m3u8'), path, '', {}).key,
    ];
    expect(new Set(all).size).toBe(all.length);
  });
});

describe('wantsGzip', () => {
  test.each([
    ['gzip', true],
    ['br, gzip;q=0.5', true],
    ['GZIP', true],
    ['gzip;q=0', false],
    ['gzip; q=0.00', false],
    ['br', false],
    ['x-gzip', false],
    [undefined, false],
  ])('%s: %s', (header, wanted) => {
    expect(wantsGzip(header)).toBe(wanted);
  });
});
