import type { Route } from '../../core/routes.ts';

/** What an origin is told of a viewer's request, and by what name the answer is kept. Nothing else goes through. */
export interface Forwarded {
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly key: string;
}

export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Only named parameters, in the table's order and in one spelling. The forwarded query is the one of the
 * key: an origin that saw more than the key holds could be made to poison the cache.
 */
export function forwardedQuery(named: Route['query'], query: string): string {
  if (named === 'all') return query;
  if (named.length === 0 || query === '') return '';
  const given = new URLSearchParams(query);
  const kept = new URLSearchParams();
  for (const name of named) for (const value of given.getAll(name)) kept.append(name, value);
  return kept.toString();
}

/** `gzip`, or nothing: CloudFront too reduces Accept-Encoding to what it compresses. `gzip;q=0` is a refusal. */
export function wantsGzip(acceptEncoding: string | readonly string[] | undefined): boolean {
  const text = typeof acceptEncoding === 'string' ? acceptEncoding : (acceptEncoding?.join(',') ?? '');
  return text.split(',').some((item) => {
    const [coding = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    return coding === 'gzip' && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}

export function forward(route: Route, path: string, query: string, headers: RequestHeaders): Forwarded {
  const kept: Record<string, string> = {};
  for (const name of route.headers) {
    const value = headers[name];
    if (value !== undefined) kept[name] = typeof value === 'string' ? value : value.join(', ');
  }
  // A route that is not compressed gets no Accept-Encoding at all: one kept object for every viewer.
  if (route.compress && wantsGzip(headers['accept-encoding'])) kept['accept-encoding'] = 'gzip';
  const keptQuery = forwardedQuery(route.query, query);
  // Neither a path nor a header can hold a line break, so no two requests share a key by accident.
  const lines = Object.entries(kept).map(([name, value]) => `${name}: ${value}`);
  return {
    path,
    query: keptQuery,
    headers: kept,
    key: [`${route.name} ${path}?${keptQuery}`, ...lines].join('\n'),
  };
}
