import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket as TcpSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import fc from 'fast-check';
import { Server } from 'socket.io';
import { io, type Socket } from 'socket.io-client';
import { describe, expect, test } from 'vitest';
import { always, ask, atEnd, open, raw, startOrigin, startTestEdge, type TestEdge } from './harness.ts';
import { startShard, startTask, type OnUpgrade, type TestTask } from './shard.ts';

const wish = (path = '/chat/a/?EIO=4', more = ''): string =>
  `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n` +
  `sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n${more}\r\n`;
const agreement =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Own: 1\r\n\r\n';

const agree: OnUpgrade = (_request, socket) => void socket.write(agreement);
const echo: OnUpgrade = (_request, socket) => {
  socket.write(agreement);
  socket.pipe(socket);
};

async function edgeWith(...tasks: readonly TestTask[]): Promise<TestEdge> {
  const { chat } = await startShard(...tasks);
  return startTestEdge({ chat });
}

/** Opens one through the edge; resolves when both sides have agreed. */
async function upgraded(edge: { readonly port: number }, more = ''): Promise<TcpSocket> {
  const socket = await open(edge);
  socket.on('error', () => undefined);
  socket.write(wish(undefined, more));
  let text = '';
  while (!text.includes('\r\n\r\n')) text += String((await once(socket, 'data'))[0]);
  expect(text).toMatch(/^HTTP\/1\.1 101 /);
  socket.pause();
  return socket;
}

/** A stock Socket.IO server as a task. */
async function socketIoTask(name: string): Promise<TestTask & { readonly io: Server }> {
  const task = await startTask(undefined);
  const server = new Server({ path: '/chat/a/' });
  // Health stays with the test's own server.
  server.attach(task.server);
  server.on('connection', (socket) => {
    socket.emit('hello', name);
    socket.on('echo', (value: unknown, answer: (value: unknown) => void) => answer(value));
  });
  atEnd(() => void server.close());
  return Object.assign(task, { io: server });
}

const client = (edge: TestEdge, transports: ('websocket' | 'polling')[]): Socket => {
  const socket = io(edge.base, {
    path: '/chat/a/',
    transports,
    forceNew: true,
    withCredentials: true,
    reconnection: false,
  });
  atEnd(() => void socket.disconnect());
  return socket;
};
const greeting = (socket: Socket): Promise<string> =>
  new Promise((resolve, reject) => {
    socket.once('hello', resolve);
    socket.once('connect_error', reject);
  });

describe('Socket.IO through the edge', () => {
  test.each([
    ['a WebSocket', ['websocket'] as const],
    ['long polling', ['polling'] as const],
    ['polling that becomes a WebSocket', ['polling', 'websocket'] as const],
  ])('a stock client talks to one of two tasks over %s', async (_what, transports) => {
    const edge = await edgeWith(await socketIoTask('one'), await socketIoTask('two'));
    const sockets = Array.from({ length: 4 }, () => client(edge, [...transports]));
    const names = await Promise.all(sockets.map(greeting));
    expect(new Set(names)).toEqual(new Set(['one', 'two']));
    const text = '話'.repeat(50_000);
    for (const socket of sockets) expect(await socket.emitWithAck('echo', text)).toBe(text);
    if (transports.includes('websocket' as never))
      await expect.poll(() => edge.stats().sockets).toBe(sockets.length);
  });

  test('viewers are spread over the tasks by their open WebSockets, and a new task gets the next ones', async () => {
    const tasks = [await socketIoTask('one'), await socketIoTask('two')];
    const shard = await startShard(...tasks);
    const edge = await startTestEdge({ chat: shard.chat });
    const join = (count: number): Promise<string[]> =>
      Promise.all(Array.from({ length: count }, () => greeting(client(edge, ['websocket']))));
    await join(10);
    expect(shard.group.targets.map(({ outstanding }) => outstanding)).toEqual([5, 5]);
    const third = await socketIoTask('three');
    shard.group.register(third.url);
    await shard.healthy(3);
    expect(await join(5)).toEqual(Array.from({ length: 5 }, () => 'three'));
  });

  test('a task that drains keeps its viewers and gets no new ones', async () => {
    const tasks = [await socketIoTask('one'), await socketIoTask('two')];
    const shard = await startShard(...tasks);
    const edge = await startTestEdge({ chat: shard.chat });
    const old: [Socket, string][] = [];
    for (let i = 0; i < 2; i++) {
      const socket = client(edge, ['websocket']);
      old.push([socket, await greeting(socket)]);
    }
    const [draining] = tasks;
    if (draining === undefined) throw new Error('no task');
    draining.health = 503;
    await shard.healthy(1);
    for (let i = 0; i < 3; i++) expect(await greeting(client(edge, ['websocket']))).toBe('two');
    for (const [socket] of old) expect(await socket.emitWithAck('echo', 1)).toBe(1);
  });

  test('when a task dies its viewers are told at once, and find the other one', async () => {
    const tasks = [await socketIoTask('one'), await socketIoTask('two')];
    const edge = await edgeWith(...tasks);
    const sockets = [client(edge, ['websocket']), client(edge, ['websocket'])];
    const names = await Promise.all(sockets.map(greeting));
    const cut = sockets[names.indexOf('one')];
    if (cut === undefined) throw new Error('nobody is with one');
    const gone = new Promise((resolve) => {
      cut.once('disconnect', resolve);
    });
    await tasks[0]?.close();
    expect(await gone).toBe('transport close');
    const again = greeting(cut);
    cut.connect();
    expect(await again).toBe('two');
  });
});

describe('what task and viewer hear of each other', () => {
  test('the handshake, and the viewer’s address; nothing else of the viewer’s headers', async () => {
    const task = await startTask(undefined, agree);
    const edge = await edgeWith(task);
    const socket = await open(edge);
    socket.write(
      wish(
        '/chat/a/?EIO=4&transport=websocket',
        'origin: https://here\r\ncookie: c=1\r\nx-forwarded-for: 6.6.6.6\r\n',
      ),
    );
    expect(String((await once(socket, 'data'))[0])).toBe(agreement);
    expect(task.seen[0]?.url).toBe('/chat/a/?EIO=4&transport=websocket');
    expect(task.seen[0]?.headers).toEqual({
      host: task.url.host,
      connection: 'Upgrade',
      upgrade: 'websocket',
      origin: 'https://here',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-version': '13',
      'user-agent': 'tidecast-edge',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
    });
  });

  test('bytes pass unchanged both ways, also those that come right behind the agreement', async () => {
    const edge = await edgeWith(
      await startTask(undefined, (_request, socket) => {
        socket.write(`${agreement}first`);
        socket.pipe(socket);
      }),
    );
    const socket = await open(edge);
    socket.write(wish());
    const sent = randomBytes(3_000_000);
    const hash = createHash('sha256');
    let head = '';
    while (!head.endsWith('first')) head += String((await once(socket, 'data'))[0]);
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      hash.update(chunk);
    });
    socket.end(sent);
    await once(socket, 'close');
    expect(bytes).toBe(sent.length);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(sent).digest('hex'));
  });

  test('a task that refuses is heard: status, Retry-After and words', async () => {
    const edge = await edgeWith(
      await startTask(undefined, (_request, socket) =>
        socket.end('HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nfull'),
      ),
    );
    const answer = await raw(edge, wish());
    expect(answer).toMatch(/^HTTP\/1\.1 503 Busy\r\n/);
    expect(answer).toMatch(/\r\nretry-after: 7\r\n/i);
    expect(answer).toMatch(/\r\n\r\nfull$/);
  });

  test('a task that has no WebSockets is heard too', async () => {
    const edge = await edgeWith(await startTask(always('no', {}, 400)));
    expect(await raw(edge, wish())).toMatch(/^HTTP\/1\.1 400 [^]*no$/);
  });

  test('a task that answers garbage, or hangs up: 502', async () => {
    for (const task of [
      await startTask(undefined, (_request, socket) => socket.end('hello\r\n\r\n')),
      await startTask(undefined, (_request, socket) => socket.destroy()),
    ]) {
      const edge = await edgeWith(task);
      expect(await raw(edge, wish())).toMatch(/^HTTP\/1\.1 502 /);
      expect(edge.stats().sockets).toBe(0);
    }
  });

  test('a task that never agrees: 502 after the time', async () => {
    const { chat, group } = await startShard(await startTask(undefined, () => undefined));
    const edge = await startTestEdge({ chat }, { originTimeoutMs: 50 });
    expect(await raw(edge, wish())).toMatch(/^HTTP\/1\.1 502 /);
    expect(group.targets[0]?.outstanding).toBe(0);
  });

  test('no task: 503 with a time to try again; no such shard: 404', async () => {
    const edge = await edgeWith();
    expect(await raw(edge, wish())).toMatch(/^HTTP\/1\.1 503 [^]*\r\nretry-after: 2\r\n/);
    expect(await raw(edge, wish('/chat/b/'))).toMatch(/^HTTP\/1\.1 404 /);
    expect(await raw(edge, wish('/chat/__proto__/'))).toMatch(/^HTTP\/1\.1 404 /);
  });

  test('a task that is gone is passed over', async () => {
    const gone = await startTask(undefined, agree);
    const edge = await edgeWith(gone, await startTask(undefined, agree));
    await gone.close();
    for (let i = 0; i < 4; i++) await upgraded(edge);
  });
});

describe('only the chat has WebSockets', () => {
  test.each([
    ['the API', '/api/x'],
    ['media', '/live/in-01/b/1'],
    ['pages', '/'],
  ])('%s: the wish is passed over, as HTTP allows', async (_what, path) => {
    const origin = await startOrigin(always('plain', { connection: 'close' }));
    const edge = await startTestEdge({ live: origin, api: origin.url });
    const answer = await raw(edge, wish(path).replace('Upgrade\r\n', 'Upgrade, close\r\n'));
    expect(answer).not.toMatch(/^HTTP\/1\.1 101 /);
    expect(edge.stats().sockets).toBe(0);
  });

  test('another protocol, another method: plain requests to the task', async () => {
    const task = await startTask(always('plain'), agree);
    const edge = await edgeWith(task);
    const close = (text: string): string => text.replace('Upgrade\r\n', 'Upgrade, close\r\n');
    expect(await raw(edge, close(wish()).replace('upgrade: websocket', 'upgrade: h2c'))).toMatch(
      /^HTTP\/1\.1 200 /,
    );
    expect(await raw(edge, close(wish()).replace('GET', 'POST'))).toMatch(/^HTTP\/1\.1 200 /);
    expect(task.seen.map(({ headers }) => headers.upgrade)).toEqual([undefined, undefined]);
  });
});

describe('ends', () => {
  const backs = (): { readonly onUpgrade: OnUpgrade; readonly sockets: Duplex[] } => {
    const sockets: Duplex[] = [];
    return {
      sockets,
      onUpgrade: (_request, socket) => {
        sockets.push(socket);
        socket.write(agreement);
        socket.resume();
      },
    };
  };

  test('a viewer that is gone, cleanly or not, is gone for the task', async () => {
    for (const leave of ['end', 'destroy', 'resetAndDestroy'] as const) {
      const { sockets, onUpgrade } = backs();
      const { chat, group } = await startShard(await startTask(undefined, onUpgrade));
      const edge = await startTestEdge({ chat });
      const viewer = await upgraded(edge);
      const [task] = sockets;
      if (task === undefined) throw new Error('the task has no socket');
      const ended = once(task, 'close');
      viewer[leave]();
      viewer.resume();
      await ended;
      await expect.poll(() => edge.stats().sockets, { interval: 5 }).toBe(0);
      expect(group.targets[0]?.outstanding).toBe(0);
    }
  });

  test('a viewer that goes while the task still holds the handshake back is gone for the task', async () => {
    const held: Duplex[] = [];
    const task = await startTask(undefined, (_request, socket) => {
      held.push(socket);
      socket.resume();
    });
    const edge = await edgeWith(task);
    for (const leave of ['end', 'destroy'] as const) {
      const viewer = await open(edge);
      viewer.on('error', () => undefined);
      viewer.write(wish());
      await expect.poll(() => held.length, { interval: 5 }).toBe(1);
      const [socket] = held.splice(0);
      const closed = once(socket ?? viewer, 'close');
      viewer[leave]();
      await closed;
    }
    await expect.poll(() => edge.stats().sockets, { interval: 5 }).toBe(0);
  });

  test('the task’s last words reach the viewer', async () => {
    const words = randomBytes(2_000_000).toString('hex');
    const edge = await edgeWith(
      await startTask(undefined, (_request, socket) => {
        socket.write(agreement);
        socket.end(words);
      }),
    );
    const socket = await open(edge);
    socket.write(wish());
    const chunks: Buffer[] = [];
    for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString().endsWith(words)).toBe(true);
  });

  test('both silent for too long: closed; a word of either side in time: not', async () => {
    const { sockets, onUpgrade } = backs();
    const { chat } = await startShard(await startTask(undefined, onUpgrade));
    const edge = await startTestEdge({ chat }, { socketIdleMs: 300 });
    const quiet = await upgraded(edge);
    const closed = once(quiet.resume(), 'close');
    const started = performance.now();
    await closed;
    expect(performance.now() - started).toBeGreaterThan(250);
    const lively = await upgraded(edge);
    lively.resume();
    const ping = setInterval(() => sockets[1]?.write('ping'), 50);
    atEnd(() => clearInterval(ping));
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(lively.destroyed).toBe(false);
  });

  test('an edge that closes takes its WebSockets along', async () => {
    const edge = await edgeWith(await startTask(undefined, agree));
    const viewer = await upgraded(edge);
    const closed = once(viewer.resume(), 'close');
    await edge.close();
    await closed;
  });
});

describe('people who mean harm, or have a bad line', () => {
  test('a viewer who reads nothing costs the edge a few buffers, and the task sees a full socket', async () => {
    let socket: Duplex | undefined;
    const task = await startTask(undefined, (_request, duplex) => {
      duplex.write(agreement);
      socket = duplex;
    });
    const edge = await edgeWith(task);
    await upgraded(edge);
    if (socket === undefined) throw new Error('no socket');
    const chunk = Buffer.alloc(64 * 1024);
    const before = process.memoryUsage().arrayBuffers;
    let written = 0;
    // As long as the task's socket takes more than it holds back.
    while (socket.writableLength < 1024 * 1024 && written < 256 * 1024 * 1024) {
      socket.write(chunk);
      written += chunk.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    // Kernels hold some MB for each of the two connections.
    expect(written).toBeLessThan(64 * 1024 * 1024);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024);
  });

  test('bytes before the agreement end the connection', async () => {
    const task = await startTask(undefined, () => undefined);
    const edge = await edgeWith(task);
    expect(await raw(edge, `${wish()}early`)).toMatch(/^HTTP\/1\.1 400 /);
    const late = await open(edge);
    const closed = once(late, 'close');
    late.write(wish());
    await expect.poll(() => task.seen.length, { interval: 5 }).toBe(1);
    late.write('early');
    await closed;
    await expect.poll(() => edge.stats().sockets, { interval: 5 }).toBe(0);
  });

  test('no bytes whatever stop the edge or stay in its books', async () => {
    const { chat, group } = await startShard(await startTask(always('x'), echo));
    const edge = await startTestEdge({ chat });
    const piece = fc.oneof(
      fc.constantFrom(
        'GET ',
        '/chat/a/',
        '/chat/',
        ' HTTP/1.1\r\n',
        'host: x\r\n',
        '\r\n',
        '\r\n\r\n',
        wish(),
      ),
      fc.constantFrom(
        'connection: upgrade\r\n',
        'upgrade: websocket\r\n',
        'upgrade: websocket, x\r\n',
        'sec-websocket-key: \r\n',
      ),
      fc.constantFrom(
        'sec-websocket-version: 99\r\n',
        'content-length: 4\r\n',
        'transfer-encoding: chunked\r\n',
        '?EIO=4&sid=%',
      ),
      fc.string({ unit: 'binary', maxLength: 8 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 14 }), fc.boolean(), async (pieces, abrupt) => {
        const socket = await open(edge);
        socket.on('error', () => undefined);
        const closed = once(socket, 'close');
        socket.resume().write(Buffer.from(pieces.join(''), 'latin1'));
        if (abrupt) setImmediate(() => socket.destroy());
        else socket.end();
        await closed;
      }),
      { numRuns: 200 },
    );
    expect((await ask(edge, '/chat/a/')).status).toBe(200);
    await expect.poll(() => edge.stats().sockets, { interval: 5 }).toBe(0);
    await expect.poll(() => group.targets[0]?.outstanding, { interval: 5 }).toBe(0);
  });

  test('a crowd of 500 that comes and goes at once leaves nothing behind', async () => {
    const { chat, group } = await startShard(
      await startTask(undefined, echo),
      await startTask(undefined, echo),
    );
    const edge = await startTestEdge({ chat });
    const crowd = await Promise.all(Array.from({ length: 500 }, () => upgraded(edge)));
    expect(edge.stats().sockets).toBe(500);
    expect(group.targets.map(({ outstanding }) => outstanding)).toEqual([250, 250]);
    for (const socket of crowd) socket.destroy();
    await expect.poll(() => edge.stats().sockets, { interval: 10, timeout: 5_000 }).toBe(0);
    expect(group.targets.map(({ outstanding }) => outstanding)).toEqual([0, 0]);
  });
});
