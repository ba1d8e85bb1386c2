import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import {
  Agent,
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
  type ServerResponse,
} from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterAll, afterEach } from 'vitest';
import { startEdge, type Edge, type EdgeOptions } from '../../../local/edge/edge.ts';
import type { ObjectStore, StoredObject } from '../../../runtime/store/objects/port.ts';
import { createLogger } from '../../../runtime/telemetry/log.ts';

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});
/** Runs after the test. */
export const atEnd = (end: () => Promise<void> | void): void => void ends.push(end);

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface OriginServer {
  readonly url: URL;
  /** Every request that came, in order. */
  readonly seen: readonly IncomingMessage[];
  /** Resolves when so many requests have come. */
  arrived(count: number): Promise<void>;
}

/** A real HTTP origin on a port of its own. */
export async function startOrigin(handler: Handler): Promise<OriginServer> {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    handler(request, response);
    server.emit('counted');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    seen,
    arrived: async (count) => {
      while (seen.length < count) await once(server, 'counted');
    },
  };
}

/** Answers with this body and these headers, always. */
export const always =
  (body: string | Buffer, headers: Record<string, string> = {}, status = 200): Handler =>
  (_request, response) => {
    response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers }).end(body);
  };

export function memoryStore(
  objects: Readonly<Record<string, StoredObject>>,
): ObjectStore & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    get: (key) => {
      asked.push(key);
      return Promise.resolve(objects[key]);
    },
    put: () => Promise.reject(new Error('not here')),
    list: () => {
      throw new Error('not here');
    },
    delete: () => Promise.reject(new Error('not here')),
  };
}

export const keys = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
export const keyPairId = 'K2TEST';

/** 2026-01-01; moves only when a test moves it. */
export const testClock = (): { nowMs: number; now(): number } => {
  const clock = { nowMs: Date.UTC(2026, 0, 1), now: () => clock.nowMs };
  return clock;
};

/** Nothing listens there: port 1 is never given out. */
const nowhere = new URL('http://127.0.0.1:1');

export interface TestEdge extends Edge {
  readonly base: string;
}

export async function startTestEdge(
  origins: Partial<EdgeOptions['origins']> & { readonly live?: OriginServer } = {},
  options: Partial<EdgeOptions> = {},
): Promise<TestEdge> {
  const { live, ...named } = origins;
  const edge = await startEdge({
    host: '127.0.0.1',
    port: 0,
    origins: {
      ingest: (slot) => (slot === 'in-01' ? (live?.url ?? nowhere) : undefined),
      api: nowhere,
      chat: () => undefined,
      archive: memoryStore({}),
      web: 'no-such-directory',
      ...named,
    },
    cookieKeys: new Map([[keyPairId, keys.publicKey]]),
    issuer: 'http://127.0.0.1:9',
    clock: testClock(),
    log: createLogger('edge', 'silent'),
    ...options,
  });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= edge.close());
  atEnd(close);
  return { ...edge, close, base: `http://127.0.0.1:${edge.port}` };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const agent = new Agent({ keepAlive: true, maxSockets: 4096 });
afterAll(() => agent.destroy());

/** One request, byte for byte as given (fetch would tidy the path). */
export function ask(
  edge: { readonly port: number },
  path: string,
  options: RequestOptions & { readonly body?: string | Buffer } = {},
): Promise<Answer> {
  const { body, ...rest } = options;
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ agent, host: '127.0.0.1', port: edge.port, path, ...rest }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Sends bytes and collects what comes until the other side ends the connection. */
export async function raw(edge: { readonly port: number }, bytes: string | Buffer): Promise<string> {
  const socket = await open(edge);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  socket.write(bytes);
  await closed;
  return Buffer.concat(chunks).toString('latin1');
}

export async function open(edge: { readonly port: number }): Promise<Socket> {
  const socket = connect(edge.port, '127.0.0.1');
  await once(socket, 'connect');
  atEnd(() => void socket.destroy());
  return socket;
}

/** A promise and the means to keep it. */
export function deferred(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: () => resolve() };
}
