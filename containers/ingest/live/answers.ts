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

/** Names and values in turn, the cheapest form that writeHead takes. */
export type HeadFields = readonly string[];

/**
 * For /live, which any page may read. /live-private gets nothing of the kind: it is read with the cookies of
 * the viewer, and only by the platform's own pages.
 */
export const openToAll: HeadFields = ['Access-Control-Allow-Origin', '*'];

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
  readonly #common: HeadFields;

  constructor(request: IncomingMessage, response: ServerResponse, common: HeadFields) {
    this.#request = request;
    this.#response = response;
    this.#common = common;
  }

  /** The way that 2,000 waiters take at once: no objects that need not be made, and one write each. */
  playlist(body: PlaylistBody, kind: 'playlist' | 'blockedPlaylist' | 'master'): void {
    const response = this.#response;
    if (response.destroyed || response.headersSent) return;
    const gzip = acceptsGzip(this.#request);
    const { latin1, length } = gzip ? body.gzip : body.plain;
    const head = [...this.#common];
    head.push('Content-Type', 'application/vnd.apple.mpegurl', 'Content-Length', length);
    head.push('Cache-Control', cacheControl[kind], 'Vary', 'Accept-Encoding');
    if (gzip) head.push('Content-Encoding', 'gzip');
    response.writeHead(200, head);
    if (this.#request.method === 'HEAD') response.end();
    else response.end(latin1, 'latin1');
  }

  file(chunks: Chunks, kind: 'part' | 'immutable' | 'thumbnail'): void {
    this.#send(200, kind, kind === 'thumbnail' ? 'image/jpeg' : 'video/mp4', [], chunks);
  }

  /** An error that a person can read. */
  error(status: number, text: string, more: HeadFields = []): void {
    this.#send(status, 'error', 'text/plain; charset=utf-8', more, [Buffer.from(`${text}\n`)]);
  }

  /** The answer to OPTIONS. */
  preflight(): void {
    if (this.#response.destroyed) return;
    const fields = [
      'Access-Control-Allow-Methods',
      'GET, HEAD, OPTIONS',
      'Access-Control-Allow-Headers',
      'Range',
    ];
    // A day: the longest that a browser keeps it.
    fields.push('Access-Control-Max-Age', '86400', 'Cache-Control', cacheControl.error);
    this.#response.writeHead(204, [...this.#common, ...fields]).end();
  }

  #send(status: number, kind: CacheKind, type: string, more: HeadFields, chunks: Chunks): void {
    const response = this.#response;
    if (response.destroyed || response.headersSent) return;
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const head = [...this.#common, ...more, 'Content-Type', type, 'Content-Length', String(length)];
    head.push('Cache-Control', cacheControl[kind]);
    response.writeHead(status, head);
    const [first, ...rest] = this.#request.method === 'HEAD' ? [] : chunks;
    if (rest.length === 0) {
      response.end(first);
      return;
    }
    // Corked until end(): one write to the socket for all parts of a segment.
    response.cork();
    response.write(first);
    for (const chunk of rest) response.write(chunk);
    response.end();
    response.uncork();
  }
}
