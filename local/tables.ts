import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import dynalite from 'dynalite';
import { createTableClient } from '../runtime/store/tables/client.ts';
import { ensureTables } from '../runtime/store/tables/ensure.ts';

export interface LocalTables {
  /** For DYNAMODB_ENDPOINT. */
  readonly endpoint: string;
  close(): Promise<void>;
}

/** DynamoDB's own limit of a request. */
const maxRequestBytes = 16 * 1024 * 1024;

/** How long closing waits for what is being answered. */
const longestAnswerMs = 2_000;

/**
 * dynalite throws from an event listener when a client breaks off in the middle of a request (a task that is
 * killed does), which would end the whole platform. So it is only shown requests that have arrived whole.
 */
const whole =
  (listener: RequestListener, underWay: Set<ServerResponse>): RequestListener =>
  (request, response) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('error', () => response.destroy());
    response.on('error', () => response.destroy());
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxRequestBytes) request.destroy();
      else chunks.push(chunk);
    });
    request.on('end', () => {
      const { method, url, headers } = request;
      underWay.add(response);
      const end = response.end.bind(response);
      response.end = ((...answer: Parameters<typeof end>) => {
        underWay.delete(response);
        return end(...answer);
      }) as typeof end;
      listener(
        Object.assign(Readable.from(chunks), { method, url, headers }) as unknown as IncomingMessage,
        response,
      );
    });
  };

/**
 * DynamoDB inside this process, on loopback, with Tidecast's tables in it. With a path the data survives
 * restarts and kill -9; a path can be used by one process at a time. No transactions, streams or expiry (design section 8).
 */
export async function startTables(options: {
  readonly path?: string;
  readonly port?: number;
  /** TABLE_PREFIX of the programs. */
  readonly prefix?: string;
}): Promise<LocalTables> {
  const tables = dynalite({
    ...(options.path === undefined ? {} : { path: options.path }),
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
  });
  const [listener] = tables.listeners('request') as RequestListener[];
  if (listener === undefined) throw new Error('dynalite has no request listener: was it updated?');

  const underWay = new Set<ServerResponse>();
  const server = createServer(whole(listener, underWay));
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;

  const client = createTableClient({ region: 'us-east-1', endpoint });
  await ensureTables({ client, prefix: options.prefix ?? 'tidecast' });
  client.destroy();

  return {
    endpoint,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      // dynalite goes on with what it was asked, whoever has gone meanwhile, and throws from nowhere when its
      // files are closed under it.
      for (let waitedMs = 0; underWay.size > 0 && waitedMs < longestAnswerMs; waitedMs += 5) await delay(5);
      // dynalite closes its files only with its own server, which has to listen for that.
      tables.listen(0, '127.0.0.1');
      await once(tables, 'listening');
      await new Promise<void>((resolve, reject) => {
        tables.close((error) => (error === undefined || error === null ? resolve() : reject(error)));
      });
    },
  };
}
