import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ShardError } from '../../../local/chat/chat.ts';
import { openControl, type Control, type ControlHandlers } from '../../../local/control/control.ts';

describe('the control endpoint', () => {
  let folder: string;
  let file: string;
  let server: Server;
  let url: string;
  let control: Control;
  const asked: unknown[] = [];
  const handlers: ControlHandlers = {
    release: (wish) => {
      asked.push(['release', wish]);
      return Promise.resolve({ digest: 'sha256:abc' });
    },
    killHost: (hostId) => {
      asked.push(['kill-host', hostId]);
      return Promise.resolve(hostId === 'host-9' ? undefined : { hostId });
    },
    addShard: (shard) => {
      asked.push(['add-shard', shard]);
      return shard === 'a'
        ? Promise.reject(new ShardError('There is a shard a already.'))
        : Promise.resolve();
    },
    removeShard: (shard) => {
      asked.push(['remove-shard', shard]);
      return Promise.resolve();
    },
    gate: (value) => {
      asked.push(['gate', value]);
      return Promise.resolve({ value: value ?? 'open' });
    },
    token: (person) => {
      asked.push(['token', person]);
      return Promise.resolve({ token: `for ${person}` });
    },
  };

  beforeEach(async () => {
    asked.length = 0;
    folder = mkdtempSync(join(tmpdir(), 'tidecast-control-'));
    file = join(folder, 'control.json');
    server = createServer((request, response) => control.handler(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    control = openControl({ file, url, random: (size) => new Uint8Array(size).fill(7), handlers });
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const written = (): { readonly url: string; readonly token: string } =>
    JSON.parse(readFileSync(file, 'utf8')) as { url: string; token: string };
  const call = async (
    name: string,
    body: unknown,
    options: { readonly token?: string; readonly method?: string } = {},
  ): Promise<{ readonly status: number; readonly body: unknown }> => {
    const { method = 'POST', token = written().token } = options;
    const response = await fetch(`${url}/local-control/${name}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(method === 'POST' ? { body: typeof body === 'string' ? body : JSON.stringify(body) } : {}),
    });
    return { status: response.status, body: await response.json() };
  };

  it('says in control.json, readable by its owner only, where it is and with which token', () => {
    expect(written().url).toBe(url);
    expect(written().token).toMatch(/^[\w-]{43}$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('does not inherit the mode of a control.json that was there', () => {
    writeFileSync(file, 'old', { mode: 0o644 });
    openControl({ file, url, random: (size) => new Uint8Array(size), handlers });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('releases, pulls plugs and gives tokens', async () => {
    expect(await call('release', { broken: true })).toEqual({ status: 200, body: { digest: 'sha256:abc' } });
    expect(await call('release', {})).toMatchObject({ status: 200 });
    expect(await call('kill-host', { host: 3 })).toEqual({ status: 200, body: { hostId: 'host-3' } });
    expect(await call('kill-host', { host: 'host-4' })).toMatchObject({ status: 200 });
    expect(await call('token', { person: 'operator' })).toEqual({
      status: 200,
      body: { token: 'for operator' },
    });
    expect(asked).toEqual([
      ['release', { broken: true }],
      ['release', { broken: false }],
      ['kill-host', 'host-3'],
      ['kill-host', 'host-4'],
      ['token', 'operator'],
    ]);
  });

  it('adds and removes chat shards, and says why it can not', async () => {
    expect(await call('add-shard', { shard: 'c' })).toEqual({ status: 200, body: { shard: 'c' } });
    expect(await call('remove-shard', { shard: 'c' })).toEqual({ status: 200, body: { shard: 'c' } });
    expect(await call('add-shard', { shard: 'a' })).toMatchObject({
      status: 409,
      body: { detail: 'There is a shard a already.' },
    });
    expect(asked).toEqual([
      ['add-shard', 'c'],
      ['remove-shard', 'c'],
      ['add-shard', 'a'],
    ]);
  });

  it('does nothing without the right token', async () => {
    for (const token of ['x', `${written().token}x`, written().token.slice(1)])
      expect(await call('release', {}, { token })).toMatchObject({ status: 401 });
    const without = await fetch(`${url}/local-control/release`, { method: 'POST', body: '{}' });
    expect(without.status).toBe(401);
    expect(await without.text()).not.toContain(written().token);
    expect(asked).toEqual([]);
  });

  it.each([
    ['release', { broken: 'yes' }, 400],
    ['release', 'not json', 400],
    ['release', [], 400],
    ['kill-host', {}, 400],
    ['kill-host', { host: '../host-1' }, 400],
    ['kill-host', { host: 0 }, 400],
    ['add-shard', {}, 400],
    ['add-shard', { shard: '../a' }, 400],
    ['remove-shard', { shard: 'a'.repeat(17) }, 400],
    ['token', { person: 'a b' }, 400],
    ['token', { person: 'x'.repeat(5_000) }, 400],
    ['constructor', {}, 404],
    ['', {}, 404],
  ] as const)('refuses %s with %j', async (name, body, status) => {
    expect(await call(name, body)).toMatchObject({ status, body: { status } });
    expect(asked).toEqual([]);
  });

  it('says that there is no such host, and takes only POST', async () => {
    expect(await call('kill-host', { host: 9 })).toMatchObject({
      status: 404,
      body: { detail: 'There is no host-9 that runs; tidecast fleet lists those that do.' },
    });
    expect(await call('release', {}, { method: 'GET' })).toMatchObject({ status: 405 });
  });

  it('takes its file away at the end', () => {
    control.close();
    expect(existsSync(file)).toBe(false);
  });
});
