/** One question to the HTTP API. Every failure is one of two errors with words for people. */
import type { Problem } from '../../core/api/types.ts';
import type { Refusal } from '../../core/chat/refusal.ts';

/** The API answered, and said no. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;
  /** What was wrong with which field: path → message. */
  readonly fields: ReadonlyMap<string, string>;
  /** Of a post to the chat. */
  readonly chat: Refusal | undefined;

  constructor(status: number, problem: Partial<Problem> & { readonly chat?: Refusal }) {
    super(problem.detail ?? problem.title ?? wordsFor(status));
    this.status = status;
    this.chat = problem.chat;
    this.fields = new Map(problem.errors?.map(({ path, message }) => [path.replace(/^\//, ''), message]));
  }
}

/** No answer, or none that is the API's. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
  /** What the API itself said, when it was the API: it lives, but something behind it does not. */
  readonly said: string | undefined;

  constructor(cause: unknown, said?: string) {
    super('Tidecast can’t be reached right now. Check your connection; this page keeps trying.', { cause });
    this.said = said;
  }
}

const wordsFor = (status: number): string =>
  status === 404
    ? 'There is nothing here.'
    : status === 401 || status === 403
      ? 'You are not allowed to do that. Sign in again.'
      : `That did not work (the server said ${status}). Try again in a moment.`;

/** For the person in front of the screen, whatever was thrown. */
export const wordsOf = (error: unknown): string =>
  error instanceof Refused || error instanceof Unreachable
    ? error.message
    : 'Something went wrong on this page. Reload it and try again.';

export interface AskDependencies {
  readonly fetch: typeof fetch;
  readonly token: () => string | undefined;
  /** The API no longer takes the token. */
  readonly onExpired?: () => void;
}

/** Longer than any answer of the API takes; a request without an end would stop a poll for good. */
const timeoutMs = 10_000;

export type Ask = <T>(
  method: string,
  path: string,
  body?: unknown,
  more?: Readonly<Record<string, string>>,
) => Promise<T>;

export function createAsk({ fetch, token, onExpired }: AskDependencies): Ask {
  return async function ask<T>(
    method: string,
    path: string,
    body?: unknown,
    more?: Readonly<Record<string, string>>,
  ): Promise<T> {
    const bearer = token();
    const headers: Record<string, string> = { accept: 'application/json', ...more };
    if (bearer !== undefined) headers['authorization'] = `Bearer ${bearer}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    const init: RequestInit = { method, headers, signal: AbortSignal.timeout(timeoutMs) };
    if (body !== undefined) init.body = JSON.stringify(body);
    let response: Response;
    let answer: unknown;
    try {
      response = await fetch(path, init);
      answer = await readJson(response);
    } catch (error) {
      throw new Unreachable(error);
    }
    if (response.ok) return answer as T;
    if (response.status === 401 && bearer !== undefined) onExpired?.();
    // The edge answers 502 to 504 when the API is away: for a person that is the same as no network.
    if (response.status >= 502 && response.status <= 504)
      throw new Unreachable(new Error(`${response.status}`), isProblem(answer) ? answer.detail : undefined);
    throw new Refused(response.status, isProblem(answer) ? answer : {});
  };
}

/** JSON or nothing; a page of HTML from something in between is no answer of the API. */
async function readJson(response: Response): Promise<unknown> {
  const text = await response.text();
  if (text === '') return undefined;
  if (!/json/.test(response.headers.get('content-type') ?? '')) {
    if (response.ok) throw new TypeError('the answer is not JSON');
    return undefined;
  }
  return JSON.parse(text);
}

const isProblem = (value: unknown): value is Partial<Problem> => typeof value === 'object' && value !== null;
