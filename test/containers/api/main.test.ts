import { fork } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTables, type LocalTables } from '../../../local/tables.ts';

const main = join(import.meta.dirname, '../../../containers/api/main.ts');
let cookieKey: string;
let folder: string;
let tables: LocalTables;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidecast-api-main-'));
  tables = await startTables({});
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  cookieKey = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  await writeFile(join(folder, 'cookie.pem'), cookieKey);
});
afterAll(async () => {
  await tables.close();
  await rm(folder, { recursive: true });
});

const start = (env: Readonly<Record<string, string>>) => {
  const child = fork(main, [], {
    env: { PATH: process.env['PATH'], TIDECAST_PARENT_WATCH: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return { child, exit: once(child, 'close'), output: () => output };
};

describe('the API as a program', () => {
  it.each([
    ['in a file', () => ({ COOKIE_KEY_FILE: join(folder, 'cookie.pem') })],
    ['as a secret of ECS comes', () => ({ COOKIE_KEY: cookieKey })],
  ])('with its key %s serves where it says, and ends cleanly on SIGTERM', async (_how, key) => {
    const { child, exit, output } = start({
      ...key(),
      TABLE_PREFIX: 'tidecast',
      DYNAMODB_ENDPOINT: tables.endpoint,
      HTTP_HOST: '127.0.0.1',
      HTTP_PORT: '0',
      OBJECT_STORE: pathToFileURL(join(folder, 'objects')).href,
      OIDC_ISSUER: 'http://127.0.0.1:9/nobody',
      OIDC_CLIENT_ID: 'tidecast-web',
      RTMP_URL: 'rtmp://127.0.0.1:1935/live',
      PUBLIC_URL: 'http://127.0.0.1:8080',
      COOKIE_KEY_PAIR_ID: 'TEST',
    });
    const [{ ready }] = (await once(child, 'message')) as [{ ready: { http: number } }];
    const origin = `http://127.0.0.1:${ready.http}`;
    expect((await fetch(`${origin}/healthz`)).status).toBe(200);
    expect(await (await fetch(`${origin}/api/directory`)).json()).toEqual({ live: [], recordings: [] });
    child.kill('SIGTERM');
    const [code] = (await exit) as [number | null];
    expect(code).toBe(0);
    expect(output()).toContain('"msg":"serving"');
    expect(output()).not.toContain('PRIVATE KEY');
  });

  it('does not start half configured, and names what is missing', async () => {
    const { exit, output } = start({ TABLE_PREFIX: 'tidecast' });
    const [code] = (await exit) as [number | null];
    expect(code).toBe(1);
    expect(output()).toContain('OIDC_ISSUER');
    expect(output()).toContain('COOKIE_KEY_FILE');
  });
});
