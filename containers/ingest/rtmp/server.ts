import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { relayPort } from '../passing/relay-port.ts';
import { Connection } from './connection.ts';
import { ConnectionTable, plainAddress } from './connection-table.ts';
import { handshakePacketBytes } from './handshake.ts';
import { defaultLimits, type RtmpLimits } from './limits.ts';
import type { Guest, RtmpEvent, RtmpServer, RtmpServerOptions } from './types.ts';

export async function startRtmpServer(options: RtmpServerOptions): Promise<RtmpServer> {
  const limits = { ...defaultLimits, ...options.limits };
  const hub = new Hub(options, limits);
  const tls = options.tls;
  // Made before anything listens: a bad certificate must fail the start.
  const context =
    tls === undefined
      ? undefined
      : createSecureContext({ cert: tls.cert, key: tls.key, minVersion: 'TLSv1.2' });
  const listeners: Server[] = [];
  const open = async (
    at: { readonly host: string; readonly port: number },
    onSocket: (socket: Socket) => void,
  ): Promise<number> => {
    const server = await listen(at, onSocket);
    listeners.push(server);
    return portOf(server);
  };
  const { host, relay, log } = options;
  let ports: Pick<RtmpServer, 'port' | 'tlsPort' | 'relayPort'>;
  try {
    ports = {
      port: await open(options, (socket) => hub.take(socket, undefined)),
      tlsPort: tls && (await open({ host, port: tls.port }, (socket) => hub.take(socket, context))),
      relayPort:
        relay &&
        (await open(
          relay,
          relayPort({
            takes: () => hub.takesRelayed,
            onClient: (socket, address) => hub.takeRelayed(socket, address),
            log,
          }),
        )),
    };
  } catch (error) {
    for (const listener of listeners) listener.close();
    throw error;
  }
  for (const listener of listeners) {
    // EMFILE and the like: a connection is lost, the server is not.
    listener.on('error', (error) => options.log.error({ err: error }, 'RTMP listener'));
  }
  hub.start();

  const stopListening = (): Promise<void> => {
    for (const listener of listeners) listener.close();
    return Promise.resolve();
  };
  return {
    ...ports,
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

async function listen(
  { host, port }: { readonly host: string; readonly port: number },
  onSocket: (socket: Socket) => void,
): Promise<Server> {
  const keepAliveInitialDelay = 10_000;
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay }, onSocket);
  server.listen({ host, port });
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the RTMP server listens on no port');
  return address.port;
}

/** A sweep that comes later than so many is no matter of a busy loop: the process was stopped, or its clock was set. */
const lateSweeps = 4;

/** All connections of all ports, passed-on ones too: limits, deadlines, the end. */
class Hub {
  readonly #options: RtmpServerOptions;
  readonly #limits: RtmpLimits;
  readonly #table: ConnectionTable<Guest>;
  /** One for all connections: it tells nothing apart that matters here, and a flood should not cost entropy. */
  readonly #filler = randomBytes(handshakePacketBytes - 8);
  #nextId = 1;
  #sweep: NodeJS.Timeout | undefined;
  #empty: (() => void) | undefined;
  #closing = false;
  #lookedAt: number;
  #wasLate = false;

  constructor(options: RtmpServerOptions, limits: RtmpLimits) {
    this.#options = options;
    this.#limits = limits;
    this.#lookedAt = options.clock.now();
    this.#table = new ConnectionTable(
      { max: limits.maxConnections, maxPerAddress: limits.maxConnectionsPerAddress },
      (guest) => guest.evict(),
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
    const address = this.#admit(raw, raw.remoteAddress);
    if (address === undefined) return;
    const secure = context !== undefined;
    const socket = secure ? new TLSSocket(raw, { isServer: true, secureContext: context }) : raw;
    const { passOn } = this.#options;
    if (passOn?.wants(this.#arriving) !== true) {
      this.#converse(socket, address, { secure, relayed: false });
      return;
    }
    const passage = passOn.begin({
      socket,
      remoteAddress: plainAddress(address),
      onStay: () => {
        this.#table.remove(passage);
        this.#converse(socket, address, { secure, relayed: false });
      },
      onSettled: () => this.#table.settle(passage),
      onClosed: () => this.#forget(passage),
    });
    this.#table.add(passage, address);
  }

  /** From another server: nobody is passed on twice. */
  takeRelayed(socket: Socket, client: string): void {
    const address = this.#admit(socket, client);
    if (address !== undefined) this.#converse(socket, address, { secure: false, relayed: true });
  }

  /** Connections that may become broadcasts here, and have not been decided on. */
  get takesRelayed(): boolean {
    return this.#options.passOn?.takes(this.#arriving) ?? true;
  }

  get #arriving(): number {
    let count = 0;
    for (const guest of this.#table.connections())
      if (guest instanceof Connection && guest.isArriving) count += 1;
    return count;
  }

  #admit(socket: Socket, address: string | undefined): string | undefined {
    // Gone already, or not a connection of the outside, or one of another server that came too late.
    if (address !== undefined && !this.#closing && this.#table.makeRoom(address)) return address;
    socket.on('error', () => {});
    socket.resetAndDestroy();
    this.#count({ kind: 'opened' });
    this.#count({ kind: 'refused', reason: 'too-many-connections' });
    return undefined;
  }

  #converse(
    socket: Socket,
    address: string,
    by: { readonly secure: boolean; readonly relayed: boolean },
  ): void {
    const connection = new Connection({
      ...by,
      socket,
      id: this.#nextId++,
      remoteAddress: plainAddress(address),
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
    this.#closing = true;
    for (const guest of this.#table.connections()) guest.close();
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
    const isLate = now - this.#lookedAt > lateSweeps * this.#limits.sweepIntervalMs;
    this.#lookedAt = now;
    // This process has stood still, and its timers run before it has read what clients sent meanwhile: who
    // seems silent now is looked at again after that. Once: who is always late has to end silent ones too.
    this.#wasLate = isLate && !this.#wasLate;
    if (this.#wasLate) return;
    for (const guest of this.#table.connections()) guest.tick(now);
  }

  #forget(guest: Guest): void {
    this.#table.remove(guest);
    if (this.#table.size === 0) this.#empty?.();
  }
}
