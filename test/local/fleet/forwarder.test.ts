import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { startForwarder, type Forwarder, type Route } from '../../../local/fleet/forwarder.ts';

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

interface TestServer {
  readonly port: number;
  readonly sockets: readonly Socket[];
  arrived(count: number): Promise<Socket>;
}

/** A TCP server that says its name and then returns what it hears. */
async function serve(name: string, onConnection?: (socket: Socket) => void): Promise<TestServer> {
  const sockets: Socket[] = [];
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    if (onConnection === undefined) {
      socket.write(`${name}:`);
      socket.pipe(socket);
    } else onConnection(socket);
    server.emit('counted');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    arrived: async (count) => {
      while (sockets.length < count) await once(server, 'counted');
      const socket = sockets[count - 1];
      if (socket === undefined) throw new Error('no such socket');
      return socket;
    },
  };
}

async function forward(
  front: () => readonly string[],
  route: Route,
  options: { readonly maxConnections?: number; readonly connectMs?: number } = {},
): Promise<Forwarder> {
  const forwarder = await startForwarder({
    host: '127.0.0.1',
    port: 0,
    resolver: { lookUp: front },
    route,
    ...options,
  });
  ends.push(() => forwarder.close());
  return forwarder;
}

const routes =
  (ports: Readonly<Record<string, number>>): Route =>
  (ip) => {
    const port = ports[ip];
    return port === undefined ? undefined : { host: '127.0.0.1', port };
  };

/** A port on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function dial(forwarder: Forwarder): Socket {
  const socket = connect({ port: forwarder.port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  ends.push(() => void socket.destroy());
  return socket;
}

async function readUntil(socket: Socket, text: string): Promise<string> {
  let seen = '';
  while (!seen.includes(text)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    seen += chunk.toString();
  }
  return seen;
}

/** Hung up on, by an end or a reset. */
const hungUp = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.once('close', () => resolve());
    socket.once('end', () => void socket.destroy());
    socket.resume();
  });

describe('the DNS forwarder', () => {
  it('leads a connection to the address that the resolver names', async () => {
    const a = await serve('a');
    const forwarder = await forward(() => ['ip-a'], routes({ 'ip-a': a.port }));
    const client = dial(forwarder);
    client.write('hello');
    expect(await readUntil(client, 'hello')).toBe('a:hello');
  });

  it('tries the next address when one has no host, and when nobody answers there', async () => {
    const b = await serve('b');
    const forwarder = await forward(
      () => ['unknown', 'dead', 'ip-b'],
      routes({ dead: await closedPort(), 'ip-b': b.port }),
    );
    const client = dial(forwarder);
    expect(await readUntil(client, 'b:')).toBe('b:');
  });

  it('hangs up when nobody answers anywhere, and when there is no address', async () => {
    const dead = await closedPort();
    for (const front of [['dead'], []]) {
      const forwarder = await forward(() => front, routes({ dead }));
      const client = dial(forwarder);
      await hungUp(client);
      await expect.poll(() => forwarder.connections).toBe(0);
    }
  });

  it('never ends a connection because the front set changed', async () => {
    const a = await serve('a');
    const b = await serve('b');
    let front = ['ip-a'];
    const forwarder = await forward(() => front, routes({ 'ip-a': a.port, 'ip-b': b.port }));
    const early = dial(forwarder);
    await readUntil(early, 'a:');
    front = ['ip-b'];
    const late = dial(forwarder);
    expect(await readUntil(late, 'b:')).toBe('b:');
    early.write('still here');
    expect(await readUntil(early, 'still here')).toBe('still here');
    front = [];
    early.write('and now');
    expect(await readUntil(early, 'and now')).toBe('and now');
  });

  it('hands a half-close on, and what the other side still says', async () => {
    const server = await serve('late', (socket) => {
      socket.resume();
      socket.once('end', () => socket.end('after your end'));
    });
    const forwarder = await forward(() => ['ip'], routes({ ip: server.port }));
    const client = dial(forwarder);
    client.end('mine');
    expect(await readUntil(client, 'after your end')).toBe('after your end');
    await hungUp(client);
    await expect.poll(() => forwarder.connections).toBe(0);
  });

  it('hands a reset on, in both directions', async () => {
    const server = await serve('a');
    const forwarder = await forward(() => ['ip'], routes({ ip: server.port }));
    const first = dial(forwarder);
    await readUntil(first, 'a:');
    const failed = new Promise<NodeJS.ErrnoException>((resolve) => {
      first.once('error', resolve);
    });
    first.resume();
    (await server.arrived(1)).resetAndDestroy();
    expect((await failed).code).toBe('ECONNRESET');

    const second = dial(forwarder);
    await readUntil(second, 'a:');
    const behind = await server.arrived(2);
    const behindClosed = hungUp(behind);
    second.resetAndDestroy();
    await behindClosed;
    expect(behind.destroyed).toBe(true);
  });

  it('carries more than its buffers hold to a reader that began late', async () => {
    const server = await serve('a', (socket) => void socket.pause());
    const forwarder = await forward(() => ['ip'], routes({ ip: server.port }));
    const client = dial(forwarder);
    const size = 32 * 1024 * 1024;
    client.end(Buffer.alloc(size, 1));
    const behind = await server.arrived(1);
    let received = 0;
    behind.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    behind.resume();
    await once(behind, 'end');
    expect(received).toBe(size);
  });

  it('takes no more connections than its bound', async () => {
    const server = await serve('a');
    const forwarder = await forward(() => ['ip'], routes({ ip: server.port }), { maxConnections: 2 });
    const [one, two] = [dial(forwarder), dial(forwarder)];
    await Promise.all([readUntil(one, 'a:'), readUntil(two, 'a:')]);
    const third = dial(forwarder);
    await hungUp(third);
    one.write('x');
    expect(await readUntil(one, 'x')).toBe('x');
  });

  it('leaves nothing behind when it is closed', async () => {
    const server = await serve('a');
    const forwarder = await forward(() => ['ip'], routes({ ip: server.port }));
    const client = dial(forwarder);
    await readUntil(client, 'a:');
    const closed = hungUp(client);
    await forwarder.close();
    await closed;
    await expect.poll(() => forwarder.connections).toBe(0);
  });
});
