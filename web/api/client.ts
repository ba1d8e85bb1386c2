/** The HTTP API as the pages use it. Every failure is one of two errors with words for people. */
import type {
  BroadcastView,
  Directory,
  OwnChannel,
  Playback,
  Problem,
  PublicConfig,
  StudioView,
} from '../../core/api/types.ts';
import type { Visibility } from '../../core/broadcast/types.ts';

/** The API answered, and said no. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;
  /** What was wrong with which field: path → message. */
  readonly fields: ReadonlyMap<string, string>;

  constructor(status: number, problem: Partial<Problem>) {
    super(problem.detail ?? problem.title ?? wordsFor(status));
    this.status = status;
    this.fields = new Map(problem.errors?.map(({ path, message }) => [path.replace(/^\//, ''), message]));
  }
}

/** No answer, or none that is the API's. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';

  constructor(cause: unknown) {
    super('Tidecast can’t be reached right now. Check your connection; this page keeps trying.', { cause });
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

export interface ChannelChange {
  readonly name?: string;
  readonly title?: string;
  readonly visibility?: Visibility;
}

export interface BroadcastChange {
  readonly title?: string;
  readonly visibility?: Visibility;
}

export interface Api {
  readonly config: () => Promise<PublicConfig>;
  readonly time: () => Promise<{ readonly nowMs: number }>;
  readonly directory: (cursor?: string) => Promise<Directory>;
  readonly broadcast: (id: string) => Promise<BroadcastView>;
  readonly playback: (id: string) => Promise<Playback>;
  readonly changeBroadcast: (id: string, change: BroadcastChange) => Promise<BroadcastView>;
  readonly ownChannels: () => Promise<{ readonly channels: readonly OwnChannel[] }>;
  readonly createChannel: (channel: {
    readonly name: string;
  }) => Promise<{ readonly channel: OwnChannel; readonly streamKey: string }>;
  readonly changeChannel: (id: string, change: ChannelChange) => Promise<OwnChannel>;
  readonly renewKey: (id: string) => Promise<{ readonly streamKey: string }>;
  readonly studio: (id: string) => Promise<StudioView>;
  readonly channelBroadcasts: (
    id: string,
    cursor?: string,
  ) => Promise<{ readonly broadcasts: readonly BroadcastView[]; readonly nextCursor?: string }>;
}

export interface ApiDependencies {
  readonly fetch: typeof fetch;
  readonly token: () => string | undefined;
  /** The API no longer takes the token. */
  readonly onExpired?: () => void;
}

/** Longer than any answer of the API takes; a request without an end would stop a poll for good. */
const timeoutMs = 10_000;

export function createApi({ fetch, token, onExpired }: ApiDependencies): Api {
  async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const bearer = token();
    const headers: Record<string, string> = { accept: 'application/json' };
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
      throw new Unreachable(new Error(`${response.status}`));
    throw new Refused(response.status, isProblem(answer) ? answer : {});
  }

  const id = encodeURIComponent;
  const cursorOf = (cursor: string | undefined): string =>
    cursor === undefined ? '' : `?cursor=${id(cursor)}`;

  return {
    config: () => ask('GET', '/api/config'),
    time: () => ask('GET', '/api/time'),
    directory: (cursor) => ask('GET', `/api/directory${cursorOf(cursor)}`),
    broadcast: (broadcastId) => ask('GET', `/api/broadcasts/${id(broadcastId)}`),
    playback: (broadcastId) => ask('GET', `/api/broadcasts/${id(broadcastId)}/playback`),
    changeBroadcast: (broadcastId, change) => ask('PATCH', `/api/broadcasts/${id(broadcastId)}`, change),
    ownChannels: () => ask('GET', '/api/me/channels'),
    createChannel: (channel) => ask('POST', '/api/channels', channel),
    changeChannel: (channelId, change) => ask('PATCH', `/api/channels/${id(channelId)}`, change),
    renewKey: (channelId) => ask('POST', `/api/channels/${id(channelId)}/stream-key`),
    studio: (channelId) => ask('GET', `/api/channels/${id(channelId)}/studio`),
    channelBroadcasts: (channelId, cursor) =>
      ask('GET', `/api/channels/${id(channelId)}/broadcasts${cursorOf(cursor)}`),
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
