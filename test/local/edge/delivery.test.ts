import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { always, ask, startOrigin, startTestEdge, testClock } from './harness.ts';

const segment = '/live/in-01/b1/360p/1-0-7.m4s';
const playlist = '/live/in-01/b1/360p/index.m3u8';
const api = '/api/directory';
const bytes = Buffer.from('0123456789');
const media = always(bytes, { 'cache-control': 'max-age=60', etag: '"e"', 'content-type': 'video/mp4' });

describe('ranges', () => {
  test('a part of a segment is cut from the whole object, the first time too', async () => {
    const origin = await startOrigin(media);
    const edge = await startTestEdge({ live: origin });
    for (const result of ['Miss', 'Hit']) {
      const answer = await ask(edge, segment, { headers: { range: 'bytes=2-4' } });
      expect(answer).toMatchObject({
        status: 206,
        headers: {
          'content-range': 'bytes 2-4/10',
          'content-length': '3',
          'x-cache': `${result} from tidecast-edge`,
        },
      });
      expect(answer.body.toString()).toBe('234');
    }
    expect(origin.seen[0]?.headers.range).toBeUndefined();
  });

  test('a range outside of the object is a 416 that names its length', async () => {
    const edge = await startTestEdge({ live: await startOrigin(media) });
    const answer = await ask(edge, segment, { headers: { range: 'bytes=10-' } });
    expect(answer).toMatchObject({ status: 416, headers: { 'content-range': 'bytes */10' } });
    expect(answer.body).toHaveLength(0);
  });

  test('If-Range with another validator gives the whole object', async () => {
    const edge = await startTestEdge({ live: await startOrigin(media) });
    const old = await ask(edge, segment, { headers: { range: 'bytes=2-4', 'if-range': '"old"' } });
    expect([old.status, old.body.toString()]).toEqual([200, '0123456789']);
    const same = await ask(edge, segment, { headers: { range: 'bytes=2-4', 'if-range': '"e"' } });
    expect(same.status).toBe(206);
  });

  test('several ranges at once give the whole object', async () => {
    const edge = await startTestEdge({ live: await startOrigin(media) });
    const answer = await ask(edge, segment, { headers: { range: 'bytes=0-1,3-4' } });
    expect([answer.status, answer.headers['accept-ranges']]).toEqual([200, 'bytes']);
  });

  test('an error has no ranges', async () => {
    const edge = await startTestEdge({ live: await startOrigin(always('not found', {}, 404)) });
    const answer = await ask(edge, segment, { headers: { range: 'bytes=0-1' } });
    expect([answer.status, answer.body.toString()]).toEqual([404, 'not found']);
  });
});

describe('conditional requests', () => {
  test('who has the object already is told so, from the cache and from the origin', async () => {
    const edge = await startTestEdge({ live: await startOrigin(media) });
    for (let turn = 0; turn < 2; turn += 1) {
      const answer = await ask(edge, segment, { headers: { 'if-none-match': 'W/"x", "e"' } });
      expect(answer.status).toBe(304);
      expect(answer.headers).toMatchObject({ etag: '"e"', 'cache-control': 'max-age=60' });
      expect(answer.headers).not.toHaveProperty('content-length');
      expect(answer.body).toHaveLength(0);
    }
    expect((await ask(edge, segment, { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });

  test('an answer for one viewer is spared as well when he has it', async () => {
    const origin = await startOrigin(always('mine', { 'cache-control': 'private', etag: '"e"' }));
    const edge = await startTestEdge({ api: origin.url });
    expect((await ask(edge, api, { headers: { 'if-none-match': '"e"' } })).status).toBe(304);
    expect((await ask(edge, api)).body.toString()).toBe('mine');
  });
});

describe('HEAD', () => {
  test.each(['max-age=60', 'no-store'])('has the headers of GET and no body (%s)', async (cacheControl) => {
    const origin = await startOrigin(always('0123456789', { 'cache-control': cacheControl }));
    const edge = await startTestEdge({ live: origin });
    const head = await ask(edge, segment, { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, headers: { 'content-length': '10' } });
    expect(head.body).toHaveLength(0);
    // The same connection serves the next request: nothing of the body was left on it.
    expect((await ask(edge, segment)).body.toString()).toBe('0123456789');
    expect(origin.seen[0]?.method).toBe('GET');
  });
});

describe('compression', () => {
  const text = '#EXTM3U\n'.repeat(300);
  const hls = { 'content-type': 'application/vnd.apple.mpegurl', 'cache-control': 'max-age=60', etag: '"e"' };

  test('a playlist that came plain is compressed once for all who can read it', async () => {
    const origin = await startOrigin(always(text, hls));
    const edge = await startTestEdge({ live: origin });
    for (const result of ['Miss', 'Hit']) {
      const { headers, body } = await ask(edge, playlist, { headers: { 'accept-encoding': 'gzip, br' } });
      expect(headers).toMatchObject({
        'content-encoding': 'gzip',
        'content-length': String(body.length),
        vary: 'Accept-Encoding',
        etag: 'W/"e"',
        'x-cache': `${result} from tidecast-edge`,
      });
      expect(gunzipSync(body).toString()).toBe(text);
    }
    const plain = await ask(edge, playlist);
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(plain.body.toString()).toBe(text);
    expect(origin.seen).toHaveLength(2);
  });

  test('what the origin compressed goes through as it is', async () => {
    // Level 0: large enough to be worth compressing once more, if that were right.
    const body = gzipSync(text, { level: 0 });
    const origin = await startOrigin((request, response) => {
      expect(request.headers['accept-encoding']).toBe('gzip');
      response.writeHead(200, { ...hls, 'content-encoding': 'gzip' }).end(body);
    });
    const edge = await startTestEdge({ live: origin });
    const answer = await ask(edge, playlist, { headers: { 'accept-encoding': 'gzip' } });
    expect(answer.body.equals(body)).toBe(true);
  });

  test('media is not compressed, and its origin is not asked to', async () => {
    const origin = await startOrigin(always(text, { 'content-type': 'text/plain' }));
    const edge = await startTestEdge({ live: origin });
    const answer = await ask(edge, segment, { headers: { 'accept-encoding': 'gzip' } });
    expect(answer.headers['content-encoding']).toBeUndefined();
    expect(origin.seen[0]?.headers['accept-encoding']).toBeUndefined();
  });

  test('what is too small, or no text, stays plain', async () => {
    const edge = await startTestEdge({ live: await startOrigin(always('#EXTM3U', hls)) });
    const small = await ask(edge, playlist, { headers: { 'accept-encoding': 'gzip' } });
    expect(small.headers['content-encoding']).toBeUndefined();
    const jpeg = await startTestEdge({
      live: await startOrigin(always(text, { 'content-type': 'image/jpeg' })),
    });
    const picture = await ask(jpeg, playlist, { headers: { 'accept-encoding': 'gzip' } });
    expect(picture.headers['content-encoding']).toBeUndefined();
  });

  test('an answer for one viewer is compressed as it streams', async () => {
    const origin = await startOrigin(
      always(text, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'private' }),
    );
    const edge = await startTestEdge({ api: origin.url });
    const { headers, body } = await ask(edge, api, { headers: { 'accept-encoding': 'gzip' } });
    expect(headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
    expect(gunzipSync(body).toString()).toBe(text);
  });
});

test('the cache stays under its bound while more is asked for than fits', async () => {
  const origin = await startOrigin(always(Buffer.alloc(10_000), { 'cache-control': 'max-age=60' }));
  const edge = await startTestEdge({ live: origin }, { cacheBytes: 50_000, clock: testClock() });
  for (let n = 0; n < 20; n += 1) await ask(edge, `/live/in-01/b1/360p/1-0-${n}.m4s`);
  expect(edge.stats().cacheBytes).toBeLessThanOrEqual(50_000);
  expect(edge.stats().cacheEntries).toBe(4);
  expect((await ask(edge, '/live/in-01/b1/360p/1-0-19.m4s')).headers['x-cache']).toContain('Hit');
});
