import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Server } from 'socket.io';
import { io, type Socket } from 'socket.io-client';
import { describe, expect, test } from 'vitest';
import { always, atEnd, open, raw, startOrigin, startTestEdge, type TestEdge } from './harness.ts';
import { startShard, startTask, type TestTask } from './shard.ts';
import { agree, agreement, edgeWith, upgraded, wish } from './upgrading.ts';

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
