import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { maxBodyBytes } from '../../../local/edge/write.ts';
import { always, ask, deferred, open, raw, startOrigin, startTestEdge, testClock } from './harness.ts';

const path = '/api/channels';

describe('calls that change something', () => {
  test('method, query, body and named headers reach the API; its answer and cookies reach the viewer', async () => {
    let body = '';
    const origin = await startOrigin((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () =>
        response
          .writeHead(201, { 'set-cookie': ['a=1; Path=/', 'b=2'], 'cache-control': 'max-age=60' })
          .end('made'),
      );
    });
    const edge = await startTestEdge({ api: origin.url });
    const answer = await ask(edge, `${path}?b=2&a=1`, {
      method: 'POST',
      body: '{"name":"x"}',
      headers: {
        authorization: 'Bearer t',
        'content-type': 'application/json',
        origin: 'https://here',
        cookie: 'c=d',
        'x-forwarded-for': '6.6.6.6',
        'x-forwarded-proto': 'https',
        'x-real-ip': '6.6.6.6',
        connection: 'close, authorization',
      },
    });
    expect(answer).toMatchObject({ status: 201, headers: { 'set-cookie': ['a=1; Path=/', 'b=2'] } });
    expect(answer.body.toString()).toBe('made');
    expect(body).toBe('{"name":"x"}');
    expect(origin.seen[0]).toMatchObject({
      method: 'POST',
      url: `${path}?b=2&a=1`,
      headers: {
        authorization: 'Bearer t',
        'content-type': 'application/json',
        'content-length': '12',
        origin: 'https://here',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-proto': 'http',
      },
    });
    expect(origin.seen[0]?.headers).not.toHaveProperty('cookie');
    expect(origin.seen[0]?.headers).not.toHaveProperty('x-real-ip');
    expect(edge.stats().cacheEntries).toBe(0);
  });

  test('two at the same time are two', async () => {
    const origin = await startOrigin(always('x'));
    const edge = await startTestEdge({ api: origin.url });
    await Promise.all([ask(edge, path, { method: 'POST' }), ask(edge, path, { method: 'POST' })]);
    expect(origin.seen).toHaveLength(2);
  });

  test('a body that says it is too large is refused without asking the API', async () => {
    const origin = await startOrigin(always('x'));
    const edge = await startTestEdge({ api: origin.url });
    const answer = await raw(
      edge,
      `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${maxBodyBytes + 1}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(origin.seen).toHaveLength(0);
  });

  test('a body that turns out too large is refused, and the API never takes it for whole', async () => {
    const ended = deferred();
    let complete: boolean | undefined;
    const origin = await startOrigin((request) => {
      request.resume().on('error', () => undefined);
      request.on('close', () => {
        complete = request.complete;
        ended.resolve();
      });
    });
    const edge = await startTestEdge({ api: origin.url });
    const socket = await open(edge);
    const answer = once(socket, 'data');
    socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`);
    const size = 64 * 1024;
    const chunk = `${size.toString(16)}\r\n${'a'.repeat(size)}\r\n`;
    for (let sent = 0; sent <= maxBodyBytes; sent += size) socket.write(chunk);
    expect(String((await answer)[0])).toMatch(/^HTTP\/1\.1 413 /);
    await ended.promise;
    expect(complete).toBe(false);
  });

  const head = (length: number): string =>
    `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\n`;

  /** Calls on one connection: one without a body, one with 900,000 bytes, and one more where that is possible. */
  const callTwice = async (edge: { readonly port: number }, pause: boolean): Promise<string> => {
    const socket = await open(edge);
    let text = '';
    socket.setEncoding('latin1').on('data', (piece: string) => (text += piece));
    const answered = async (): Promise<string> => {
      while (!/\r\n\r\n[^]*\n$/.test(text)) await once(socket, 'data');
      const answer = text;
      text = '';
      return answer;
    };
    socket.write(head(0));
    expect(await answered()).toMatch(/^HTTP\/1\.1 201 /);
    socket.write(head(900_000));
    socket.write(Buffer.alloc(500_000));
    // Rejects when the connection is reset: the answer could have been lost.
    const ended = once(socket, 'end');
    ended.catch(() => undefined);
    if (!pause) socket.write(Buffer.alloc(400_000));
    const refused = await answered();
    if (pause) {
      expect(refused).toMatch(/\r\nconnection: close\r\n/i);
      socket.write(Buffer.alloc(400_000));
    }
    if (/\r\nconnection: close\r\n/i.test(refused)) await ended;
    else {
      socket.write(head(0));
      expect(await answered()).toMatch(/^HTTP\/1\.1 201 /);
    }
    socket.destroy();
    return refused;
  };

  test.each([
    ['while the viewer still sends', true],
    ['that the viewer sends at once', false],
  ])('an API that refuses a body %s is heard, and no call after it hangs', async (_when, pause) => {
    const origin = await startOrigin((request, response) => {
      if (request.headers['content-length'] === '0')
        response.writeHead(201, { 'content-length': 5 }).end('made\n');
      else response.writeHead(413, { connection: 'close', 'content-length': 6 }).end('large\n');
    });
    const edge = await startTestEdge({ api: origin.url });
    for (let turn = 0; turn < 20; turn++)
      expect(await callTwice(edge, pause)).toMatch(/^HTTP\/1\.1 413 [^]*large\n$/);
    expect(edge.stats().originFailures).toBe(0);
  });

  test.each([true, false])(
    'an API that breaks off in the middle of a body is a 502, and no call after it hangs (pause: %s)',
    async (pause) => {
      const origin = await startOrigin((request, response) => {
        if (request.headers['content-length'] === '0')
          response.writeHead(201, { 'content-length': 5 }).end('made\n');
        else request.socket.destroy();
      });
      const edge = await startTestEdge({ api: origin.url });
      for (let turn = 0; turn < 20; turn++) expect(await callTwice(edge, pause)).toMatch(/^HTTP\/1\.1 502 /);
    },
  );

  test('a viewer who breaks off in the middle of the body leaves no half call behind', async () => {
    const ended = deferred();
    let complete: boolean | undefined;
    const origin = await startOrigin((request) => {
      request.resume().on('error', () => undefined);
      request.on('close', () => {
        complete = request.complete;
        ended.resolve();
      });
    });
    const edge = await startTestEdge({ api: origin.url });
    const socket = await open(edge);
    socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf`);
    await origin.arrived(1);
    socket.destroy();
    await ended.promise;
    expect(complete).toBe(false);
  });

  test('an API that is down is a 502', async () => {
    const edge = await startTestEdge();
    const answer = await ask(edge, path, { method: 'POST', body: 'x' });
    expect(answer.status).toBe(502);
    expect(answer.body.toString()).toContain("can't be reached");
  });

  test('an API that stays silent is a 504', async () => {
    const origin = await startOrigin(() => undefined);
    const edge = await startTestEdge({ api: origin.url }, { originTimeoutMs: 50 });
    expect((await ask(edge, path, { method: 'DELETE' })).status).toBe(504);
  });

  test('methods that nobody needs are refused', async () => {
    const edge = await startTestEdge();
    const answer = await ask(edge, path, { method: 'TRACE' });
    expect(answer).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD, OPTIONS, PUT, POST, PATCH, DELETE' },
    });
  });
});

describe('calls that read', () => {
  test('what the API marks public is kept, for a minute at most', async () => {
    const origin = await startOrigin(always('{}', { 'cache-control': 'public, max-age=3600' }));
    const clock = testClock();
    const edge = await startTestEdge({ api: origin.url }, { clock });
    await ask(edge, path);
    clock.nowMs += 59_000;
    expect((await ask(edge, path)).headers['x-cache']).toContain('Hit');
    clock.nowMs += 1_000;
    expect((await ask(edge, path)).headers['x-cache']).toContain('Miss');
  });

  test('viewers with different tokens never get each other’s answers, even if the API calls them public', async () => {
    const origin = await startOrigin((request, response) => {
      response.writeHead(200, { 'cache-control': 'public, max-age=60' }).end(request.headers.authorization);
    });
    const edge = await startTestEdge({ api: origin.url });
    const bodies = await Promise.all(
      ['Bearer a', 'Bearer b', 'Bearer a'].map((authorization) =>
        ask(edge, path, { headers: { authorization } }),
      ),
    );
    expect(bodies.map(({ body }) => body.toString())).toEqual(['Bearer a', 'Bearer b', 'Bearer a']);
    expect(origin.seen).toHaveLength(2);
  });

  test('an answer with a cookie is neither kept nor shared', async () => {
    let count = 0;
    const origin = await startOrigin((_request, response) => {
      count += 1;
      response.writeHead(200, { 'set-cookie': `n=${count}`, 'cache-control': 'max-age=60' }).end();
    });
    const edge = await startTestEdge({ api: origin.url });
    const answers = await Promise.all([ask(edge, path), ask(edge, path)]);
    answers.push(await ask(edge, path));
    expect(answers.map(({ headers }) => String(headers['set-cookie'])).toSorted()).toEqual([
      'n=1',
      'n=2',
      'n=3',
    ]);
  });

  test('a stream without an end reaches the viewer as it comes', async () => {
    const origin = await startOrigin((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    });
    const edge = await startTestEdge({ api: origin.url });
    const socket = await open(edge);
    socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
    let text = '';
    while (!text.includes('data: 1')) text += String((await once(socket, 'data'))[0]);
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('a GET with a body is refused', async () => {
    const edge = await startTestEdge();
    expect((await ask(edge, path, { body: 'x', headers: { 'content-length': '1' } })).status).toBe(400);
  });
});

test('a mount answers below its prefix and nowhere else', async () => {
  const origin = await startOrigin(always('api'));
  const mounts = new Map([
    ['/oidc', (_request: unknown, response: { end(body: string): void }) => response.end('issuer')],
  ]);
  const edge = await startTestEdge({ api: origin.url }, { mounts });
  expect((await ask(edge, '/oidc')).body.toString()).toBe('issuer');
  expect((await ask(edge, '/oidc/token', { method: 'POST' })).body.toString()).toBe('issuer');
  expect((await ask(edge, '/oidcx')).status).toBe(404);
  expect((await ask(edge, '/oidc/../api/channels')).status).toBe(400);
});
