import type { Server, ServerOptions } from 'node:http';
import type { Duplex } from 'node:stream';
import { endWith } from './raw-answer.ts';

export const serverLimits: ServerOptions = {
  /** CloudFront's limit for a request's headers. */
  maxHeaderSize: 20_480,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  // Longer than a load balancer or browser keeps an idle connection, so that they close it and not we.
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 2_000,
};

/** Silence on a connection, blocked playlists included: those are answered after 6 s, origins given up after 30 s. */
const silenceMs = 75_000;
const maxConnections = 16_384;
/** Pipelined requests that wait on one connection. Browsers send one; more is somebody filling our memory. */
export const maxWaiting = 32;

const answers: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The headers are too large.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request took too long.'],
};

/** Bounds what one connection can cost, and gives requests that can't be read a short answer and an end. */
export function guardConnections(server: Server): void {
  server.maxConnections = maxConnections;
  server.setTimeout(silenceMs);
  const waiting = new WeakMap<Duplex, number>();
  // Before the handler: what is over the bound is not handled.
  server.prependListener('request', (request, response) => {
    const { socket } = request;
    const count = (waiting.get(socket) ?? 0) + 1;
    waiting.set(socket, count);
    if (count > maxWaiting) socket.destroy();
    response.once('close', () => waiting.set(socket, (waiting.get(socket) ?? 1) - 1));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // An answer is under way on it: another one in its middle would be read as a part of it.
    if (!socket.writable || error.code === 'ECONNRESET' || (waiting.get(socket) ?? 0) > 0) {
      socket.destroy();
      return;
    }
    const [status, text] = answers[error.code ?? ''] ?? [400, 'This is no request.'];
    endWith(socket, status, text);
  });
}
