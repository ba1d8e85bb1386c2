import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { OriginError, type OriginAnswer, type OriginRequest } from '../answer.ts';
import { answerHeaders } from './headers.ts';

export interface HttpOrigin {
  fetch(base: URL, request: OriginRequest): Promise<OriginAnswer>;
  close(): void;
}

/** The origin closed an idle connection just as we used it: nothing was asked yet. */
class StaleConnectionError extends Error {
  override readonly name = 'StaleConnectionError';
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** Origins that speak HTTP: ingest tasks and the API, over connections that are kept alive. */
export function createHttpOrigin(options: { readonly timeoutMs: number }): HttpOrigin {
  // Blocking reload holds a connection for each playlist that somebody waits for, so the bound is wide:
  // it protects this process's descriptors, not the origin.
  const agent = new Agent({ keepAlive: true, maxSockets: 1024, maxFreeSockets: 64 });

  const send = (base: URL, request: OriginRequest): Promise<OriginAnswer> =>
    new Promise((resolve, reject) => {
      const query = request.query === '' ? '' : `?${request.query}`;
      const outgoing = httpRequest({
        agent,
        // A literal IPv6 address has brackets in a URL and none in a socket address.
        hostname: base.hostname.replaceAll(/^\[|\]$/g, ''),
        port: base.port === '' ? 80 : base.port,
        method: request.method,
        path: `${base.pathname.replace(/\/$/, '')}${request.path}${query}`,
        headers: { ...request.headers, 'user-agent': 'tidecast-edge' },
        signal: request.signal,
      });
      const fail = (error: unknown): void => {
        if (error instanceof OriginError) return reject(error);
        reject(new OriginError(502, `the origin ${base.host} can't be reached`, { cause: error }));
      };
      // Counts silence on the connection: before the head and, as CloudFront does, between two packets.
      let begun: IncomingMessage | undefined;
      outgoing.setTimeout(options.timeoutMs, () =>
        // Once there is an answer, its reader must hear why it ends.
        (begun ?? outgoing).destroy(
          new OriginError(504, `the origin ${base.host} was silent for ${options.timeoutMs / 1000} s`),
        ),
      );
      outgoing.on('error', (error) => {
        const stale = outgoing.reusedSocket && codeOf(error) === 'ECONNRESET' && !request.signal.aborted;
        if (stale && request.body === undefined) reject(new StaleConnectionError());
        else fail(error);
      });
      outgoing.on('response', (incoming: IncomingMessage) => {
        begun = incoming;
        resolve({
          status: incoming.statusCode ?? 502,
          headers: answerHeaders(incoming.headers),
          body: incoming,
        });
      });
      if (request.body === undefined) outgoing.end();
      else {
        request.body.on('error', (error) => outgoing.destroy(error));
        request.body.pipe(outgoing);
      }
    });

  return {
    fetch: async (base, request) => {
      for (;;) {
        try {
          return await send(base, request);
        } catch (error) {
          // Each turn uses up one of the idle connections, so this ends.
          if (!(error instanceof StaleConnectionError)) throw error;
        }
      }
    },
    close: () => agent.destroy(),
  };
}
