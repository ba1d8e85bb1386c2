import { Agent, createServer, request, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { createLiveHandler, type LiveHandlerOptions } from '../../../../containers/ingest/live/http.ts';
import type { LiveWindow } from '../../../../containers/ingest/live/window.ts';

export interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly bytes: Buffer;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** The live handler behind a real server on loopback, and a client. */
export class Origin {
  readonly warnings: unknown[] = [];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Windows by `<slot>/<broadcast>`; those with the prefix `private ` are under /live-private. */
  static async start(
    windows: Readonly<Record<string, LiveWindow>>,
    options: Partial<LiveHandlerOptions> = {},
  ): Promise<Origin> {
    const server = createServer();
    const origin = new Origin(server);
    server.on(
      'request',
      createLiveHandler({
        find: (slot, id, isPrivate) => windows[`${isPrivate ? 'private ' : ''}${slot}/${id}`],
        clock: Date,
        log: { warn: (fields: unknown) => origin.warnings.push(fields) },
        ...options,
      }),
    );
    await new Promise<void>((resolve) => {
      server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve);
    });
    return origin;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  ask(path: string, { method = 'GET', headers = {}, signal }: AskOptions = {}): Promise<Got> {
    return new Promise((resolve, reject) => {
      const asked = request(
        {
          host: '127.0.0.1',
          port: this.port,
          path,
          method,
          headers,
          agent: this.#agent,
          ...(signal && { signal }),
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const bytes = Buffer.concat(chunks);
            const plain =
              response.headers['content-encoding'] === 'gzip' && bytes.length > 0 ? gunzipSync(bytes) : bytes;
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text: plain.toString(),
              bytes,
            });
          });
        },
      );
      asked.on('error', reject);
      asked.end();
    });
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
}

/** Lets the event loop turn until it is so. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo())
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
}
