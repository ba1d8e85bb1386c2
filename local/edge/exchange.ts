import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Route } from '../../core/routes.ts';

/** One viewer's request that has passed the checks, and the place for its answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly route: Route;
  readonly path: string;
  readonly query: string;
  /** For this viewer alone, with the route's own headers. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the edge counts. */
export interface Counters {
  requests: number;
  /** From the cache. */
  hits: number;
  /** Answered by another request's fetch. */
  collapsed: number;
  misses: number;
  originRequests: number;
  /** Origins that could not be reached, broke off or were too slow. */
  originFailures: number;
  /** Refused before an origin was asked. */
  refused: number;
}

export const zeroCounters = (): Counters => ({
  requests: 0,
  hits: 0,
  collapsed: 0,
  misses: 0,
  originRequests: 0,
  originFailures: 0,
  refused: 0,
});

/** Where the request came from, from the connection. What the viewer itself claims is not passed on. */
export const forwardedFor = (request: IncomingMessage): Readonly<Record<string, string>> => ({
  'x-forwarded-for': request.socket.remoteAddress ?? 'unknown',
  'x-forwarded-proto': 'http',
});

/** An origin is asked no longer than the viewer waits. */
export function whileWaiting(response: ServerResponse): AbortSignal {
  const abort = new AbortController();
  response.once('close', () => abort.abort());
  if (response.destroyed) abort.abort();
  return abort.signal;
}
