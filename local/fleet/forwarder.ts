import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Resolver } from './resolver.ts';

/** Where the host behind a public address takes RTMP; undefined when nothing there does. */
export type Route = (ip: string) => { readonly host: string; readonly port: number } | undefined;

export interface Forwarder {
  readonly port: number;
  readonly connections: number;
  close(): Promise<void>;
}

/** OBS gives a server 5 s by default; two addresses have to fit in. */
const defaultConnectMs = 2_000;
/** More broadcasters than any one machine transcodes for; beyond it newcomers are hung up on. */
const defaultMaxConnections = 512;

/**
 * Stands for DNS and the network on one machine: each new connection goes to an address that a resolver would
 * have given, and to the next one when nobody answers there (as OBS from 30.1 on and ffmpeg do). From then on
 * it is only bytes: who is connected stays connected, whatever becomes of the front set.
 */
export async function startForwarder(options: {
  readonly host: string;
  readonly port: number;
  readonly resolver: Resolver;
  readonly route: Route;
  readonly connectMs?: number;
  readonly maxConnections?: number;
}): Promise<Forwarder> {
  const { resolver, route, connectMs = defaultConnectMs } = options;
  const open = new Set<Socket>();

  const handle = async (client: Socket): Promise<void> => {
    let isGone = false;
    client.on('error', () => {});
    client.once('close', () => {
      isGone = true;
    });
    for (const ip of resolver.lookUp()) {
      const target = route(ip);
      if (target === undefined) continue;
      const server = await tryConnect(target, connectMs);
      if (server === undefined) continue;
      if (isGone) {
        server.destroy();
        return;
      }
      track(server);
      join(client, server);
      return;
    }
    client.resetAndDestroy();
  };

  const track = (socket: Socket): void => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  };

  // Half-closed connections are handed on as such: each side ends when it wants to.
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) => {
    track(client);
    void handle(client);
  });
  server.maxConnections = options.maxConnections ?? defaultMaxConnections;
  server.listen(options.port, options.host);
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return open.size;
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

function tryConnect(
  target: { readonly host: string; readonly port: number },
  connectMs: number,
): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ ...target, allowHalfOpen: true, noDelay: true });
    const give = (result: Socket | undefined): void => {
      clearTimeout(timer);
      socket.removeAllListeners('connect');
      resolve(result);
    };
    const timer = setTimeout(() => {
      socket.destroy();
      give(undefined);
    }, connectMs);
    socket.once('connect', () => give(socket));
    socket.on('error', () => give(undefined));
  });
}

/** An end is handed on as an end, a break as a break: neither side is left waiting for the other. */
function join(client: Socket, server: Socket): void {
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    from.once('error', () => to.resetAndDestroy());
    from.once('close', () => {
      // Closed without having said its end.
      if (!from.readableEnded) to.destroy();
    });
    from.pipe(to);
  }
}
