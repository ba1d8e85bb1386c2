import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PlaylistBody } from './playlist-body.ts';
import type { Chunks } from './shelf.ts';

/** Cache-Control by kind of answer (notes/video.md 2.3 and 3). The edge takes them as they are. */
export const cacheControl = {
  /**
   * Half a target duration: whoever asks without directives wants the present list, and a CDN that asks
   * once a second is no load.
   */
  playlist: 'max-age=1',
  /**
   * Three target durations: the address names a state (`segment 7, part 2`), so its answer stays right for
   * as long as anybody still asks for it; later ones fetch the next address. Not longer, because an old
   * answer also says where the live edge was.
   */
  blockedPlaylist: 'max-age=6',
  /** It changes when codecs or the measured peak do; a newcomer may see that some seconds late. */
  master: 'max-age=4',
  /** Parts leave the playlist after 6 s and this window 6 s later: a minute outlasts every player. */
  part: 'max-age=60',
  /** Names are never used twice (core/media/names.ts). */
  immutable: 'max-age=31536000, immutable',
  /** Renewed every 10 s. */
  thumbnail: 'max-age=10',
  /** What is missing or too early now may be there in half a second. */
  error: 'no-store',
} as const;

export type CacheKind = keyof typeof cacheControl;

/** Head fields that every answer to this request carries. */
export type CommonHeaders = Readonly<Record<string, string>>;

/**
 * /live may be read from any page. /live-private is read with the cookies of the viewer, for which the
 * origin has to be named (Fetch standard, CORS protocol and credentials).
 */
export function corsHeaders(request: IncomingMessage, isPrivate: boolean): CommonHeaders {
  if (!isPrivate) return { 'Access-Control-Allow-Origin': '*' };
  const { origin } = request.headers;
  if (origin === undefined) return { Vary: 'Origin' };
  return {
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Allow-Credentials': 'true',
    Vary: 'Origin',
  };
}

const acceptsGzip = (request: IncomingMessage): boolean => {
  const accepted = request.headers['accept-encoding'];
  return (
    typeof accepted === 'string' && /(?:^|[\s,])gzip\s*(?:,|$|;\s*q=(?!0(?:\.0*)?\s*(?:,|$)))/i.test(accepted)
  );
};

/** One request's answer. Whatever is sent after the client has gone is lost without harm. */
export class Answer {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #common: CommonHeaders;

  constructor(request: IncomingMessage, response: ServerResponse, common: CommonHeaders) {
    this.#request = request;
    this.#response = response;
    this.#common = common;
  }

  playlist(body: PlaylistBody, kind: 'playlist' | 'blockedPlaylist' | 'master'): void {
    const gzip = acceptsGzip(this.#request);
    const bytes = gzip ? body.gzip : body.plain;
    const vary = this.#common['Vary'];
    this.#send(
      200,
      {
        'Content-Type': 'application/vnd.apple.mpegurl',
        'Cache-Control': cacheControl[kind],
        ...this.#common,
        ...(gzip && { 'Content-Encoding': 'gzip' }),
        Vary: vary === undefined ? 'Accept-Encoding' : `Accept-Encoding, ${vary}`,
      },
      [bytes],
    );
  }

  file(chunks: Chunks, kind: 'part' | 'immutable' | 'thumbnail'): void {
    const type = kind === 'thumbnail' ? 'image/jpeg' : 'video/mp4';
    this.#send(200, { 'Content-Type': type, 'Cache-Control': cacheControl[kind], ...this.#common }, chunks);
  }

  /** An error that a person can read. */
  error(status: number, text: string, more: CommonHeaders = {}): void {
    this.#send(
      status,
      {
        'Content-Type': 'text/plain; charset=utf-8',
        'Cache-Control': cacheControl.error,
        ...this.#common,
        ...more,
      },
      [Buffer.from(`${text}\n`)],
    );
  }

  /** The answer to OPTIONS. A day: the longest that a browser keeps it. */
  preflight(): void {
    this.#send(
      204,
      {
        'Access-Control-Allow-Methods': 'GET, HEAD, OPTIONS',
        'Access-Control-Allow-Headers': 'Range',
        'Access-Control-Max-Age': '86400',
        'Cache-Control': cacheControl.error,
        ...this.#common,
      },
      [],
    );
  }

  #send(status: number, headers: CommonHeaders, chunks: Chunks): void {
    const response = this.#response;
    if (response.destroyed || response.headersSent) return;
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    response.writeHead(status, status === 204 ? headers : { ...headers, 'Content-Length': length });
    if (this.#request.method === 'HEAD') {
      response.end();
      return;
    }
    // Corked until end(): one write to the socket, however many parts a segment has.
    response.cork();
    for (const chunk of chunks) response.write(chunk);
    response.end();
    response.uncork();
  }
}
