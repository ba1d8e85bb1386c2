import type { Route } from '../../core/routes.ts';
import type { AnswerHeaders } from './answer.ts';

/** How long an answer is kept, and whether those who waited for it with the same key get it too. */
export interface Freshness {
  readonly ttlS: number;
  readonly shared: boolean;
}

const alone: Freshness = { ttlS: 0, shared: false };

interface Directives {
  readonly refuses: boolean;
  readonly maxAgeS: number | undefined;
}

const single = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === 'string' || value === undefined ? value : value.join(', ');

function seconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

function readDirectives(headers: AnswerHeaders, nowMs: number): Directives {
  const values = new Map<string, string>();
  for (const item of (single(headers['cache-control']) ?? '').split(',')) {
    const [name = '', value = ''] = item.split('=', 2);
    values.set(name.trim().toLowerCase(), value.trim().replaceAll('"', ''));
  }
  const refuses = values.has('no-store') || values.has('private') || values.has('no-cache');
  let maxAgeS = seconds(values.get('s-maxage')) ?? seconds(values.get('max-age'));
  const expires = single(headers['expires']);
  if (maxAgeS === undefined && expires !== undefined) {
    const atMs = Date.parse(expires);
    // RFC 9111 5.3: a date that can't be read (`0` for example) lies in the past.
    maxAgeS = Number.isNaN(atMs) ? 0 : Math.max(0, (atMs - nowMs) / 1000);
  }
  return { refuses, maxAgeS };
}

/** CloudFront listens to no-store, no-cache and private only on these errors (notes: video 3). */
const errorsThatMayRefuse: ReadonlySet<number> = new Set([404, 410, 414, 501]);

/**
 * CloudFront's rules. Answers are not shared among waiting requests only when the minimum is 0 and the
 * origin says private, no-store, no-cache or max-age=0; a silent origin's answer is shared, even if it is
 * not kept.
 */
export function freshness(
  route: Pick<Route, 'ttl' | 'errorTtlS'>,
  status: number,
  headers: AnswerHeaders,
  nowMs: number,
): Freshness {
  // A cookie is for one viewer. CloudFront would give it to all: such an answer must say no-store.
  if (headers['set-cookie'] !== undefined || status === 206 || status === 304) return alone;
  const { refuses, maxAgeS } = readDirectives(headers, nowMs);
  if (status >= 400)
    return refuses && errorsThatMayRefuse.has(status) ? alone : { ttlS: route.errorTtlS, shared: true };
  const { minS, defaultS, maxS } = route.ttl;
  if (refuses || maxAgeS === 0) return { ttlS: minS, shared: minS > 0 };
  const ageS = seconds(single(headers['age'])) ?? 0;
  const wantedS = maxAgeS === undefined ? defaultS : maxAgeS - ageS;
  return { ttlS: Math.min(Math.max(wantedS, minS), maxS), shared: true };
}
