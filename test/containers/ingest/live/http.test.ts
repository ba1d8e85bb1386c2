import { afterEach, describe, expect, it } from 'vitest';
import type { LiveHandlerOptions } from '../../../../containers/ingest/live/http.ts';
import { Origin, until, type Got } from './origin.ts';
import { Stage, type StageOptions } from './stage.ts';

const origins: Origin[] = [];
afterEach(async () => {
  await Promise.all(origins.splice(0).map((origin) => origin.stop()));
});

interface Show {
  readonly stage: Stage;
  readonly origin: Origin;
  readonly get: (file: string) => Promise<Got>;
}

/** A broadcast with three segments and a part, at /live/in-1/b1. */
async function show(options: StageOptions = {}, handler: Partial<LiveHandlerOptions> = {}): Promise<Show> {
  const stage = new Stage(options);
  stage.startRun();
  stage.segment(3);
  stage.part();
  const origin = await Origin.start({ 'in-1/b1': stage.window, 'private in-1/b2': stage.window }, handler);
  origins.push(origin);
  return { stage, origin, get: (file) => origin.ask(`/live/in-1/b1/${file}`) };
}

describe('the live handler', () => {
  it('serves each kind of file with its type and its time in caches', async () => {
    const { stage, get } = await show();
    stage.window.thumbnail(Buffer.from('jpeg'));
    const kinds: readonly (readonly [file: string, type: string, cache: string])[] = [
      ['master.m3u8', 'application/vnd.apple.mpegurl', 'max-age=4'],
      ['720p/index.m3u8', 'application/vnd.apple.mpegurl', 'max-age=1'],
      ['720p/index.m3u8?_HLS_msn=2', 'application/vnd.apple.mpegurl', 'max-age=6'],
      ['720p/1-1-init.mp4', 'video/mp4', 'max-age=31536000, immutable'],
      ['720p/1-1-1.m4s', 'video/mp4', 'max-age=31536000, immutable'],
      ['720p/1-1-2.1.m4s', 'video/mp4', 'max-age=60'],
      ['thumb.jpg', 'image/jpeg', 'max-age=10'],
    ];
    for (const [file, type, cache] of kinds) {
      const { status, headers } = await get(file);
      expect([file, status, headers['content-type'], headers['cache-control']]).toEqual([
        file,
        200,
        type,
        cache,
      ]);
      expect(headers['access-control-allow-origin']).toBe('*');
    }
    expect((await get('720p/1-1-1.m4s')).text).toBe('1-1 720p 4;1-1 720p 5;1-1 720p 6;1-1 720p 7;');
    expect((await get('720p/index.m3u8')).text).toBe(stage.playlist(0));
  });

  it('says what is missing in words, and that nobody keeps it', async () => {
    const { get, origin } = await show();
    for (const file of [
      'thumb.jpg',
      'index.m3u8',
      '1080p/index.m3u8',
      '720p/1-1-9.m4s',
      '720p/1-1-3.2.m4s',
      '720p/2-1-init.mp4',
      '720p/x.txt',
    ]) {
      const { status, headers, text } = await get(file);
      expect([file, status, headers['cache-control']]).toEqual([file, 404, 'no-store']);
      expect(text).toMatch(/^[a-z].*\n$/);
    }
    expect((await origin.ask('/live/in-1/other/master.m3u8')).status).toBe(404);
  });

  it('is silent about a broadcast that has not started', async () => {
    const stage = new Stage();
    stage.startRun();
    stage.part(2);
    const origin = await Origin.start({ 'in-1/b1': stage.window });
    origins.push(origin);
    for (const file of ['master.m3u8', '720p/index.m3u8', '720p/index.m3u8?_HLS_msn=0&_HLS_part=3']) {
      const { status, headers } = await origin.ask(`/live/in-1/b1/${file}`);
      expect([status, headers['cache-control']]).toEqual([404, 'no-store']);
    }
  });

  it('compresses playlists for those who can read it', async () => {
    const { stage, origin } = await show();
    const ask = (encoding: string): Promise<Got> =>
      origin.ask('/live/in-1/b1/720p/index.m3u8', { headers: { 'accept-encoding': encoding } });
    for (const encoding of ['gzip', 'deflate, gzip;q=0.5', 'br,gzip']) {
      const { headers, bytes, text } = await ask(encoding);
      expect([headers['content-encoding'], headers['vary']]).toEqual(['gzip', 'Accept-Encoding']);
      expect(bytes.length).toBeLessThan(text.length);
      expect(text).toBe(stage.playlist(0));
    }
    for (const encoding of ['identity', 'gzip;q=0', 'gzip;q=0.0, br', 'xgzip', 'gzipped']) {
      const { headers, text } = await ask(encoding);
      expect([encoding, headers['content-encoding'], headers['vary']]).toEqual([
        encoding,
        undefined,
        'Accept-Encoding',
      ]);
      expect(text).toBe(stage.playlist(0));
    }
  });

  it('answers HEAD as GET without a body, OPTIONS for other pages, and nothing else', async () => {
    const { origin } = await show();
    const file = '/live/in-1/b1/720p/1-1-1.m4s';
    const [head, get, options] = await Promise.all(
      ['HEAD', 'GET', 'OPTIONS'].map((method) => origin.ask(file, { method })),
    );
    expect([head?.text, head?.headers['content-length']]).toEqual(['', get?.headers['content-length']]);
    expect((await origin.ask('/live/in-1/b1/master.m3u8', { method: 'HEAD' })).text).toBe('');
    expect([options?.status, options?.headers['access-control-allow-methods']]).toEqual([
      204,
      'GET, HEAD, OPTIONS',
    ]);
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      const { status, headers } = await origin.ask(file, { method });
      expect([status, headers['allow'], headers['cache-control']]).toEqual([
        405,
        'GET, HEAD, OPTIONS',
        'no-store',
      ]);
    }
  });

  it('lets other pages read public broadcasts only', async () => {
    const { origin } = await show();
    const headers = { origin: 'https://evil.example' };
    for (const method of ['GET', 'OPTIONS']) {
      const open = await origin.ask('/live/in-1/b1/720p/index.m3u8', { method, headers });
      expect(open.headers['access-control-allow-origin']).toBe('*');
      const closed = await origin.ask('/live-private/in-1/b2/720p/index.m3u8', { method, headers });
      expect(Object.keys(closed.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
      expect(closed.status).toBe(method === 'GET' ? 200 : 405);
    }
  });

  it('opens private broadcasts only under their own path', async () => {
    const { origin } = await show();
    expect((await origin.ask('/live-private/in-1/b1/master.m3u8')).status).toBe(404);
    expect((await origin.ask('/live-private/in-1/b2/master.m3u8')).status).toBe(200);
  });
});

describe('a blocking playlist request', () => {
  it('is held until the part is there', async () => {
    const { stage, get } = await show();
    const held = get('720p/index.m3u8?_HLS_msn=3&_HLS_part=1');
    await until(() => stage.window.waiting === 1);
    stage.send(1);
    expect(stage.window.waiting).toBe(1);
    stage.send(0);
    expect(stage.window.waiting).toBe(0);
    const { status, headers, text } = await held;
    expect([status, headers['cache-control']]).toEqual([200, 'max-age=6']);
    expect(text).toContain('1-1-3.1.m4s"\n#EXT-X-PRELOAD-HINT');
  });

  it('is held until the segment is complete when it names no part', async () => {
    const { stage, get } = await show();
    const held = get('720p/index.m3u8?_HLS_msn=3');
    await until(() => stage.window.waiting === 1);
    stage.part(2);
    expect(stage.window.waiting).toBe(1);
    stage.part();
    expect((await held).text).toContain('\n1-1-3.m4s\n');
  });

  it('is refused at once when it makes no sense or is too far ahead', async () => {
    const { get } = await show();
    for (const query of [
      '_HLS_part=1',
      '_HLS_msn=x',
      '_HLS_msn=-1',
      '_HLS_msn=1&_HLS_msn=1',
      '_HLS_msn=3&_HLS_part=',
      '_HLS_msn=5',
      '_HLS_msn=4&_HLS_part=3',
      '_HLS_msn=9999999999&_HLS_part=9999999999',
      `_HLS_msn=${'9'.repeat(400)}`,
    ]) {
      const { status, headers } = await get(`720p/index.m3u8?${query}`);
      expect([query, status, headers['cache-control']]).toEqual([query, 400, 'no-store']);
    }
  });

  it('for what is long past gets the whole playlist', async () => {
    const { stage, get } = await show();
    expect((await get('720p/index.m3u8?_HLS_msn=0&_HLS_part=2&_HLS_skip=YES')).text).toBe(stage.playlist(0));
  });

  it('gets 503 after three target durations, never an old playlist', async () => {
    const { stage, get } = await show({ targetDurationS: 0.02 });
    stage.endRun();
    const { status, headers } = await get('720p/index.m3u8?_HLS_msn=4&_HLS_part=0');
    expect([status, headers['retry-after'], headers['cache-control']]).toEqual([503, '1', 'no-store']);
    expect(stage.window.waiting).toBe(0);
    // Nobody who does not wait is refused.
    expect((await get('720p/index.m3u8')).status).toBe(200);
  });

  it('is answered by the next run when the encoder comes back', async () => {
    const { stage, get } = await show();
    // Waits for the second part of segment 3, which ends with its first.
    const held = get('720p/index.m3u8?_HLS_msn=3&_HLS_part=1');
    await until(() => stage.window.waiting === 1);
    stage.endRun();
    expect(stage.window.waiting).toBe(1);
    stage.startRun();
    stage.part();
    expect((await held).text).toContain('#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="2-1-init.mp4"');
  });

  it('is answered when the broadcast ends, and directives no longer count', async () => {
    const { stage, get } = await show();
    const held = [get('720p/index.m3u8?_HLS_msn=4'), get('480p/index.m3u8?_HLS_msn=3&_HLS_part=2')];
    await until(() => stage.window.waiting === 2);
    stage.window.end();
    for (const { status, text } of await Promise.all(held)) {
      expect(status).toBe(200);
      expect(text).toContain('#EXT-X-ENDLIST');
    }
    for (const query of ['_HLS_msn=99', '_HLS_part=1', '_HLS_msn=x'])
      expect((await get(`720p/index.m3u8?${query}`)).status).toBe(200);
  });

  it('is answered when the window goes away', async () => {
    const { stage, get } = await show();
    const held = get('720p/index.m3u8?_HLS_msn=4');
    await until(() => stage.window.waiting === 1);
    stage.window.dispose();
    expect((await held).status).toBe(404);
    expect((await get('master.m3u8')).status).toBe(404);
  });
});

describe('a request for the hinted part', () => {
  it('is held and answered whole', async () => {
    const { stage, get } = await show();
    const held = get('720p/1-1-3.1.m4s');
    await until(() => stage.window.waiting === 1);
    stage.send(0);
    const { status, text, headers } = await held;
    expect([status, text, headers['cache-control']]).toEqual([200, '1-1 720p 13;', 'max-age=60']);
  });

  it('gets 404 when the part is not made after all', async () => {
    const { stage, get } = await show();
    const gap = get('480p/1-1-3.1.m4s');
    const atEnd = get('720p/1-1-3.1.m4s');
    await until(() => stage.window.waiting === 2);
    stage.skip(1, 3);
    stage.send(1);
    expect((await gap).status).toBe(404);
    stage.endRun();
    expect((await atEnd).status).toBe(404);
  });

  it('between two runs gets 404 as soon as the next run has begun', async () => {
    const { stage, get } = await show();
    stage.endRun();
    const held = get('720p/1-1-4.0.m4s');
    await until(() => stage.window.waiting === 1);
    stage.startRun();
    stage.part();
    expect((await held).status).toBe(404);
  });
});

describe('many held requests', () => {
  it('are answered by one part, with one playlist', async () => {
    const { stage, get } = await show();
    const held = Array.from({ length: 500 }, () => get('720p/index.m3u8?_HLS_msn=3&_HLS_part=1'));
    await until(() => stage.window.waiting === 500);
    stage.part();
    const answers = await Promise.all(held);
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`))).toEqual(
      new Set([`200 ${answers[0]?.text ?? ''}`]),
    );
    expect(stage.window.waiting).toBe(0);
  });

  it('are freed when their clients go away', async () => {
    // So that the time limit frees nobody.
    const { stage, origin } = await show({ targetDurationS: 600 });
    const abort = new AbortController();
    const path = '/live/in-1/b1/720p/index.m3u8?_HLS_msn=3&_HLS_part=1';
    const held = Array.from({ length: 200 }, () => origin.ask(path, { signal: abort.signal }));
    await until(() => stage.window.waiting === 200);
    abort.abort();
    expect((await Promise.allSettled(held)).every(({ status }) => status === 'rejected')).toBe(true);
    await until(() => stage.window.waiting === 0);
    stage.part();
    expect((await origin.ask(path)).status).toBe(200);
  });

  it('are refused beyond the limit, and fit again when others have been answered', async () => {
    const { stage, origin, get } = await show({}, { maxWaiters: 3 });
    const path = '720p/index.m3u8?_HLS_msn=3&_HLS_part=1';
    const held = [get(path), get(path), get('480p/1-1-3.1.m4s')];
    await until(() => stage.window.waiting === 3);
    const { status, headers } = await get(path);
    expect([status, headers['retry-after'], headers['cache-control']]).toEqual([503, '1', 'no-store']);
    expect((await get('480p/1-1-3.1.m4s')).status).toBe(503);
    expect(origin.warnings).toHaveLength(1);
    stage.part();
    expect((await Promise.all(held)).map((got) => got.status)).toEqual([200, 200, 200]);
    const next = get('720p/index.m3u8?_HLS_msn=3&_HLS_part=2');
    await until(() => stage.window.waiting === 1);
    stage.part();
    expect((await next).status).toBe(200);
  });

  it('give their places back when their clients go away', async () => {
    const { stage, origin, get } = await show({ targetDurationS: 600 }, { maxWaiters: 3 });
    const path = '720p/index.m3u8?_HLS_msn=3&_HLS_part=1';
    for (let round = 0; round < 3; round += 1) {
      const abort = new AbortController();
      const held = [1, 2, 3].map(() => origin.ask(`/live/in-1/b1/${path}`, { signal: abort.signal }));
      await until(() => stage.window.waiting === 3);
      abort.abort();
      await Promise.allSettled(held);
      await until(() => stage.window.waiting === 0);
    }
    const last = get(path);
    await until(() => stage.window.waiting === 1);
    stage.part();
    expect((await last).status).toBe(200);
  });
});
