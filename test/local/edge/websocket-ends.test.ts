import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { always, ask, atEnd, open, raw, startTestEdge } from './harness.ts';
import { startShard, startTask, type OnUpgrade } from './shard.ts';
import { agree, agreement, echo, edgeWith, upgraded, wish } from './upgrading.ts';

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
