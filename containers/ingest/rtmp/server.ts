import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { Connection } from './connection.ts';
import { ConnectionTable, plainAddress } from './connection-table.ts';
import { handshakePacketBytes } from './handshake.ts';
import { defaultLimits, type RtmpLimits } from './limits.ts';
import type { RtmpEvent, RtmpServer, RtmpServerOptions } from './types.ts';

export async function startRtmpServer(options: RtmpServerOptions): Promise<RtmpServer> {
  const limits = { ...defaultLimits, ...options.limits };
  const hub = new Hub(options, limits);
  const tls = options.tls;
  // Made before anything listens: a bad certificate must fail the start.
  const context =
    tls === undefined
      ? undefined
      : createSecureContext({ cert: tls.cert, key: tls.key, minVersion: 'TLSv1.2' });
  const plain = await listen(options.host, options.port, (socket) => hub.take(socket, undefined));
  const listeners = [plain];
  try {
    if (tls !== undefined) {
      listeners.push(await listen(options.host, tls.port, (socket) => hub.take(socket, context)));
    }
  } catch (error) {
    plain.close();
    throw error;
  }
  for (const listener of listeners) {
    // EMFILE and the like: a connection is lost, the server is not.
    listener.on('error', (error) => options.log.error({ err: error }, 'RTMP listener'));
  }
  const [port, tlsPort] = listeners.map(portOf);
  if (port === undefined) throw new Error('the RTMP server listens on no port');
  hub.start();

  const stopListening = (): Promise<void> => {
    for (const listener of listeners) listener.close();
    return Promise.resolve();
  };
  return {
    port,
    tlsPort,
    get connections() {
      return hub.connections;
    },
    stopListening,
    async close() {
      await stopListening();
      await hub.close();
    },
  };
}

async function listen(host: string, port: number, onSocket: (socket: Socket) => void): Promise<Server> {
  const keepAliveInitialDelay = 10_000;
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay }, onSocket);
  server.listen({ host, port });
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number | undefined {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : undefined;
}

/** All connections of both ports: limits, deadlines, the end. */
class Hub {
  readonly #options: RtmpServerOptions;
  readonly #limits: RtmpLimits;
  readonly #table: ConnectionTable<Connection>;
  /** One for all connections: it tells nothing apart that matters here, and a flood should not cost entropy. */
  readonly #filler = randomBytes(handshakePacketBytes - 8);
  #nextId = 1;
  #sweep: NodeJS.Timeout | undefined;
  #empty: (() => void) | undefined;

  constructor(options: RtmpServerOptions, limits: RtmpLimits) {
    this.#options = options;
    this.#limits = limits;
    this.#table = new ConnectionTable(
      { max: limits.maxConnections, maxPerAddress: limits.maxConnectionsPerAddress },
      (connection) => connection.destroy('dropped', 'too-many-connections'),
    );
  }

  get connections(): number {
    return this.#table.size;
  }

  start(): void {
    this.#sweep = setInterval(() => this.#tick(), this.#limits.sweepIntervalMs);
  }

  /** The connection counts from TCP accept on, also while TLS is still being negotiated. */
  take(raw: Socket, context: SecureContext | undefined): void {
    const address = raw.remoteAddress;
    // Gone already, or not a connection of the outside.
    if (address === undefined || !this.#table.makeRoom(address)) {
      raw.on('error', () => {});
      raw.resetAndDestroy();
      this.#count({ kind: 'opened' });
      this.#count({ kind: 'refused', reason: 'too-many-connections' });
      return;
    }
    const secure = context !== undefined;
    const connection = new Connection({
      socket: secure ? new TLSSocket(raw, { isServer: true, secureContext: context }) : raw,
      id: this.#nextId++,
      remoteAddress: plainAddress(address),
      secure,
      limits: this.#limits,
      filler: this.#filler,
      clock: this.#options.clock,
      log: this.#options.log,
      authorise: this.#options.authorise,
      frontUrl: this.#options.frontUrl,
      onEvent: (event) => this.#count(event),
      onPublished: (published) => this.#table.settle(published),
      onClosed: (closed) => this.#forget(closed),
    });
    this.#table.add(connection, address);
  }

  async close(): Promise<void> {
    for (const connection of this.#table.connections()) connection.close('shutdown');
    if (this.#table.size > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#empty = resolve;
      await promise;
    }
    clearInterval(this.#sweep);
  }

  /** Counting must not be able to end a broadcast. */
  #count(event: RtmpEvent): void {
    try {
      this.#options.onEvent?.(event);
    } catch (error) {
      this.#options.log.error({ err: error }, 'fault while counting an RTMP event');
    }
  }

  #tick(): void {
    const now = this.#options.clock.now();
    for (const connection of this.#table.connections()) connection.tick(now);
  }

  #forget(connection: Connection): void {
    this.#table.remove(connection);
    if (this.#table.size === 0) this.#empty?.();
  }
}
