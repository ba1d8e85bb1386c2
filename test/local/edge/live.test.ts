import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { signCookies } from '../../../runtime/identity/signed-cookies.ts';
import {
  always,
  ask,
  deferred,
  keyPairId,
  keys,
  open,
  startOrigin,
  startTestEdge,
  testClock,
  type TestEdge,
} from './harness.ts';

const playlist = '/live/in-01/b1/360p/index.m3u8';
const segment = '/live/in-01/b1/360p/1-0-7.m4s';
const tick = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Each look is one round of the event loop. */
async function until(edge: TestEdge, wanted: Partial<ReturnType<TestEdge['stats']>>): Promise<void> {
  for (;;) {
    const stats = edge.stats();
    if (Object.entries(wanted).every(([name, value]) => stats[name as keyof typeof stats] === value)) return;
    await tick();
  }
}

describe('collapsing', () => {
  test('2,000 requests that wait for the same part of a playlist are one origin request', async () => {
    const held: ServerResponse[] = [];
    const origin = await startOrigin((_request, response) => held.push(response));
    const edge = await startTestEdge({ live: origin });
    const path = `${playlist}?_HLS_msn=7&_HLS_part=2`;
    const asked = Array.from({ length: 2_000 }, () => ask(edge, path));
    await until(edge, { requests: 2_000 });
    await origin.arrived(1);

    expect(origin.seen).toHaveLength(1);
    held[0]?.writeHead(200, { 'cache-control': 'max-age=6' }).end('#EXTM3U');
    const answers = await Promise.all(asked);

    expect(new Set(answers.map(({ status, body }) => `${status} ${body.toString()}`))).toEqual(
      new Set(['200 #EXTM3U']),
    );
    expect(origin.seen).toHaveLength(1);
    expect(edge.stats()).toMatchObject({ originRequests: 1, misses: 1, collapsed: 1_999, flights: 0 });
  });

  test('one who goes away does not end the fetch for the others', async () => {
    const held: ServerResponse[] = [];
    const origin = await startOrigin((_request, response) => held.push(response));
    const edge = await startTestEdge({ live: origin });
    const leaver = await open(edge);
    leaver.write(`GET ${playlist} HTTP/1.1\r\nhost: x\r\n\r\n`);
    await origin.arrived(1);
    const stayer = ask(edge, playlist);
    await until(edge, { requests: 2 });
    await origin.arrived(1);
    leaver.destroy();
    // A whole exchange on another connection: by then the edge has seen the end of the first one.
    await ask(edge, '/live/in-99/x');
    held[0]?.end('still here');
    expect((await stayer).body.toString()).toBe('still here');
    expect(origin.seen).toHaveLength(1);
  });

  test('the last one who goes away ends the fetch', async () => {
    const ended = deferred();
    const origin = await startOrigin((request) => request.on('close', () => ended.resolve()));
    const edge = await startTestEdge({ live: origin });
    const sockets = [await open(edge), await open(edge)];
    for (const socket of sockets) socket.write(`GET ${playlist} HTTP/1.1\r\nhost: x\r\n\r\n`);
    await until(edge, { requests: 2 });
    await origin.arrived(1);
    for (const socket of sockets) socket.destroy();
    await ended.promise;
    await until(edge, { flights: 0 });
    expect(origin.seen).toHaveLength(1);
    expect(edge.stats().originFailures).toBe(0);
  });

  test('an answer that says no-store goes to one; the others each ask for themselves', async () => {
    const held: ServerResponse[] = [];
    let count = 0;
    const origin = await startOrigin((_request, response) => {
      response.setHeader('cache-control', 'no-store');
      count += 1;
      if (count === 1) held.push(response);
      else response.end(`own ${count}`);
    });
    const edge = await startTestEdge({ live: origin });
    const asked = [ask(edge, playlist), ask(edge, playlist), ask(edge, playlist)];
    await until(edge, { requests: 3 });
    await origin.arrived(1);
    held[0]?.end('own 1');
    const bodies = (await Promise.all(asked)).map(({ body }) => body.toString());
    expect(bodies.toSorted()).toEqual(['own 1', 'own 2', 'own 3']);
  });

  test('a 503 after a blocked reload goes to all who waited, and is not kept', async () => {
    const held: ServerResponse[] = [];
    const origin = await startOrigin((_request, response) => held.push(response));
    const edge = await startTestEdge({ live: origin });
    const asked = [ask(edge, playlist), ask(edge, playlist)];
    await until(edge, { requests: 2 });
    await origin.arrived(1);
    held[0]?.writeHead(503, { 'cache-control': 'no-store' }).end('late');
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([503, 503]);
    expect(origin.seen).toHaveLength(1);
    const again = ask(edge, playlist);
    await origin.arrived(2);
    held[1]?.end('now');
    expect((await again).status).toBe(200);
  });
});

describe('keeping', () => {
  test('an answer is kept as long as the origin says, with its age counted', async () => {
    const origin = await startOrigin(always('#EXTM3U', { 'cache-control': 'max-age=6' }));
    const clock = testClock();
    const edge = await startTestEdge({ live: origin }, { clock });
    const miss = await ask(edge, playlist);
    expect(miss.headers['x-cache']).toBe('Miss from tidecast-edge');
    expect(miss.headers.age).toBeUndefined();
    clock.nowMs += 4_700;
    const hit = await ask(edge, playlist);
    expect(hit.headers['x-cache']).toBe('Hit from tidecast-edge');
    expect(hit.headers.age).toBe('4');
    expect(hit.headers.date).toBe(miss.headers.date);
    clock.nowMs += 1_300;
    expect((await ask(edge, playlist)).headers['x-cache']).toBe('Miss from tidecast-edge');
    expect(origin.seen).toHaveLength(2);
  });

  test('an age that the answer came with goes on', async () => {
    const origin = await startOrigin(always('x', { 'cache-control': 'max-age=60', age: '10' }));
    const clock = testClock();
    const edge = await startTestEdge({ live: origin }, { clock });
    expect((await ask(edge, segment)).headers.age).toBe('10');
    clock.nowMs += 5_000;
    expect((await ask(edge, segment)).headers.age).toBe('15');
  });

  test('a 404 of the live window is never kept', async () => {
    let there = false;
    const origin = await startOrigin((_request, response) => {
      response.writeHead(there ? 200 : 404, { 'cache-control': 'max-age=60' }).end();
    });
    const edge = await startTestEdge({ live: origin });
    const early = await ask(edge, segment);
    expect(early.status).toBe(404);
    expect(early.headers['x-cache']).toBe('Error from tidecast-edge');
    there = true;
    expect((await ask(edge, segment)).status).toBe(200);
  });

  test('an answer larger than the cache streams through and is not kept', async () => {
    const body = Buffer.alloc(200_000, 7);
    const origin = await startOrigin(always(body, { 'cache-control': 'max-age=60' }));
    const edge = await startTestEdge({ live: origin }, { cacheBytes: 100_000 });
    expect((await ask(edge, segment)).body.equals(body)).toBe(true);
    expect((await ask(edge, segment)).body.equals(body)).toBe(true);
    expect(origin.seen).toHaveLength(2);
    expect(edge.stats()).toMatchObject({ cacheBytes: 0, cacheEntries: 0 });
  });

  test('an answer without a length that turns out too large streams through as well', async () => {
    const body = Buffer.alloc(200_000, 7);
    const origin = await startOrigin((_request, response) => {
      response.writeHead(200, { 'cache-control': 'max-age=60' });
      response.write(body.subarray(0, 90_000));
      response.write(body.subarray(90_000, 120_000));
      response.end(body.subarray(120_000));
    });
    const edge = await startTestEdge({ live: origin }, { cacheBytes: 100_000 });
    expect((await ask(edge, segment)).body.equals(body)).toBe(true);
  });
});

describe('keys', () => {
  test('a stranger can not get past the cache with parameters, cookies or headers of his own', async () => {
    const origin = await startOrigin(always('media', { 'cache-control': 'max-age=60' }));
    const edge = await startTestEdge({ live: origin });
    await ask(edge, segment);
    const answer = await ask(edge, `${segment}?x=${'1'.repeat(50)}`, {
      headers: { cookie: 'a=b', authorization: 'Bearer x', origin: 'https://elsewhere', range: 'bytes=0-1' },
    });
    expect(answer.headers['x-cache']).toBe('Hit from tidecast-edge');
    expect(answer.status).toBe(206);
    expect(origin.seen).toHaveLength(1);
  });

  test('the origin sees the named parameters and none of the viewer’s headers', async () => {
    const origin = await startOrigin(always('x'));
    const edge = await startTestEdge({ live: origin });
    await ask(edge, `${playlist}?_HLS_part=2&token=secret&_HLS_msn=7`, {
      headers: { cookie: 'a=b', authorization: 'Bearer x', 'x-forwarded-for': '6.6.6.6', 'x-evil': '1' },
    });
    expect(origin.seen[0]?.url).toBe(`${playlist}?_HLS_msn=7&_HLS_part=2`);
    expect(origin.seen[0]?.headers).toEqual({
      host: origin.url.host,
      connection: 'keep-alive',
      'user-agent': 'tidecast-edge',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
    });
  });
});

describe('origins of the live window', () => {
  test('the slot in the path finds the task; a slot that nobody holds is a 503', async () => {
    const origin = await startOrigin(always('x'));
    const edge = await startTestEdge({ live: origin });
    expect((await ask(edge, segment)).status).toBe(200);
    const nobody = await ask(edge, '/live/in-99/b1/360p/1-0-7.m4s');
    expect(nobody.status).toBe(503);
    expect(nobody.body.toString()).toContain('No ingest task holds this slot');
  });

  test('an origin that is down is a 502 with a text', async () => {
    const edge = await startTestEdge({ ingest: () => new URL('http://127.0.0.1:1') });
    const answer = await ask(edge, segment);
    expect(answer.status).toBe(502);
    expect(answer.body.toString()).toContain("the origin 127.0.0.1:1 can't be reached");
    expect(edge.stats().originFailures).toBe(1);
  });

  test('an origin that stays silent is a 504', async () => {
    const origin = await startOrigin(() => undefined);
    const edge = await startTestEdge({ live: origin }, { originTimeoutMs: 50 });
    const answer = await ask(edge, segment);
    expect(answer.status).toBe(504);
    expect(answer.body.toString()).toContain('was silent for 0.05 s');
  });

  test('an origin that falls silent in the middle is a 504, never half an answer', async () => {
    const origin = await startOrigin((_request, response) => {
      response.writeHead(200, { 'content-length': '100', 'cache-control': 'max-age=60' }).write('half');
    });
    const edge = await startTestEdge({ live: origin }, { originTimeoutMs: 50 });
    expect((await ask(edge, segment)).status).toBe(504);
  });

  test('an origin that breaks off in the middle is a 502 and nothing is kept', async () => {
    const origin = await startOrigin((_request, response) => {
      response.writeHead(200, { 'content-length': '100', 'cache-control': 'max-age=60' });
      response.write('half', () => response.destroy());
    });
    const edge = await startTestEdge({ live: origin });
    const answer = await ask(edge, segment);
    expect(answer.status).toBe(502);
    expect(answer.body.toString()).toContain('broke off');
    expect(edge.stats().cacheEntries).toBe(0);
  });

  test('a private answer that breaks off in the middle is broken off for the viewer too', async () => {
    const origin = await startOrigin((_request, response) => {
      response.writeHead(200, { 'content-length': '100', 'cache-control': 'no-store' });
      response.write('half', () => response.destroy());
    });
    const edge = await startTestEdge({ live: origin });
    await expect(ask(edge, segment)).rejects.toThrow();
  });

  test('an idle connection that the origin closed costs nobody an error', async () => {
    let socket: { destroy(): void } | undefined;
    const origin = await startOrigin((request, response) => {
      // The connection's second request meets a closed door.
      if (socket === request.socket) request.socket.resetAndDestroy();
      else response.writeHead(200, { 'cache-control': 'no-store' }).end('x');
      socket = request.socket;
    });
    const edge = await startTestEdge({ live: origin });
    expect((await ask(edge, segment)).status).toBe(200);
    expect((await ask(edge, segment)).status).toBe(200);
    expect(origin.seen).toHaveLength(3);
  });

  test('hop-by-hop headers of the origin stay behind', async () => {
    const origin = await startOrigin(
      always('x', {
        connection: 'keep-alive, x-hop',
        'x-hop': '1',
        'proxy-authenticate': 'Basic',
        server: 'secret/1.0',
        'x-end': '1',
        'set-cookie': 'a=b',
      }),
    );
    const edge = await startTestEdge({ live: origin });
    const { headers } = await ask(edge, segment);
    expect(headers).toMatchObject({ 'x-end': '1' });
    for (const name of ['x-hop', 'proxy-authenticate', 'server', 'set-cookie'])
      expect(headers).not.toHaveProperty(name);
  });
});

describe('open media', () => {
  test('may be read by pages of other sites, Age included', async () => {
    const origin = await startOrigin(always('x', { 'access-control-allow-origin': 'https://one.example' }));
    const edge = await startTestEdge({ live: origin });
    const { headers } = await ask(edge, segment, { headers: { origin: 'https://elsewhere' } });
    expect(headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-expose-headers': 'Age, Date',
      'x-content-type-options': 'nosniff',
    });
  });

  test('takes GET and HEAD only', async () => {
    const origin = await startOrigin(always('x'));
    const edge = await startTestEdge({ live: origin });
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE']) {
      const answer = await ask(edge, segment, { method });
      expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, HEAD']);
    }
    expect(origin.seen).toHaveLength(0);
  });
});

describe('private live', () => {
  const path = '/live-private/in-01/b1/360p/index.m3u8';

  const cookieHeader = (resource: string, expiresAtMs: number): string =>
    Object.entries(signCookies({ resource, expiresAtMs, privateKeyPem: keys.privateKey, keyPairId }))
      .map(([name, value]) => `${name}=${value}`)
      .join('; ');

  test('is refused without signed cookies before anything is looked up', async () => {
    const origin = await startOrigin(always('x', { 'cache-control': 'max-age=60' }));
    const edge = await startTestEdge({ live: origin });
    const answer = await ask(edge, path);
    expect(answer.status).toBe(403);
    expect(answer.body.toString()).toContain('Signed cookies are needed');
    expect(origin.seen).toHaveLength(0);
  });

  test('opens with cookies for its address, and stays shut for everybody else although it is cached', async () => {
    const origin = await startOrigin(always('x', { 'cache-control': 'max-age=60' }));
    const clock = testClock();
    const edge = await startTestEdge({ live: origin }, { clock });
    const cookie = cookieHeader(`${edge.base}/live-private/in-01/b1/*`, clock.nowMs + 10_000);
    expect((await ask(edge, path, { headers: { cookie } })).status).toBe(200);
    expect((await ask(edge, path, { headers: { cookie } })).headers['x-cache']).toContain('Hit');
    expect((await ask(edge, path)).status).toBe(403);
    const other = await ask(edge, '/live-private/in-01/b2/360p/index.m3u8', { headers: { cookie } });
    expect(other.status).toBe(403);
    expect(other.body.toString()).toContain('for another address');
    clock.nowMs += 10_000;
    expect((await ask(edge, path, { headers: { cookie } })).body.toString()).toContain('expired');
    expect(origin.seen[0]?.headers.cookie).toBeUndefined();
  });

  test('the public address counts, whatever the viewer says in Host', async () => {
    const origin = await startOrigin(always('x'));
    const clock = testClock();
    const edge = await startTestEdge({ live: origin }, { clock, publicUrl: 'https://live.example/' });
    const cookie = cookieHeader('https://live.example/live-private/in-01/b1/*', clock.nowMs + 10_000);
    expect((await ask(edge, path, { headers: { cookie } })).status).toBe(200);
  });

  test('an escaped spelling of the path is the same path', async () => {
    const origin = await startOrigin(always('x'));
    const edge = await startTestEdge({ live: origin });
    expect((await ask(edge, '/live%2dprivate/in-01/b1/360p/index.m3u8')).status).toBe(403);
    expect((await ask(edge, '/live/..%2flive-private/in-01/b1/360p/index.m3u8')).status).toBe(400);
    expect(origin.seen).toHaveLength(0);
  });
});

test('closing ends waiting requests and connections', async () => {
  const origin = await startOrigin(() => undefined);
  const edge = await startTestEdge({ live: origin });
  const socket = await open(edge);
  const closed = once(socket, 'close');
  socket.on('error', () => undefined);
  socket.write(`GET ${playlist} HTTP/1.1\r\nhost: x\r\n\r\n`);
  await origin.arrived(1);
  await edge.close();
  await closed;
  expect(edge.stats().flights).toBe(0);
});
