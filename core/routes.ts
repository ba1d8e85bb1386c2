/**
 * The one table of routes. It makes the CloudFront behaviours in lib/ and the local edge in local/, so
 * that what is cached here is cached there. The first match wins.
 */

/** What answers behind the edge. `archive` is object storage, `web` the built pages, `chat` a shard's tasks. */
export type OriginName = 'ingest' | 'archive' | 'api' | 'chat' | 'web';

export interface Route {
  readonly name: string;
  /** CloudFront path pattern: `*` stands for any characters, slashes too; `?` for one. */
  readonly path: string;
  readonly origin: OriginName;
  readonly methods: 'read' | 'all';
  /** `signed-cookie`: CloudFront's signed cookies are checked before anything is answered. */
  readonly access: 'open' | 'signed-cookie';
  /** Query parameters that are forwarded and part of the cache key. All others are dropped. `all` for the API. */
  readonly query: readonly string[] | 'all';
  /** Request headers that are forwarded and part of the cache key. */
  readonly headers: readonly string[];
  /**
   * The origin's Set-Cookie reaches the viewer. CloudFront removes it where the behaviour forwards no cookies,
   * so such a route needs an origin request policy that does; the cache key holds cookies nowhere.
   */
  readonly setCookie: boolean;
  /** Seconds. The origin's Cache-Control counts between min and max; default counts when it says nothing. */
  readonly ttl: { readonly minS: number; readonly defaultS: number; readonly maxS: number };
  /** Seconds that 4xx and 5xx answers are kept. CloudFront's own default of 10 s would break blocking reload. */
  readonly errorTtlS: number;
  /** The edge compresses (gzip, brotli) what the origin sent plain. */
  readonly compress: boolean;
}

const year = 31_536_000;
/** Exactly what RFC 8216bis 6.2.5 names; anything else would let a stranger bypass the cache. */
const deliveryDirectives = ['_HLS_msn', '_HLS_part', '_HLS_skip'] as const;

const media = {
  methods: 'read',
  headers: [],
  query: [],
  setCookie: false,
  compress: false,
  // The origin says how long: parts live a minute, a segment that has left the window is a 404.
  ttl: { minS: 0, defaultS: 0, maxS: year },
  errorTtlS: 0,
} as const;

const playlist = { ...media, query: deliveryDirectives, compress: true } as const;

export const routes: readonly Route[] = [
  { name: 'live-playlist', path: '/live/*.m3u8', origin: 'ingest', access: 'open', ...playlist },
  { name: 'live-media', path: '/live/*', origin: 'ingest', access: 'open', ...media },
  {
    name: 'private-live-playlist',
    path: '/live-private/*.m3u8',
    origin: 'ingest',
    access: 'signed-cookie',
    ...playlist,
  },
  {
    name: 'private-live-media',
    path: '/live-private/*',
    origin: 'ingest',
    access: 'signed-cookie',
    ...media,
  },
  {
    name: 'archive-playlist',
    path: '/archive/*.m3u8',
    origin: 'archive',
    access: 'signed-cookie',
    ...playlist,
    query: [],
  },
  { name: 'archive-media', path: '/archive/*', origin: 'archive', access: 'signed-cookie', ...media },
  { name: 'thumbnail', path: '/thumbs/*', origin: 'archive', access: 'open', ...media },
  {
    name: 'api',
    path: '/api/*',
    origin: 'api',
    methods: 'all',
    access: 'open',
    query: 'all',
    headers: ['authorization', 'origin', 'content-type', 'accept', 'idempotency-key'],
    // Playback addresses come with signed cookies.
    setCookie: true,
    // Only answers that the API itself marks public are kept, for at most a minute.
    ttl: { minS: 0, defaultS: 0, maxS: 60 },
    errorTtlS: 0,
    compress: true,
  },
  {
    // /chat/<shard>/: the load balancer has a rule for each shard. WebSockets pass CloudFront where the
    // behaviour takes all methods and forwards all headers and queries; long polling is never cached.
    name: 'chat',
    path: '/chat/*',
    origin: 'chat',
    methods: 'all',
    access: 'open',
    query: 'all',
    headers: ['authorization', 'origin', 'content-type', 'accept'],
    setCookie: true,
    ttl: { minS: 0, defaultS: 0, maxS: 0 },
    errorTtlS: 0,
    compress: false,
  },
  { name: 'assets', path: '/assets/*', origin: 'web', access: 'open', ...media, compress: true },
  {
    name: 'pages',
    path: '/*',
    origin: 'web',
    access: 'open',
    ...media,
    compress: true,
    ttl: { minS: 0, defaultS: 60, maxS: 300 },
    errorTtlS: 1,
  },
];

const toRegExp = (path: string): RegExp =>
  new RegExp(
    `^${path
      .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    // `.` is any character, line breaks too.
    's',
  );

const compiled = new WeakMap<Route, RegExp>();

/** The route of a path (no query). Undefined only for paths that do not start with a slash. */
export function findRoute(path: string, table: readonly Route[] = routes): Route | undefined {
  return table.find((route) => {
    const pattern = compiled.get(route) ?? toRegExp(route.path);
    compiled.set(route, pattern);
    return pattern.test(path);
  });
}
