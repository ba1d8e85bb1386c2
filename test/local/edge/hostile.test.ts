import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxWaiting } from '../../../local/edge/guard.ts';
import { always, ask, deferred, open, raw, startOrigin, startTestEdge } from './harness.ts';

const segment = '/live/in-01/b1/360p/1-0-7.m4s';
const line = (path: string, headers = ''): string => `GET ${path} HTTP/1.1\r\nhost: x\r\n${headers}\r\n`;

describe('requests that are no requests', () => {
  test.each([
    ['nothing like HTTP', 'hello\r\n\r\n'],
    ['TLS', Buffer.from('16030100c8010000c40303', 'hex')],
    ['a broken version', 'GET / HTTP/9.9\r\n\r\n'],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
    ['two lengths', 'POST /api/x HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n'],
    [
      'length and chunks at once',
      'POST /api/x HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a header with a space before the colon', 'GET / HTTP/1.1\r\nhost: x\r\nx-a : b\r\n\r\n'],
    ['a folded header', 'GET / HTTP/1.1\r\nhost: x\r\nx-a: b\r\n c\r\n\r\n'],
    ['a whole URL', 'GET http://127.0.0.1/live/x HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['a star', 'OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['a NUL in the path', 'GET /live/\0 HTTP/1.1\r\nhost: x\r\n\r\n'],
  ])('%s: 400 and the connection ends', async (_what, bytes) => {
    const edge = await startTestEdge();
    expect(await raw(edge, bytes)).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('CONNECT: the connection ends', async () => {
    const edge = await startTestEdge();
    expect(await raw(edge, 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nhost: x\r\n\r\n')).toBe('');
  });

  test('headers larger than CloudFront takes: 431', async () => {
    const edge = await startTestEdge();
    expect(await raw(edge, line('/', `x: ${'a'.repeat(20_480)}\r\n`))).toMatch(/^HTTP\/1\.1 431 /);
  });

  test('an address longer than CloudFront takes: 414', async () => {
    const edge = await startTestEdge();
    expect(await raw(edge, line(`/${'a'.repeat(8_192)}`))).toMatch(/^HTTP\/1\.1 414 /);
  });

  test('an upgrade is a request like any other, and nothing is upgraded', async () => {
    const origin = await startOrigin(always('x'));
    const edge = await startTestEdge({ live: origin });
    const headers = 'connection: upgrade, close\r\nupgrade: websocket\r\n';
    expect(await raw(edge, line(segment, headers))).toMatch(/^HTTP\/1\.1 200 /);
    expect(origin.seen[0]?.headers.upgrade).toBeUndefined();
  });

  test('no bytes whatever stop the edge', async () => {
    const origin = await startOrigin(always('x', { 'cache-control': 'max-age=60' }));
    const edge = await startTestEdge({ live: origin });
    const piece = fc.oneof(
      fc.constantFrom(
        'GET ',
        '/live/in-01/x',
        '/archive/',
        ' HTTP/1.1\r\n',
        'host: x\r\n',
        '\r\n',
        '\r\n\r\n',
      ),
      fc.constantFrom(
        'content-length: 5\r\n',
        'transfer-encoding: chunked\r\n',
        'cookie: =;;=\r\n',
        '%',
        '..',
        '?',
      ),
      fc.constantFrom(
        'range: bytes=--\r\n',
        'if-none-match: ,"\r\n',
        'POST /api/',
        '5\r\nhello\r\n',
        '0\r\n\r\n',
      ),
      fc.string({ unit: 'binary', maxLength: 8 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 14 }), async (pieces) => {
        const socket = await open(edge);
        socket.on('error', () => undefined);
        socket.resume().end(Buffer.from(pieces.join(''), 'latin1'));
        await once(socket, 'close');
      }),
      { numRuns: 300 },
    );
    expect((await ask(edge, segment)).status).toBe(200);
    expect(edge.stats().flights).toBe(0);
  });
});

describe('connections', () => {
  test('pipelined requests are answered in order, each with its own answer', async () => {
    const gate = deferred();
    const origin = await startOrigin((request, response) => {
      const body = request.url?.at(-1) ?? '';
      // The first one is answered last.
      if (body === '1') void gate.promise.then(() => response.end(body));
      else response.end(body);
      if (body === '3') gate.resolve();
    });
    const edge = await startTestEdge({ live: origin });
    const path = (n: number): string => `/live/in-01/b/${n}`;
    const answers = await raw(edge, line(path(1)) + line(path(2)) + line(path(3), 'connection: close\r\n'));
    expect(answers.match(/\r\n\r\n\d/g)?.map((end) => end.trim())).toEqual(['1', '2', '3']);
  });

  test('garbage behind a request that waits ends the connection and writes nothing into the answer', async () => {
    const origin = await startOrigin(() => undefined);
    const edge = await startTestEdge({ live: origin });
    expect(await raw(edge, `${line(segment)}\0\0garbage\r\n\r\n`)).toBe('');
  });

  test('a connection on which too many requests wait is closed, and their fetches end', async () => {
    const origin = await startOrigin(() => undefined);
    const edge = await startTestEdge({ live: origin });
    const lines = Array.from({ length: maxWaiting + 1 }, (_, n) => line(`/live/in-01/b/${n}`));
    expect(await raw(edge, lines.join(''))).toBe('');
    expect(edge.stats().flights).toBe(0);
  });

  test('as many as are allowed may wait', async () => {
    const origin = await startOrigin(always('x'));
    const edge = await startTestEdge({ live: origin });
    const lines = Array.from({ length: maxWaiting }, (_, n) =>
      line(`/live/in-01/b/${n}`, n === maxWaiting - 1 ? 'connection: close\r\n' : ''),
    );
    expect((await raw(edge, lines.join(''))).match(/HTTP\/1\.1 200 /g)).toHaveLength(maxWaiting);
  });

  test('hundreds of connections that send half a request do not hinder a whole one', async () => {
    const origin = await startOrigin(always('x'));
    const edge = await startTestEdge({ live: origin });
    const sockets = await Promise.all(Array.from({ length: 300 }, () => open(edge)));
    for (const socket of sockets) socket.write('GET / HTTP/1.1\r\nx: ');
    expect((await ask(edge, segment)).status).toBe(200);
  });
});
