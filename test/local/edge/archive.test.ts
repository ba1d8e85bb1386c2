import { describe, expect, test } from 'vitest';
import { signCookies } from '../../../runtime/identity/signed-cookies.ts';
import type { ObjectStore } from '../../../runtime/store/objects/port.ts';
import { ask, keyPairId, keys, memoryStore, startTestEdge, testClock, type TestEdge } from './harness.ts';

const object = (text: string, contentType: string, cacheControl?: string) => ({
  bytes: Buffer.from(text),
  contentType,
  cacheControl,
  etag: '"5d41"',
});

const objects = {
  'archive/b1/360p/index.m3u8': object('#EXTM3U', 'application/vnd.apple.mpegurl', 'max-age=1'),
  'archive/b1/360p/1-0-7.m4s': object('0123456789', 'video/mp4', 'public, max-age=31536000, immutable'),
  'archive/b1/360p/plain.bin': object('x', 'application/octet-stream'),
  'archive/.hidden': object('secret', 'text/plain'),
  'thumbs/b1/thumb.jpg': object('jpeg', 'image/jpeg', 'max-age=10'),
  'private/key': object('secret', 'text/plain'),
};

const cookieFor = (edge: TestEdge, path: string): string =>
  Object.entries(
    signCookies({
      resource: `${edge.base}${path}`,
      expiresAtMs: testClock().nowMs + 3_600_000,
      privateKeyPem: keys.privateKey,
      keyPairId,
    }),
  )
    .map(([name, value]) => `${name}=${value}`)
    .join('; ');

describe('recordings', () => {
  test('are refused without cookies and the store is not asked', async () => {
    const archive = memoryStore(objects);
    const edge = await startTestEdge({ archive });
    for (const path of Object.keys(objects).filter((key) => key.startsWith('archive/')))
      expect((await ask(edge, `/${path}`)).status).toBe(403);
    expect(archive.asked).toEqual([]);
  });

  test('have type, caching and validator of the stored object, and ranges', async () => {
    const archive = memoryStore(objects);
    const edge = await startTestEdge({ archive });
    const cookie = cookieFor(edge, '/archive/b1/*');
    const whole = await ask(edge, '/archive/b1/360p/1-0-7.m4s', { headers: { cookie } });
    expect(whole).toMatchObject({
      status: 200,
      headers: {
        'content-type': 'video/mp4',
        'cache-control': 'public, max-age=31536000, immutable',
        etag: '"5d41"',
        'accept-ranges': 'bytes',
        'x-content-type-options': 'nosniff',
      },
    });
    expect(whole.body.toString()).toBe('0123456789');
    const part = await ask(edge, '/archive/b1/360p/1-0-7.m4s', { headers: { cookie, range: 'bytes=-2' } });
    expect([part.status, part.body.toString()]).toEqual([206, '89']);
    const headers = { cookie, 'if-none-match': '"5d41"' };
    expect((await ask(edge, '/archive/b1/360p/1-0-7.m4s', { headers })).status).toBe(304);
    expect(archive.asked).toEqual(['archive/b1/360p/1-0-7.m4s']);
  });

  test('an object that says nothing about caching is not kept', async () => {
    const archive = memoryStore(objects);
    const edge = await startTestEdge({ archive });
    const cookie = cookieFor(edge, '/archive/*');
    for (let turn = 0; turn < 2; turn += 1)
      expect((await ask(edge, '/archive/b1/360p/plain.bin', { headers: { cookie } })).status).toBe(200);
    expect(archive.asked).toHaveLength(2);
  });

  test('a playlist that grows is asked for again when its second is over', async () => {
    const archive = memoryStore(objects);
    const clock = testClock();
    const edge = await startTestEdge({ archive }, { clock });
    const cookie = cookieFor(edge, '/archive/b1/*');
    const path = '/archive/b1/360p/index.m3u8?_HLS_msn=1';
    await ask(edge, path, { headers: { cookie } });
    await ask(edge, path, { headers: { cookie } });
    expect(archive.asked).toHaveLength(1);
    clock.nowMs += 1_000;
    await ask(edge, path, { headers: { cookie } });
    expect(archive.asked).toHaveLength(2);
  });

  test('what is missing is a 404 that nobody keeps, so that it is found as soon as it is there', async () => {
    const archive = memoryStore(objects);
    const edge = await startTestEdge({ archive });
    const cookie = cookieFor(edge, '/archive/b1/*');
    for (let turn = 0; turn < 2; turn += 1) {
      const answer = await ask(edge, '/archive/b1/360p/1-0-8.m4s', { headers: { cookie } });
      expect(answer).toMatchObject({ status: 404, headers: { 'cache-control': 'no-store' } });
    }
    expect(archive.asked).toHaveLength(2);
  });

  test.each(['/archive/.hidden', '/archive/b1/%20', '/archive/', '/archive/b1/', '/archive/b1/~x'])(
    '%s is no object’s name: the store is not asked',
    async (path) => {
      const archive = memoryStore(objects);
      const edge = await startTestEdge({ archive });
      const cookie = cookieFor(edge, '/archive/*');
      expect((await ask(edge, path, { headers: { cookie } })).status).toBe(404);
      expect(archive.asked).toEqual([]);
    },
  );

  test.each([
    '/archive/../private/key',
    '/archive/..%2fprivate/key',
    '/archive/%2e%2e/private/key',
    '/archive//private/key',
    '/archive/..\\private\\key',
    '/archive/b1%00/360p/index.m3u8',
    '/thumbs/../archive/b1/360p/1-0-7.m4s',
    '/thumbs/%2e%2e%2farchive/b1/360p/1-0-7.m4s',
  ])('%s is refused whatever the cookies say', async (path) => {
    const archive = memoryStore(objects);
    const edge = await startTestEdge({ archive });
    const cookie = cookieFor(edge, '/*');
    expect((await ask(edge, path, { headers: { cookie } })).status).toBe(400);
    expect(archive.asked).toEqual([]);
  });

  test('a store that fails is a 502, one that stays silent a 504', async () => {
    const failing: ObjectStore = { ...memoryStore({}), get: () => Promise.reject(new Error('disk on fire')) };
    const edge = await startTestEdge({ archive: failing });
    const failed = await ask(edge, '/thumbs/b1/thumb.jpg');
    expect(failed.status).toBe(502);
    expect(failed.body.toString()).not.toContain('fire');

    const silent: ObjectStore = {
      ...memoryStore({}),
      get: (_key, signal) =>
        new Promise((_resolve, reject) =>
          signal?.addEventListener('abort', () => reject(new Error('aborted')), { once: true }),
        ),
    };
    const patient = await startTestEdge({ archive: silent }, { originTimeoutMs: 50 });
    expect((await ask(patient, '/thumbs/b1/thumb.jpg')).status).toBe(504);
  });
});

test('thumbnails are open and kept as long as they say', async () => {
  const archive = memoryStore(objects);
  const edge = await startTestEdge({ archive });
  const first = await ask(edge, '/thumbs/b1/thumb.jpg');
  expect(first).toMatchObject({ status: 200, headers: { 'access-control-allow-origin': '*' } });
  expect((await ask(edge, '/thumbs/b1/thumb.jpg?again')).headers['x-cache']).toContain('Hit');
});
