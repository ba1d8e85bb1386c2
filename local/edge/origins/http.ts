import { Agent, request as httpRequest, type ClientRequestArgs, type IncomingMessage } from 'node:http';
import { Socket, type NetConnectOpts } from 'node:net';
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

type Written = (error?: Error | null) => void;

/**
 * An origin that refuses a body answers early and closes: our next write fails while the answer waits to be
 * read. A socket of Node's is destroyed by that, answer and all. This one leaves the end to its reading side,
 * which has the answer first and then the same reset or end.
 */
class AnswerFirstSocket extends Socket {
  override _write(chunk: unknown, encoding: BufferEncoding, done: Written): void {
    super._write(chunk, encoding, leftToReading(done));
  }

  override _writev(chunks: { chunk: unknown; encoding: BufferEncoding }[], done: Written): void {
    super._writev?.(chunks, leftToReading(done));
  }
}

const leftToReading =
  (done: Written): Written =>
  (error) => {
    const closed = codeOf(error) === 'EPIPE' || codeOf(error) === 'ECONNRESET';
    done(closed ? null : error);
  };

class OriginAgent extends Agent {
  override createConnection(options: ClientRequestArgs): Socket {
    return new AnswerFirstSocket(options).connect(options as NetConnectOpts);
  }
}

const codeOf = (error: unknown): string | undefined =>
  (error as NodeJS.ErrnoException | null | undefined)?.code;

/** Origins that speak HTTP: ingest tasks and the API, over connections that are kept alive. */
export function createHttpOrigin(options: { readonly timeoutMs: number }): HttpOrigin {
  // Blocking reload holds a connection for each playlist that somebody waits for, so the bound is wide:
  // it protects this process's descriptors, not the origin.
  const agent = new OriginAgent({ keepAlive: true, maxSockets: 1024, maxFreeSockets: 64 });

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
