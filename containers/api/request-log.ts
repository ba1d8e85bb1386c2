import type { FastifyReply, FastifyRequest } from 'fastify';
import { isId } from '../../core/broadcast/ids.ts';

/** With what is known to be harmless: no address, no header, no query. */
export interface RequestLine {
  readonly request: string;
  readonly method: string;
  /** As it is registered. */
  readonly route: string;
  /** What it was about. */
  readonly id: string | undefined;
  readonly status: number;
  readonly ms: number;
}

/** Health checks come every few seconds and say nothing new; posts come by the thousand, and the metrics count them. */
const post = 'POST /api/broadcasts/:id/messages';
const quiet = new Set(['GET /healthz', 'GET /metrics', post]);

/** A post takes 20 ms, the slowest view some hundred: whoever waits so long asks why. */
const slowMs = 1_000;

export function levelOf({ method, route, status, ms }: RequestLine): 'debug' | 'info' | 'warn' {
  // They come because there are too many: the metrics count them, by reason.
  if (status === 429) return 'debug';
  // The chat is away, for thousands a second: the delivery says so once a second, and why.
  if (status === 503 && `${method} ${route}` === post) return 'debug';
  if (status >= 500 || ms > slowMs) return 'warn';
  return quiet.has(`${method} ${route}`) ? 'debug' : 'info';
}

export const requestLine = (request: FastifyRequest, reply: FastifyReply): RequestLine => ({
  request: request.id,
  method: request.method,
  route: request.routeOptions.url ?? 'none',
  id: idOf(request),
  status: reply.statusCode,
  ms: Math.round(reply.elapsedTime),
});

/** The id that a request was about, when it is one: anything else in a path may be a secret gone astray. */
function idOf(request: FastifyRequest): string | undefined {
  const { id } = (request.params ?? {}) as { readonly id?: unknown };
  return typeof id === 'string' && isId(id) ? id : undefined;
}
