import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { pingResponse } from '../../../../containers/ingest/rtmp/control.ts';
import type { PublishDecision } from '../../../../containers/ingest/rtmp/types.ts';
import { audioPayload, TestClient, videoPayload } from './client.ts';
import { goodKey, type Harness, makeCertificate, RecordingSink, startHarness } from './harness.ts';

let harness: Harness;
const clients: TestClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.destroy();
  await harness.close();
});

const start = async (...args: Parameters<typeof startHarness>): Promise<void> => {
  harness = await startHarness(...args);
};

async function publishing(key = goodKey) {
  const { client, code } = await TestClient.publishing(harness.port, key);
  clients.push(client);
  const session = harness.sessions.at(-1);
  if (session === undefined) throw new Error('no publish was asked for');
  return { client, code, ...session };
}

describe('the RTMP server', () => {
  it('hands on what an accepted encoder sends, and why it ended', async () => {
    await start();
    const { client, code, sink, request } = await publishing();
    expect(code).toBe('NetStream.Publish.Start');
    expect(request).toStrictEqual({
      app: 'live',
      publishingName: goodKey,
      remoteAddress: '127.0.0.1',
      encoder: 'FMLE/3.0 (compatible; Test)',
    });
    client.send(9, videoPayload(), 5);
    client.send(8, audioPayload(), 6);
    client.say('FCUnpublish', null, goodKey);
    expect(await sink.end()).toBe('finished');
    expect(sink.messages.map(({ kind }) => kind)).toStrictEqual(['video', 'audio']);
    await client.closed;
    expect(sink.ends).toStrictEqual(['finished']);
    expect(harness.logged()).not.toContain(goodKey);
    expect(harness.events.filter(({ kind }) => kind !== 'received')).toStrictEqual([
      { kind: 'opened' },
      { kind: 'published' },
      { kind: 'closed', reason: 'finished' },
    ]);
  });

  it('calls a plain FIN and a reset a drop', async () => {
    await start();
    const first = await publishing();
    first.client.socket.end();
    expect(await first.sink.end()).toBe('dropped');
    const second = await publishing();
    second.client.socket.resetAndDestroy();
    expect(await second.sink.end()).toBe('dropped');
    expect(second.signal.aborted).toBe(true);
  });

  it('refuses a wrong key with a status, then closes', async () => {
    await start();
    const { client, code, signal } = await publishing('wrong');
    expect(code).toBe('NetStream.Publish.Unauthorized');
    await client.closed;
    expect(signal.aborted).toBe(true);
    expect(harness.events).toContainEqual({ kind: 'refused', reason: 'unauthorised' });
    expect(harness.logged()).not.toContain('"wrong"');
  });

  it.each([
    ['rejects', () => Promise.reject(new Error('the table is away'))],
    [
      'throws',
      () => {
        throw new Error('the table is away');
      },
    ],
  ])('answers neutrally when authorise %s', async (_, decide: () => Promise<PublishDecision>) => {
    await start({ decide });
    const { client, code } = await publishing();
    expect(code).toBe('NetStream.Publish.Failed');
    expect(client.statuses()[0]?.description).not.toContain('table');
    await client.closed;
    expect(harness.logged()).toContain('the table is away');
  });

  it('gives up on an authorise that does not end, and ends the sink that comes too late', async () => {
    const { promise, resolve } = Promise.withResolvers<PublishDecision>();
    await start({ decide: () => promise, limits: { authoriseDeadlineMs: 50 } });
    const { client, code, signal } = await publishing();
    expect(code).toBe('NetStream.Publish.Failed');
    expect(signal.aborted).toBe(true);
    const sink = new RecordingSink();
    resolve({ accepted: true, sink });
    expect(await sink.end()).toBe('violation');
    expect(client.statuses()).toHaveLength(1);
  });

  it('aborts the signal when the encoder goes during authorise, and ends the late sink once', async () => {
    const { promise, resolve } = Promise.withResolvers<PublishDecision>();
    await start({ decide: () => promise });
    const client = await TestClient.ready(harness.port);
    client.say('publish', null, goodKey, 'live');
    client.socket.end();
    await client.closed;
    const signal = harness.sessions[0]?.signal;
    if (signal?.aborted === false) await once(signal, 'abort');
    const sink = new RecordingSink();
    resolve({ accepted: true, sink });
    await sink.end();
    expect(sink.ends).toStrictEqual(['dropped']);
  });

  it('refuses after Publish.Start with a status, and nothing is handed on after', async () => {
    await start();
    const { client, publisher, sink } = await publishing();
    publisher.refuse('NetStream.Publish.Denied', 'HEVC is not supported: set H.264 in the encoder');
    client.send(9, videoPayload());
    expect(await client.status((code) => code !== 'NetStream.Publish.Start')).toBe(
      'NetStream.Publish.Denied',
    );
    await client.closed;
    expect([sink.ends, sink.messages]).toStrictEqual([['violation'], []]);
  });

  it.each([
    ['taken-over', 'NetStream.Publish.BadName'],
    ['shutdown', 'NetStream.Publish.Failed'],
  ] as const)('closes a connection that is %s with a status', async (reason, expected) => {
    await start();
    const { client, publisher, sink } = await publishing();
    publisher.close(reason);
    publisher.close('finished');
    publisher.refuse('NetStream.Publish.Denied', 'too late');
    expect(await client.status((code) => code !== 'NetStream.Publish.Start')).toBe(expected);
    await client.closed;
    expect(sink.ends).toStrictEqual([reason]);
  });

  it('destroys a refused connection that does not go by itself', async () => {
    await start();
    const socket = connect({ port: harness.port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    const client = new TestClient(socket);
    await client.handshake();
    await client.command('connect', null);
    client.say('publish', null, 'wrong', 'live');
    await client.status();
    // Our own side stays open: only the linger time ends it.
    await vi.waitFor(() => expect(harness.server.connections).toBe(0), { timeout: 5_000 });
    socket.destroy();
  });

  it('drops an encoder that goes silent, though it answers pings', async () => {
    await start({ limits: { idleMs: 150, pingIntervalMs: 20 } });
    const { client, sink } = await publishing();
    client.socket.on('data', () => client.write(pingResponse(0)));
    client.send(9, videoPayload());
    expect(await sink.end()).toBe('idle');
    expect(await client.status((code) => code !== 'NetStream.Publish.Start')).toBe('NetStream.Publish.Idle');
  });

  it('does not call an encoder silent that it does not read itself', async () => {
    let nowMs = 0;
    await start({ clock: { now: () => nowMs }, limits: { idleMs: 1_000 } });
    const { client, publisher, sink } = await publishing();
    client.send(9, videoPayload(), 1);
    await sink.until(({ messages }) => messages.length === 1);
    publisher.pause();
    for (let turn = 0; turn < 5; turn++) {
      nowMs += 900;
      client.send(9, videoPayload(), 2);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    expect([sink.messages.length, sink.ends]).toStrictEqual([1, []]);
    publisher.resume();
    await sink.until(({ messages }) => messages.length === 6);
    client.socket.end();
    expect(await sink.end()).toBe('dropped');
    nowMs += 10_000;
  });

  it('does not call encoders silent for the time in which it stood still itself', async () => {
    await start({ limits: { idleMs: 400, pingIntervalMs: 20 } });
    const { client, sink } = await publishing();
    for (let turn = 1; turn <= 3; turn++) {
      client.send(9, videoPayload());
      await sink.until(({ messages }) => messages.length === 2 * turn - 1);
      // A sweep has seen that message: only the next one can say that the encoder is there.
      await client.until(() => client.received.length > 0);
      const seen = client.received.length;
      await client.until(() => client.received.length >= seen + 2);
      client.send(9, videoPayload());
      // It lies in the socket's buffer when the process runs again, and timers come first.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
      await sink.until(({ messages, ends }) => messages.length === 2 * turn || ends.length > 0);
      expect(sink.ends).toStrictEqual([]);
    }
    expect(await sink.end()).toBe('idle');
  });

  it('measures the round trip by ping', async () => {
    await start({ limits: { pingIntervalMs: 20 } });
    const { client, publisher } = await publishing();
    expect(publisher.roundTripMs).toBeUndefined(); // C2 came together with C1
    await client.until(() => client.received.some(({ type, payload }) => type === 4 && payload[1] === 6));
    const ping = client.received.findLast(({ type, payload }) => type === 4 && payload[1] === 6);
    const pong = Buffer.from(ping?.payload ?? []);
    pong[1] = 7;
    client.send(4, pong, 0, 0);
    client.say('sync', null);
    await client.answer(([name]) => name === '_error');
    expect(publisher.roundTripMs).toBeGreaterThanOrEqual(0);
  });

  it('turns a fault of the sink into a drop of that connection only', async () => {
    const sink = new RecordingSink();
    sink.message = () => {
      throw new Error('a fault of ours');
    };
    await start({ decide: () => Promise.resolve({ accepted: true, sink }) });
    const { client } = await publishing();
    client.send(9, videoPayload());
    expect(await sink.end()).toBe('dropped');
    expect(harness.logged()).toContain('a fault of ours');
    expect((await publishing()).code).toBe('NetStream.Publish.Start');
  });

  it('survives a decision that is none, and a counter that fails', async () => {
    const onEvent = (): void => {
      throw new Error('no such label');
    };
    await start({ decide: () => Promise.resolve(undefined as unknown as PublishDecision), onEvent });
    const { client, code } = await publishing();
    expect(code).toBe('NetStream.Publish.Failed');
    await client.closed;
    expect(harness.logged()).toContain('no such label');
  });

  it('takes no new connections after stopListening and keeps those it has', async () => {
    await start();
    const { client, sink } = await publishing();
    await harness.server.stopListening();
    await expect(TestClient.connect(harness.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    client.send(9, videoPayload());
    await sink.until(({ messages }) => messages.length === 1);
    const closed = harness.server.close();
    expect(await sink.end()).toBe('shutdown');
    await closed;
    expect(harness.server.connections).toBe(0);
  });

  it('speaks TLS on a port of its own, and survives what is no TLS there', async () => {
    await start({ tls: { port: 0, ...makeCertificate() }, limits: { publishDeadlineMs: 300 } });
    const tlsPort = harness.server.tlsPort ?? 0;
    const garbage = connect(tlsPort, '127.0.0.1', () => garbage.write('GET / HTTP/1.1\r\n\r\n'));
    garbage.on('error', () => {});
    const silent = connect(tlsPort, '127.0.0.1');
    silent.on('error', () => {});
    const gone = [garbage, silent].map((socket) => once(socket.resume(), 'close'));
    const { client, code } = await TestClient.publishing(tlsPort, goodKey, { tls: true });
    expect(code).toBe('NetStream.Publish.Start');
    await Promise.all(gone);
    client.socket.destroy();
    expect(await harness.sessions[0]?.sink.end()).toBe('dropped');
  });

  it('fails to start on a port that is taken, and with a certificate that is none', async () => {
    await start();
    await expect(startHarness({ port: harness.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await expect(startHarness({ tls: { port: 0, cert: 'none', key: 'none' } })).rejects.toThrow();
  });
});
