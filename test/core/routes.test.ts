import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findRoute, routes, type Route } from '../../core/routes.ts';
import { viewerHeaders } from '../../core/viewer-headers.ts';

const live = routes.filter(({ origin }) => origin === 'ingest');
const media = routes.filter(({ origin }) => origin === 'ingest' || origin === 'archive');
const table = (rows: readonly Route[]) => rows.map((route) => [route.name, route] as const);

describe('findRoute', () => {
  test.each([
    ['/live/in-01/b1/master.m3u8', 'live-playlist'],
    ['/live/in-01/b1/360p/index.m3u8', 'live-playlist'],
    ['/live/in-01/b1/360p/1-0-7.2.m4s', 'live-media'],
    ['/live/in-01/b1/360p/index.m3u8/x', 'live-media'],
    ['/live/in-01/b1/360p/index.M3U8', 'live-media'],
    ['/live-private/in-01/b1/master.m3u8', 'private-live-playlist'],
    ['/live-private/in-01/b1/360p/1-0-7.m4s', 'private-live-media'],
    ['/archive/b1/master.m3u8', 'archive-playlist'],
    ['/archive/b1/360p/1-0-7.m4s', 'archive-media'],
    ['/thumbs/b1/thumb.jpg', 'thumbnail'],
    ['/api/directory', 'api'],
    ['/chat/a/', 'chat'],
    ['/assets/app.js', 'assets'],
    ['/', 'pages'],
    ['/watch/b1', 'pages'],
    ['/livex', 'pages'],
    ['/api', 'pages'],
    ['/chat', 'pages'],
    ['/Archive/b1/master.m3u8', 'pages'],
    ['/x/archive/b1/master.m3u8', 'pages'],
    ['/live-private', 'pages'],
  ])('%s goes to %s', (path, name) => {
    expect(findRoute(path)?.name).toBe(name);
  });

  test('every path that starts with a slash has a route, and no other', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(findRoute(`/${text}`)).toBeDefined();
        if (!text.startsWith('/')) expect(findRoute(text)).toBeUndefined();
      }),
    );
  });

  test('the first match wins', () => {
    const [first, second] = [routes[0], routes.at(-1)];
    if (first === undefined || second === undefined) throw new Error('the table is empty');
    const swapped = [{ ...second, path: '/*' }, first];
    expect(findRoute('/live/in-01/b1/master.m3u8', swapped)?.name).toBe(second.name);
  });

  // `*` any characters, `?` one; everything else is itself. As slow and plain as can be.
  function matches(pattern: string, text: string): boolean {
    const [head, ...rest] = pattern;
    if (head === undefined) return text === '';
    const tail = rest.join('');
    if (head === '*') return matches(tail, text) || (text !== '' && matches(pattern, text.slice(1)));
    return text !== '' && (head === '?' || head === text[0]) && matches(tail, text.slice(1));
  }

  test('patterns are CloudFront’s: every other character means itself', () => {
    const unit = fc.constantFrom('/', 'a', '.', '+', '(', ')', '[', '^', '$', '|', '\\', '{', '*', '?');
    const [model] = routes;
    if (model === undefined) throw new Error('the table is empty');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 6 }), fc.string({ unit, maxLength: 8 }), (pattern, text) => {
        const found = findRoute(text, [{ ...model, path: pattern }]);
        expect(found !== undefined).toBe(matches(pattern, text));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the table holds what CloudFront and low-latency HLS demand', () => {
  test('names are unique, as behaviours and policies are named by them', () => {
    expect(new Set(routes.map(({ name }) => name)).size).toBe(routes.length);
  });

  test('it fits into one distribution: 75 behaviours, the last one the default', () => {
    expect(routes.length).toBeLessThanOrEqual(75);
    expect(routes.at(-1)?.path).toBe('/*');
  });

  test('no route is hidden behind an earlier one', () => {
    for (const route of routes) expect(findRoute(route.path.replace('*', 'x'))?.name).toBe(route.name);
  });

  test('the key of a live playlist has exactly the delivery directives', () => {
    for (const route of live.filter(({ path }) => path.endsWith('.m3u8')))
      expect(route.query).toEqual(['_HLS_msn', '_HLS_part', '_HLS_skip']);
  });

  test.each(table(media.filter(({ name }) => !/^(private-)?live-playlist$/.test(name))))(
    '%s: no parameter is in the key',
    (_name, route) => {
      expect(route.query).toEqual([]);
    },
  );

  test.each(table(media))('%s: no header and no cookie is in the key, none is set', (_name, route) => {
    expect(route.headers).toEqual([]);
    expect(route.setCookie).toBe(false);
  });

  const talking = (route: Route): boolean => route.origin === 'api' || route.origin === 'chat';
  test.each(table(routes.filter((route) => !talking(route))))('%s: is read only', (_name, route) => {
    expect(route.methods).toBe('read');
  });

  test('no route puts cookies or the viewer’s address into a key', () => {
    for (const { headers } of routes) {
      expect(headers).not.toContain('cookie');
      expect(headers).not.toContain('x-forwarded-for');
      for (const name of headers) expect(name).toBe(name.toLowerCase());
    }
  });

  test('Authorization reaches the API and the chat, whose answers depend on it, and nothing else', () => {
    const withToken = routes.filter(({ headers }) => headers.includes('authorization'));
    expect(withToken.map(({ name }) => name)).toEqual(['api', 'chat']);
  });

  test('nothing of the chat is ever kept', () => {
    for (const { ttl, errorTtlS } of routes.filter(({ origin }) => origin === 'chat'))
      expect({ ...ttl, errorTtlS }).toEqual({ minS: 0, defaultS: 0, maxS: 0, errorTtlS: 0 });
  });

  test.each(table(live))('%s: errors are never kept, or blocking reload breaks', (_name, route) => {
    expect(route.errorTtlS).toBe(0);
  });

  test.each(table(routes))(
    '%s: min ≤ default ≤ max, and the origin can always say "not kept"',
    (_name, route) => {
      const { minS, defaultS, maxS } = route.ttl;
      expect(minS).toBe(0);
      expect(defaultS).toBeGreaterThanOrEqual(minS);
      expect(maxS).toBeGreaterThanOrEqual(defaultS);
    },
  );

  test.each(table(media))('%s: an origin that is silent about caching is not kept', (_name, route) => {
    expect(route.ttl.defaultS).toBe(0);
  });

  test('recordings and private broadcasts are behind signed cookies, everything else is open', () => {
    const shut = routes.filter(({ access }) => access === 'signed-cookie').map(({ path }) => path);
    expect(shut).toEqual(['/live-private/*.m3u8', '/live-private/*', '/archive/*.m3u8', '/archive/*']);
  });

  test('text is compressed, media is not', () => {
    for (const route of media) expect(route.compress).toBe(route.path.endsWith('.m3u8'));
  });
});

describe('viewerHeaders', () => {
  test('open media may be read by pages of other sites; what needs cookies may not', () => {
    for (const route of media)
      expect('access-control-allow-origin' in viewerHeaders(route)).toBe(route.access === 'open');
  });

  test('media is what its type says', () => {
    for (const route of media) expect(viewerHeaders(route)['x-content-type-options']).toBe('nosniff');
  });

  test('the API, the chat and the pages speak for themselves', () => {
    for (const route of routes.filter(({ origin }) => ['api', 'chat', 'web'].includes(origin)))
      expect(viewerHeaders(route)).toEqual({});
  });
});
