import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseLivePath } from '../../../../containers/ingest/live/live-path.ts';
import { Origin, until } from './origin.ts';
import { Stage } from './stage.ts';

// Waits end by what happens here, not by their time limit.
const stage = new Stage({ targetDurationS: 600 });
let origin: Origin;
beforeAll(async () => {
  stage.startRun();
  stage.segment(3);
  origin = await Origin.start({ 'in-1/b1': stage.window });
});
afterAll(() => origin.stop());

/** Sends bytes as they are, which node:http would not. */
function raw(text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(origin.port, '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
    // The server may close before it has read everything.
    socket.on('error', () => {});
    socket.on('close', () => {
      resolve(answer);
    });
    socket.write(text);
  });
}

const statusOf = async (target: string): Promise<number> =>
  Number(
    /^HTTP\/1\.1 (\d+)/.exec(
      await raw(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`),
    )?.[1],
  );

describe('a hostile request', () => {
  it('for paths outside of the broadcast finds nothing', async () => {
    for (const target of [
      '/live/in-1/b1/../../../etc/passwd',
      '/live/in-1/b1/720p/../720p/index.m3u8',
      '/live/in-1/b1/%2e%2e/%2e%2e/master.m3u8',
      '/live/in-1/b1/720p%2findex.m3u8',
      '/live/in-1/b1/720p/%69ndex.m3u8',
      '/live/in-1/b1/720p/index.m3u8%00',
      '/live/in-1/b1//720p/index.m3u8',
      '/live/in-1/b1/720p/',
      '/live/in-1/b1/__proto__/index.m3u8',
      '/live/in-1/b1/constructor/index.m3u8',
      '/live/in-1/__proto__/master.m3u8',
      String.raw`/live/in-1/b1/720p\index.m3u8`,
      '/live/in-1/b1/720p/index.m3u8/..',
      '/live/in-1/b1/720p/index.m3u8;x',
      '/live-private/in-1/b1/master.m3u8',
      '//live/in-1/b1/master.m3u8',
      'http://other/live/in-1/b1/master.m3u8',
      '/live/in-1/b1/720p/1-1-00000000000000001.m4s',
      '/live/in-1/b1/720p/1-1-1e1.m4s',
      '/',
      '*',
    ])
      expect([target, await statusOf(target)]).toEqual([target, 404]);
  });

  it('with a huge address is refused', async () => {
    expect(await statusOf(`/live/in-1/b1/720p/index.m3u8?${'x'.repeat(2000)}`)).toBe(414);
    expect(await statusOf(`/live/${'a'.repeat(3000)}`)).toBe(414);
    // Beyond node:http's own limit.
    expect([431, Number.NaN]).toContain(await statusOf(`/live/${'a'.repeat(100_000)}`));
    expect(await statusOf('/live/in-1/b1/master.m3u8')).toBe(200);
  });

  it('that is no HTTP hurts nobody else', async () => {
    await Promise.all(
      ['\r\n\r\n', 'GET', 'x'.repeat(5000), 'GET / HTTP/9.9\r\n\r\n', '\0\0\0\0\r\n\r\n'].map((text) =>
        Promise.race([raw(`${text}\r\n\r\n`), new Promise((resolve) => setTimeout(resolve, 200))]),
      ),
    );
    expect(await statusOf('/live/in-1/b1/master.m3u8')).toBe(200);
  });

  it('may send many requests in one go on one connection', async () => {
    const one = 'GET /live/in-1/b1/720p/index.m3u8?_HLS_msn=3&_HLS_part=0 HTTP/1.1\r\nHost: x\r\n';
    const answers = raw(`${`${one}\r\n`.repeat(50)}${one}Connection: close\r\n\r\n`);
    await until(() => stage.window.waiting > 0);
    stage.part();
    expect((await answers).split('HTTP/1.1 200').length - 1).toBe(51);
    expect(stage.window.waiting).toBe(0);
  });

  it('that ends in the middle frees its place', async () => {
    const sockets = Array.from({ length: 50 }, () => connect(origin.port, '127.0.0.1'));
    for (const socket of sockets)
      socket.write('GET /live/in-1/b1/720p/index.m3u8?_HLS_msn=4 HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => stage.window.waiting === 50);
    for (const socket of sockets) socket.resetAndDestroy();
    await until(() => stage.window.waiting === 0);
  });

  it('with any path is answered without failing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.webPath(),
          fc
            .array(
              fc.constantFrom('live', 'in-1', 'b1', '720p', '..', '%2e', 'index.m3u8', '1-1-1.m4s', ''),
              {
                maxLength: 7,
              },
            )
            .map((parts) => `/${parts.join('/')}`),
        ),
        fc.webQueryParameters(),
        async (path, query) => {
          expect([200, 400, 404, 414]).toContain(
            (await origin.ask(`${path === '' ? '/' : path}?${query}`)).status,
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('an address under /live', () => {
  it('is never read as anything but names of ours', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (rest) => {
        const parsed = parseLivePath(`/live/in-1/b1/${rest}`);
        if (parsed === undefined) return;
        const { target } = parsed;
        const names = target.kind === 'file' ? [target.rendition, target.name] : [];
        for (const name of names) expect(name).toMatch(/^[\w.-]+$/);
        for (const name of names) expect(name).not.toMatch(/^\.|\.\./);
      }),
    );
  });
});
