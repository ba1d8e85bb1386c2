import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pageHeaders } from '../../../core/pages.ts';
import { ask, atEnd, startTestEdge, testClock, type TestEdge } from './harness.ts';

const issuer = 'http://127.0.0.1:9';

async function edgeWithPages(
  files: Readonly<Record<string, string>>,
): Promise<TestEdge & { clock: { nowMs: number } }> {
  const parent = mkdtempSync(join(tmpdir(), 'tidecast-edge-'));
  atEnd(() => rmSync(parent, { recursive: true }));
  writeFileSync(join(parent, 'secret.html'), 'secret');
  mkdirSync(join(parent, 'web', 'assets'), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(parent, 'web', name), text);
  const clock = testClock();
  return { ...(await startTestEdge({ web: join(parent, 'web') }, { clock, issuer })), clock };
}

const files = {
  'index.html': 'directory page',
  'watch.html': 'watch page',
  'studio.html': 'studio page',
  'ops.html': 'operations page',
  'signed-in.html': 'signed-in page',
  'not-found.html': 'no such page here',
  'assets/app-1a2b.js': 'code();',
  'assets/app-1a2b.css': 'a{}',
  'assets/.env': 'secret',
};

test.each([
  ['/', 200, 'directory page'],
  ['/watch/b1', 200, 'watch page'],
  ['/watch/b1?x=y', 200, 'watch page'],
  ['/studio', 200, 'studio page'],
  ['/ops', 200, 'operations page'],
  ['/signed-in?code=c&state=s', 200, 'signed-in page'],
  ['/nowhere', 404, 'no such page here'],
  ['/watch', 404, 'no such page here'],
  ['/secret.html', 404, 'no such page here'],
  ['/assets/app-1a2b.js', 200, 'code();'],
  ['/assets/app-1a2b.css', 200, 'a{}'],
  ['/assets/gone.js', 404, 'There is no such page.\n'],
  ['/assets/', 404, 'There is no such page.\n'],
  ['/assets/.env', 404, 'There is no such page.\n'],
  ['/assets/app-1a2b.js/x', 404, 'There is no such page.\n'],
])('%s is %i: %s', async (path, status, text) => {
  const edge = await edgeWithPages(files);
  const answer = await ask(edge, path);
  expect([answer.status, answer.body.toString()]).toEqual([status, text]);
});

test('pages come with the headers that shut everything else out, and are asked for again each time', async () => {
  const edge = await edgeWithPages(files);
  for (const path of ['/', '/watch/b1', '/nowhere']) {
    const { headers } = await ask(edge, path);
    expect(headers).toMatchObject({ ...pageHeaders(issuer), 'content-type': 'text/html; charset=utf-8' });
    expect(headers['cache-control']).toMatch(/^public, max-age=0/);
  }
  expect((await ask(edge, '/')).headers['x-cache']).toContain('Hit');
  edge.clock.nowMs += 60_000;
  expect((await ask(edge, '/')).headers['x-cache']).toContain('Miss');
});

test('a page that the browser has already is not sent again', async () => {
  const edge = await edgeWithPages(files);
  const { etag = '' } = (await ask(edge, '/')).headers;
  expect(etag).toMatch(/^"[\w-]{27}"$/);
  const again = await ask(edge, '/', { headers: { 'if-none-match': etag } });
  expect([again.status, again.body.length]).toEqual([304, 0]);
});

test('assets have hashed names and are kept for a year', async () => {
  const edge = await edgeWithPages(files);
  expect((await ask(edge, '/assets/app-1a2b.js')).headers).toMatchObject({
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
  });
});

test('pages take no cookies and give none', async () => {
  const edge = await edgeWithPages(files);
  await ask(edge, '/', { headers: { cookie: 'a=b' } });
  const { headers } = await ask(edge, '/', { headers: { cookie: 'c=d', authorization: 'Bearer x' } });
  expect(headers['x-cache']).toContain('Hit');
  expect(headers).not.toHaveProperty('set-cookie');
});

test('before the pages are built the answer is a plain 404', async () => {
  const edge = await startTestEdge();
  const answer = await ask(edge, '/');
  expect([answer.status, answer.body.toString()]).toEqual([404, 'There is no such page.\n']);
});
