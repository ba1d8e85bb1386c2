import { z } from 'zod';
import { problem } from '../../containers/api/schemas.ts';
import { CommandError } from './errors.ts';

/** Ten times what the slowest answer, a snapshot of 1,000 hosts, takes. */
const usualTimeoutMs = 10_000;

export interface Answer {
  readonly body: unknown;
  /** The time over there, which the times in the answer are to be compared with; undefined when it does not say. */
  readonly date: number | undefined;
}

export interface Question {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly url: string;
  readonly token?: string;
  readonly body?: unknown;
  /** For what takes longer than an answer does. */
  readonly timeoutMs?: number;
}

/** The other side answered, and did not do it. */
export class RefusedError extends CommandError {
  readonly status: number;

  constructor(status: number, kind: CommandError['kind'], message: string, hint?: string) {
    super(kind, message, hint === undefined ? {} : { hint });
    this.status = status;
  }
}

const causeOf = (error: unknown): string => {
  const { cause } = error instanceof Error ? error : {};
  const inner = cause instanceof Error ? cause : error;
  if (inner instanceof AggregateError && inner.errors[0] instanceof Error) return inner.errors[0].message;
  return inner instanceof Error ? inner.message : String(inner);
};

/** 502, 503 and 504 say that something behind the address is away: worth trying again, like no answer at all. */
const away: ReadonlySet<number> = new Set([502, 503, 504]);

const kindOf = (status: number): CommandError['kind'] =>
  status === 401 || status === 403 ? 'not-allowed' : away.has(status) ? 'unreachable' : 'failed';

const hintOf = (status: number, origin: string): string | undefined => {
  if (status === 401)
    return 'Set TIDECAST_TOKEN to a valid token of an operator (they expire: sign in again for another).';
  if (status === 403) return 'Operators are in the group “operators” of the identity provider.';
  return status >= 500
    ? `Try again in a moment; if it stays so, look at the logs of the API at ${origin}.`
    : undefined;
};

/** Asks over HTTP. @throws CommandError in words for the operator, which never hold the token. */
export async function ask(fetcher: typeof fetch, question: Question): Promise<Answer> {
  const { method, url } = question;
  const { origin } = new URL(url);
  const { response, text } = await exchange(fetcher, question, origin);
  if (response.status >= 300 && response.status < 400)
    throw new CommandError(
      'usage',
      `${origin} sends on to ${response.headers.get('location') ?? 'elsewhere'}`,
      {
        // Following it would hand the token to whoever is there.
        hint: 'Give that address as --url, if it is yours.',
      },
    );
  const parsed = readJson(text);
  if (!response.ok) {
    const said = problem.safeParse(parsed);
    throw new RefusedError(
      response.status,
      kindOf(response.status),
      said.success
        ? said.data.detail
        : `${method} ${new URL(url).pathname} was answered with ${response.status} by ${origin}`,
      hintOf(response.status, origin) ??
        (said.success ? undefined : 'Is this the address of a Tidecast installation, and new enough?'),
    );
  }
  if (parsed === undefined && response.status !== 204)
    throw new CommandError('failed', `${origin} answered with something that is not JSON`, {
      hint: 'Is this the address of a Tidecast installation, and new enough?',
    });
  const date = Date.parse(response.headers.get('date') ?? '');
  return { body: parsed, date: Number.isNaN(date) ? undefined : date };
}

async function exchange(
  fetcher: typeof fetch,
  { method, url, token, body, timeoutMs = usualTimeoutMs }: Question,
  origin: string,
): Promise<{ readonly response: Response; readonly text: string }> {
  try {
    const response = await fetcher(url, {
      method,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        accept: 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { response, text: await response.text() };
  } catch (error) {
    const slow = error instanceof Error && error.name === 'TimeoutError';
    throw new CommandError(
      'unreachable',
      slow
        ? `${origin} did not answer within ${timeoutMs / 1000} s`
        : `${origin} can't be reached: ${causeOf(error)}`,
      { cause: error },
    );
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads an answer by its schema. @throws CommandError */
export function readAnswer<T extends z.ZodType>(schema: T, { body }: Answer, what: string): z.output<T> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new CommandError(
    'failed',
    `the ${what} is not as expected: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trimEnd(),
    { hint: 'Command and installation may be of different versions: use the checkout that was deployed.' },
  );
}
