import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openGateStore, type GateStore } from '../../../local/gate-store.ts';
import { always, ask, atEnd, startOrigin, startTestEdge, testClock, type TestEdge } from './harness.ts';

async function gatedEdge(): Promise<TestEdge & { readonly gate: GateStore; readonly file: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'tidecast-gate-'));
  atEnd(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'assets'));
  for (const page of ['index', 'watch', 'studio', 'not-found'])
    writeFileSync(join(folder, `${page}.html`), page);
  writeFileSync(join(folder, 'assets', 'app-1a2b.js'), 'code();');
  const clock = testClock();
  const file = join(folder, 'gate.json');
  const gate = openGateStore({ file, clock, random: (size) => new Uint8Array(size).fill(7) });
  const api = await startOrigin(always('{}', { 'content-type': 'application/json' }));
  const edge = await startTestEdge({ web: folder, api: api.url }, { clock, gate });
  return { ...edge, gate, file };
}

const passIn = (headers: { readonly 'set-cookie'?: string[] | undefined }): string | undefined =>
  headers['set-cookie']?.find((line) => line.startsWith('tidecast-pass='))?.split(';', 1)[0];

test('whoever came in while the gate was open goes on when it is closed, newcomers wait', async () => {
  const edge = await gatedEdge();
  const first = await ask(edge, '/watch/b1');
  const pass = passIn(first.headers);
  expect([first.status, first.body.toString()]).toEqual([200, 'watch']);
  expect(pass).toMatch(/^tidecast-pass=\d{10}\.[0-9a-f]{64}$/);
  edge.gate.write('closed');
  const before = edge.stats().originRequests;
  const newcomer = await ask(edge, '/watch/b1');
  expect(newcomer.status).toBe(503);
  expect(newcomer.headers).toMatchObject({
    'cache-control': 'no-store',
    'content-type': 'text/html; charset=utf-8',
    'retry-after': expect.stringMatching(/^\d\d$/) as string,
  });
  expect(newcomer.body.toString()).toContain('お待ちください');
  expect(passIn(newcomer.headers)).toBeUndefined();
  expect(edge.stats().originRequests).toBe(before);
  const again = await ask(edge, '/watch/b1', { headers: { cookie: `a=b; ${pass}; __proto__=x` } });
  expect([again.status, again.body.toString()]).toEqual([200, 'watch']);
});

test.each([
  ['/studio', 200],
  ['/assets/app-1a2b.js', 200],
  ['/api/config', 200],
  ['/nowhere', 404],
])('a closed gate does not stand before %s', async (path, status) => {
  const edge = await gatedEdge();
  edge.gate.write('closed');
  const answer = await ask(edge, path);
  expect(answer.status).toBe(status);
  expect(passIn(answer.headers)).toBeUndefined();
});

test('a page that is kept for everybody keeps nobody’s pass', async () => {
  const edge = await gatedEdge();
  const passes = new Set<string | undefined>();
  for (const after of [0, 10_000]) {
    const { headers } = await ask(edge, '/', { headers: { 'user-agent': `viewer ${after}` } });
    passes.add(passIn(headers));
  }
  const holder = await ask(edge, '/', { headers: { cookie: [...passes][0] } });
  expect(holder.headers['x-cache']).toContain('Hit');
  expect(passIn(holder.headers)).toBeUndefined();
});

test('the value and the secret outlive the platform, and nobody else may read them', async () => {
  const { gate, file } = await gatedEdge();
  gate.write('0.25');
  const later = openGateStore({ file, clock: testClock(), random: () => new Uint8Array(32) });
  expect(later.value).toBe('0.25');
  expect(await later.read('key')).toBe('07'.repeat(32));
  await expect(later.read('other')).rejects.toThrow(RangeError);
  expect(() => later.write('ajar')).toThrow(RangeError);
});
