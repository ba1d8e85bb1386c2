/** What the routes have in common. */
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { problem } from '../schemas.ts';

export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** Stands in every route's `response`: errors are the same everywhere. */
export const problems = {
  default: {
    description: 'What was wrong, and the way out',
    content: { 'application/problem+json': { schema: problem } },
  },
} as const;

/** For OpenAPI: a token is needed, or makes a difference. */
export const tokenNeeded = [{ token: [] }];
export const tokenOptional = [{}, { token: [] }];

/**
 * The same for everybody, so any cache may keep it. 2 s: a crowd that comes at once asks us once, and nobody
 * sees an older state than the pages' own polling would give them.
 */
export function forEverybody(reply: { header(name: string, value: string): unknown }): void {
  reply.header('cache-control', 'public, max-age=2');
  reply.header('vary', 'Authorization');
}

/** What every answer gets that says nothing else. */
export const forTheAskerOnly = 'private, no-store';
