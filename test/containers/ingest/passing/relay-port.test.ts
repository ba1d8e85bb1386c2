import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { proxyLineBytes, writeProxyLine } from '../../../../containers/ingest/passing/proxy-line.ts';
import { relayPort } from '../../../../containers/ingest/passing/relay-port.ts';
import { handshakeBytes, TestClient } from '../rtmp/client.ts';
import { Stage } from './stage.ts';

const line = writeProxyLine({
  client: '198.51.100.7',
  clientPort: 50_112,
  server: '203.0.113.9',
  serverPort: 1935,
});

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

describe('the relay port', () => {
  let server: Server;
  let port: number;
  let listen: (lineDeadlineMs: number) => Promise<void>;
  const logged: string[] = [];
  let hasRoom = true;
  const clients: { readonly address: string; readonly heard: () => string }[] = [];

  beforeEach(async () => {
    clients.length = 0;
    hasRoom = true;
    const onClient = (socket: Socket, address: string): void => {
      let heard = '';
      socket.on('data', (bytes: Buffer) => (heard += bytes.toString('latin1')));
      stage.keep(socket);
      clients.push({ address, heard: () => heard });
    };
    logged.length = 0;
    const log = pino({ level: 'warn' }, { write: (text: string) => void logged.push(text) });
    listen = async (lineDeadlineMs) => {
      server = createServer(relayPort({ takes: () => hasRoom, onClient, log, lineDeadlineMs }));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      ({ port } = server.address() as AddressInfo);
    };
    await listen(200);
  });
  afterEach(() => void server.close());

  /** Resolves when the other side has hung up. */
  const hungUp = (socket: Socket): Promise<unknown> => {
    socket.resume();
    return new Promise((resolve) => {
      for (const how of ['end', 'close']) socket.once(how, resolve);
    });
  };

  it('takes the address from the line and leaves all that follows to the client', async () => {
    const socket = await stage.dial(port);
    socket.write(Buffer.concat([line, Buffer.from('first ')]));
    await vi.waitFor(() => expect(clients.map(({ heard }) => heard())).toEqual(['first ']));
    socket.write('second');
    await vi.waitFor(() => expect(clients.map(({ heard }) => heard())).toEqual(['first second']));
    expect(clients[0]?.address).toBe('198.51.100.7');
  });

  it('says with one byte that it takes the connection, and hangs up without a word when it has no room', async () => {
    const taken = await stage.dial(port);
    taken.write(line);
    const [welcomed] = (await once(taken, 'data')) as [Buffer];
    expect(welcomed.toString()).toBe('+');
    hasRoom = false;
    const refused = await stage.dial(port);
    let heard = 0;
    refused.on('data', (bytes: Buffer) => (heard += bytes.length));
    refused.write(line);
    await hungUp(refused);
    expect(heard).toBe(0);
    expect(clients).toHaveLength(1);
  });

  it('waits for a line that comes byte by byte', async () => {
    const socket = await stage.dial(port);
    for (const byte of line) {
      socket.write(Buffer.of(byte));
      // Each byte a packet of its own.
      await new Promise((resolve) => setImmediate(resolve));
    }
    socket.write('x');
    await vi.waitFor(() => expect(clients.map(({ heard }) => heard())).toEqual(['x']));
  });

  it.each([
    ['RTMP', handshakeBytes()],
    ['a line that is too long', Buffer.alloc(proxyLineBytes + 1, 'PROXY TCP4 ')],
    ['a line of something else', Buffer.from('PROXY UNKNOWN\r\n')],
    ['bytes without end', Buffer.alloc(1_000_000, 'P')],
  ])('hangs up on %s', async (_, bytes) => {
    const socket = await stage.dial(port);
    socket.write(bytes);
    await hungUp(socket);
    expect(clients).toEqual([]);
  });

  it.each([
    ['says nothing', ''],
    ['stops in the middle of its line', 'PROXY TCP4 1.2'],
  ])('hangs up on one who %s', async (_, text) => {
    const socket = await stage.dial(port);
    if (text !== '') socket.write(text);
    await hungUp(socket);
    expect(clients).toEqual([]);
  });

  it('hangs up on one who ends before the line does', async () => {
    const socket = await stage.dial(port);
    socket.end('PROXY TCP4 1.2');
    await hungUp(socket);
    expect(clients).toEqual([]);
  });

  it('does not let those who say nothing keep others out', async () => {
    server.close();
    await listen(10_000);
    // One after the other, so that it is known which ones came first.
    const silent: Socket[] = [];
    for (let count = 0; count < 257; count++) silent.push(await stage.dial(port));
    const displaced = Promise.all(silent.slice(0, 2).map(hungUp));
    const socket = await stage.dial(port);
    socket.write(Buffer.concat([line, Buffer.from('me')]));
    await vi.waitFor(() => expect(clients.map(({ heard }) => heard())).toEqual(['me']));
    await displaced;
  });

  it('says of a flood that it was one, in one line', async () => {
    for (let count = 0; count < 20; count++) {
      const socket = await stage.dial(port);
      socket.write('garbage');
      await hungUp(socket);
    }
    expect(logged.filter((text) => text.includes('relay port')).length).toBeLessThan(5);
    expect(logged[0]).toContain('no PROXY line');
  });
});

describe('a PROXY line on a public port', () => {
  it('is garbage like any other, to a task with room and by way of one without', async () => {
    const [full, free] = await stage.fullAndFree();
    for (const { port } of [free, full]) {
      const client = await stage.encoder(port, { from: '127.0.0.9' });
      client.write(line);
      client.write(handshakeBytes());
      await client.closed;
    }
    expect(free.harness.events.filter(({ kind }) => kind !== 'received')).toEqual([
      { kind: 'opened' },
      { kind: 'refused', reason: 'violation' },
      { kind: 'opened' },
      { kind: 'refused', reason: 'violation' },
    ]);
    expect(free.harness.logged()).toContain('127.0.0.9');
    expect(free.harness.logged()).not.toContain('198.51.100.7');
  });
});

describe('a client that came by way of another task', () => {
  it('is hung up on when it comes while the task ends', async () => {
    const task = await stage.task();
    const socket = await stage.dial(Number(task.peer.relay.split(':')[1]));
    await task.harness.close();
    socket.write(line);
    socket.resume();
    await new Promise((resolve) => {
      for (const how of ['end', 'close']) socket.once(how, resolve);
    });
    expect(task.takes).toEqual([]);
  });

  it('is never told an address in the clear: it may have come by TLS', async () => {
    const task = await stage.task({ rtmp: { frontUrl: 'rtmp://ingest.example.com/live' } });
    const socket = await stage.dial(Number(task.peer.relay.split(':')[1]));
    socket.write(line);
    // Taken; and then the task is told to go.
    await once(socket, 'data');
    task.door.close();
    const client = new TestClient(socket);
    await client.handshake();
    await client.command(
      'connect',
      new Map<string, string | number>([
        ['app', 'live'],
        ['capsEx', 1],
      ]),
    );
    await client.command('createStream', null);
    client.say('publish', null, 'key', 'live');
    const [, , , info] = await client.answer(([name]) => name === 'onStatus');
    expect(info).toEqual(
      new Map([
        ['level', 'status'],
        ['code', 'NetConnection.Connect.ReconnectRequest'],
        ['description', 'draining'],
      ]),
    );
  });
});
