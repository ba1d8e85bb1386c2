import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { dial, parseRelay } from '../../../../containers/ingest/passing/dial.ts';
import { relayAddress } from '../../../../containers/ingest/passing/advertise.ts';
import { Stage } from './stage.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** A port whose program stands still: the kernel takes connections, and nobody answers. */
async function silentPort(): Promise<string> {
  const program = `const server = require('node:net').createServer();
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  ends.push(() => child.kill('SIGKILL'));
  const [bytes] = (await once(child.stdout, 'data')) as [Buffer];
  child.kill('SIGSTOP');
  return `127.0.0.1:${Number(bytes.toString())}`;
}

const line = Buffer.from('PROXY TCP4 198.51.100.7 203.0.113.9 50112 1935\r\n');

describe('a connect to a peer', () => {
  it('is given up when it takes too long, and when nobody waits for it any more', async () => {
    const relay = await silentPort();
    const { signal } = new AbortController();
    const begun = performance.now();
    expect(await dial(relay, { line, timeoutMs: 50, signal })).toBeUndefined();
    expect(performance.now() - begun).toBeGreaterThanOrEqual(49);

    const nobody = new AbortController();
    const dialling = dial(relay, { line, timeoutMs: 60_000, signal: nobody.signal });
    nobody.abort();
    expect(await dialling).toBeUndefined();
    expect(await dial(relay, { line, timeoutMs: 60_000, signal: nobody.signal })).toBeUndefined();
  });

  it('is given up at once when the peer hangs up: it has no room', async () => {
    const server = createServer((socket) => socket.once('data', () => socket.end()));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ends.push(() => server.close());
    const relay = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { signal } = new AbortController();
    // Not by the time-out, which is longer than a test may last.
    expect(await dial(relay, { line, timeoutMs: 60_000, signal })).toBeUndefined();
  });

  it('is not tried where no address is', async () => {
    const { signal } = new AbortController();
    for (const relay of ['', '10.0.0.1', '10.0.0.1:0', '10.0.0.1:65536', 'a b:1', '::1:1937', '/sock:1'])
      expect(await dial(relay, { line, timeoutMs: 60_000, signal }), relay).toBeUndefined();
  });

  it('finds the next peer in time when one does not answer', async () => {
    const stage = new Stage();
    ends.push(() => stage.close());
    const silent = await silentPort();
    // By the limits of production: shorter ones would try the patience with the peer that answers, too.
    const [full, free] = await stage.fullAndFree();
    full.peers = () => Promise.resolve([{ taskId: 'silent', relay: silent, slots: 1 }, free.peer]);
    const { code } = await stage.publish(full.port, 'newcomer');
    expect(code).toBe('NetStream.Publish.Start');
    expect(free.takes.map(({ key }) => key)).toEqual(['newcomer']);
  });

  it('is not tried with more peers than there is time for', async () => {
    const stage = new Stage();
    ends.push(() => stage.close());
    const silent = await silentPort();
    const [full, free] = await stage.fullAndFree({
      points: 2400,
      limits: { connectMs: 100, searchMs: 150 },
    });
    const peers = ['a', 'b', 'c'].map((taskId) => ({ taskId, relay: silent, slots: 1 }));
    full.peers = () => Promise.resolve([...peers, free.peer]);
    expect((await stage.publish(full.port, 'newcomer')).code).toBe('NetStream.Publish.Start');
    expect(full.outcomes).toEqual(['no-answer']);
    expect(full.takes.map(({ key }) => key)).toEqual(['newcomer']);
  });

  it('is not tried at all, but missed, when the list of peers has taken all the time there is', async () => {
    const stage = new Stage();
    ends.push(() => stage.close());
    const time = { nowMs: 0 };
    const [full, free] = await stage.fullAndFree({ points: 2400, clock: { now: () => time.nowMs } });
    full.peers = () => {
      time.nowMs += 4_000;
      return Promise.resolve([free.peer]);
    };
    expect((await stage.publish(full.port, 'newcomer')).code).toBe('NetStream.Publish.Start');
    expect(full.outcomes).toEqual(['no-answer']);
    expect(free.takes).toEqual([]);
  });
});

describe('where a task is reached', () => {
  const at = (address: string, internal = false, family: 'IPv4' | 'IPv6' = 'IPv4') =>
    ({ address, internal, family }) as never;

  it('is what it was told, with the port that it listens on unless another was named', () => {
    expect(relayAddress('127.0.0.11', 40_001, {})).toBe('127.0.0.11:40001');
    expect(relayAddress('ingest.internal:1937', 40_001, {})).toBe('ingest.internal:1937');
    expect(relayAddress('[fd00::5]', 40_001, {})).toBe('[fd00::5]:40001');
    expect(parseRelay('[fd00::5]:40001')).toEqual({ host: 'fd00::5', port: 40_001 });
  });

  it('is the first address of the host that others can reach', () => {
    const interfaces = {
      lo: [at('127.0.0.1', true)],
      docker0: [at('172.17.0.1')],
      ens5: [at('fe80::1', false, 'IPv6'), at('10.0.1.5')],
      ens6: [at('10.0.2.5')],
    };
    expect(relayAddress(undefined, 1937, interfaces)).toBe('10.0.1.5:1937');
    expect(relayAddress(undefined, 1937, { lo: [at('127.0.0.1', true)] })).toBeUndefined();
  });
});
