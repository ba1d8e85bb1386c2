/** Errors as application/problem+json (RFC 9457): what was wrong with which value, and the way out. */
import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import {
  hasZodFastifySchemaValidationErrors,
  type ZodFastifySchemaValidationError,
} from 'fastify-type-provider-zod';
import type { Problem } from '../../core/api/types.ts';
import { BusError } from '../../core/chat/bus.ts';
import type { Refusal } from '../../core/chat/refusal.ts';
import { IssuerUnreachableError, TokenError } from '../../runtime/identity/tokens.ts';
import { ObjectStoreError } from '../../runtime/store/objects/port.ts';
import { TableError } from '../../runtime/store/tables/client.ts';
import { BadCursorError } from '../../runtime/store/tables/cursor.ts';

/** 64 KiB: the largest real body has 1 KiB. */
export const maxBodyBytes = 64 * 1024;

/** The request can't be served, and why. The text goes to whoever asked. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly errors: Problem['errors'];
  /** Of a chat post that was not taken. */
  readonly chat: Refusal | undefined;

  constructor(status: number, detail: string, more: ProblemMore = {}) {
    super(detail);
    this.status = status;
    this.headers = more.headers ?? {};
    this.errors = more.errors;
    this.chat = more.chat;
  }
}

interface ProblemMore {
  readonly headers?: Readonly<Record<string, string>>;
  readonly errors?: Problem['errors'];
  readonly chat?: Refusal;
}

export const notFound = (what: 'broadcast' | 'channel'): HttpProblem =>
  new HttpProblem(
    404,
    `There is no such ${what}, or it is private: check the address, or sign in as its owner.`,
  );

export const notYours = (what: 'broadcast' | 'channel'): HttpProblem =>
  new HttpProblem(403, `This ${what} belongs to somebody else: sign in as its owner to change it.`);

const challenge = (error?: string): Readonly<Record<string, string>> => ({
  'www-authenticate': `Bearer realm="tidecast"${error === undefined ? '' : `, error="${error}"`}`,
});

export const signInNeeded = (): HttpProblem =>
  new HttpProblem(401, 'Sign in first: send a token as “Authorization: Bearer …”.', { headers: challenge() });

const maxShown = 60;

/** The value that a path leads to, short enough to be read. Bodies hold no secrets; headers are never looked at. */
function shown(value: unknown, path: string): string {
  let found = value;
  for (const step of path.split('/').filter((step) => step !== '')) {
    found =
      typeof found === 'object' && found !== null && Object.hasOwn(found, step)
        ? (found as Readonly<Record<string, unknown>>)[step]
        : undefined;
  }
  if (found === undefined || typeof found === 'object') return '';
  const text = JSON.stringify(found);
  return ` (got ${text.length > maxShown ? `${text.slice(0, maxShown)}…` : text})`;
}

function badRequest(
  issues: readonly ZodFastifySchemaValidationError[],
  where: string,
  values: unknown,
): HttpProblem {
  const errors = issues.slice(0, 10).map(({ instancePath, message }) => ({
    path: instancePath,
    message: `${(message ?? 'is not right').slice(0, 300)}${shown(values, instancePath)}`,
  }));
  const lines = errors.map(
    ({ path, message }) => `${path === '/' ? `the ${where}` : path.slice(1)}: ${message}`,
  );
  return new HttpProblem(
    400,
    `The ${where} ${where === 'headers' ? 'are' : 'is'} not right. ${lines.join('; ')}`,
    { errors },
  );
}

const later = { 'retry-after': '5' };

const ofFastify: Readonly<Record<string, readonly [status: number, detail: string]>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'Bodies are taken as application/json only: say so in Content-Type.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, 'Content-Length does not fit the body.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: [400, 'The body is empty: send a JSON object, or no Content-Type.'],
  FST_ERR_CTP_INVALID_JSON_BODY: [400, 'The body is not JSON: check its quotes and commas.'],
  FST_ERR_MAX_PARAM_LENGTH: [414, 'The path is too long to be one of this API.'],
  FST_ERR_BAD_URL: [400, 'The path is not a valid address: check its % signs.'],
};

/** What is said about an error. Anything that is not expected says nothing of itself. */
export function toProblem(error: unknown, request: FastifyRequest): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (error instanceof TokenError)
    return new HttpProblem(401, `The token was refused: ${error.message}.`, {
      headers: challenge('invalid_token'),
    });
  if (error instanceof BadCursorError)
    return new HttpProblem(400, `${error.message}.`, {
      errors: [{ path: '/cursor', message: error.message }],
    });
  if (error instanceof IssuerUnreachableError)
    return new HttpProblem(503, 'Who you are can’t be checked right now: try again in a moment.', {
      headers: later,
    });
  if (error instanceof TableError || error instanceof ObjectStoreError)
    return new HttpProblem(503, 'The data can’t be reached right now: try again in a moment.', {
      headers: later,
    });
  if (hasZodFastifySchemaValidationErrors(error)) {
    const { validationContext: where = 'request' } = error as FastifyError;
    const values = { body: request.body, params: request.params, querystring: request.query };
    const name = where === 'params' ? 'path' : where === 'querystring' ? 'query' : where;
    return badRequest(error.validation, name, Object.hasOwn(values, where) ? values[where as 'body'] : {});
  }
  if (error instanceof BusError)
    return new HttpProblem(503, 'The chat can’t be reached right now: try again in a moment.', {
      headers: later,
    });
  const { code = '', statusCode = 500 } = (error ?? {}) as Partial<FastifyError>;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    const { bodyLimit } = request.routeOptions;
    return new HttpProblem(413, `The body is larger than ${bodyLimit} bytes: send less.`);
  }
  const known = ofFastify[code];
  if (known !== undefined) return new HttpProblem(...known);
  if (statusCode >= 400 && statusCode < 500)
    return new HttpProblem(statusCode, 'The request can’t be understood.');
  return new HttpProblem(500, `Something went wrong here. If it stays so, tell us request ${request.id}.`);
}

export const problemBody = ({
  status,
  message,
  errors,
  chat,
}: HttpProblem): Problem & { readonly chat?: Refusal } => ({
  type: 'about:blank',
  title: STATUS_CODES[status] ?? 'Error',
  status,
  detail: message,
  ...(errors === undefined ? {} : { errors }),
  ...(chat === undefined ? {} : { chat }),
});

export function sendProblem(reply: FastifyReply, problem: HttpProblem): FastifyReply {
  return reply
    .code(problem.status)
    .headers({ ...problem.headers, 'cache-control': 'private, no-store' })
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send(problemBody(problem));
}
