import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Arena, openArena } from '../../../../tools/fuzz/rtmp-arena.ts';
import { encodeChunks } from '../../../../containers/ingest/rtmp/chunk-writer.ts';
import { pingRequest, setChunkSize } from '../../../../containers/ingest/rtmp/control.ts';
import { defaultLimits } from '../../../../containers/ingest/rtmp/limits.ts';
import { handshakeBytes, TestClient, videoPayload } from './client.ts';
import { goodKey, type Harness, otherKey, startHarness } from './harness.ts';

let harness: Harness;

/** A broadcaster beside the attack: whatever it sends must arrive, in order. */
async function bystander() {
  const { client } = await TestClient.publishing(harness.port, otherKey);
  const session = harness.sessions.at(-1);
  if (session === undefined) throw new Error('it does not publish');
  let sent = 0;
  return {
    unharmed: async () => {
      for (let turn = 0; turn < 20; turn++) client.send(9, videoPayload(), (sent += 1));
      await session.sink.until(({ messages, ends }) => messages.length === sent || ends.length > 0);
      expect(session.sink.ends).toStrictEqual([]);
      expect(session.sink.messages.map(({ timestampMs }) => timestampMs)).toStrictEqual(
        Array.from({ length: sent }, (_, index) => index + 1),
      );
      client.socket.destroy();
    },
  };
}

const violation = (why: string): boolean => harness.logged().includes(why);

describe('a hostile peer', () => {
  afterEach(() => harness.close());

  it('that sends its handshake a byte at a time is cut off at the deadline', async () => {
    harness = await startHarness({ limits: { publishDeadlineMs: 300 } });
    const other = await bystander();
    const client = await TestClient.connect(harness.port);
    const drip = setInterval(() => client.write(Buffer.of(3)), 20);
    await client.closed;
    clearInterval(drip);
    expect(harness.events).toContainEqual({ kind: 'refused', reason: 'too-slow' });
    await other.unharmed();
  });

  it('that stops half way through its commands is cut off at the deadline', async () => {
    harness = await startHarness({ limits: { publishDeadlineMs: 200 } });
    const client = await TestClient.ready(harness.port);
    await client.closed;
    expect(harness.events).toContainEqual({ kind: 'refused', reason: 'too-slow' });
  });

  it('that sends media before publish loses its connection', async () => {
    harness = await startHarness();
    const other = await bystander();
    const client = await TestClient.ready(harness.port);
    client.send(9, videoPayload());
    await client.closed;
    expect(violation('media before an accepted publish')).toBe(true);
    await other.unharmed();
  });

  it('that sends media while its key is still being checked loses its connection', async () => {
    harness = await startHarness({ decide: () => new Promise(() => {}) });
    const client = await TestClient.ready(harness.port);
    client.say('publish', null, goodKey, 'live');
    client.send(9, videoPayload());
    await client.closed;
    expect(violation('media before an accepted publish')).toBe(true);
  });

  it('that was refused and goes on sending reaches nobody', async () => {
    harness = await startHarness();
    const other = await bystander();
    const { client, code } = await TestClient.publishing(harness.port, 'wrong');
    expect(code).toBe('NetStream.Publish.Unauthorized');
    // The message stream id is the one of the broadcast beside it.
    for (let turn = 0; turn < 50; turn++) client.send(9, videoPayload(), 12_345, 1);
    await other.unharmed();
    client.socket.destroy();
    expect(harness.sessions.map(({ sink }) => sink.messages.length)).toStrictEqual([20, 0]);
  });

  it('that publishes and names the stream ids of others reaches only its own broadcast', async () => {
    harness = await startHarness();
    const other = await bystander();
    const { client } = await TestClient.publishing(harness.port, goodKey);
    for (const streamId of [0, 1, 2, 0xffffffff]) client.send(9, videoPayload(), 777, streamId);
    client.say('deleteStream', null, 2);
    const sink = harness.sessions[1]?.sink;
    await sink?.until(({ messages }) => messages.length === 4);
    await other.unharmed();
    client.socket.destroy();
  });

  it.each([
    ['a message of 16 MiB', { type: 9, length: 0xffffff }, 'over 10485760'],
    ['a command of 1 MiB', { type: 20, length: 1 << 20 }, 'over 65536'],
  ])('that announces %s is cut off by the header alone', async (_, { type, length }, why) => {
    harness = await startHarness();
    const other = await bystander();
    const { client } = await TestClient.publishing(harness.port, goodKey);
    const header = Buffer.alloc(12);
    header.writeUInt8(7);
    header.writeUIntBE(length, 4, 3);
    header.writeUInt8(type, 7);
    client.write(header);
    await client.closed;
    expect(violation(why)).toBe(true);
    expect(await harness.sessions[1]?.sink.end()).toBe('violation');
    await other.unharmed();
  });

  it('that opens messages on many chunk streams and ends none is cut off', async () => {
    harness = await startHarness();
    const other = await bystander();
    const { client } = await TestClient.publishing(harness.port, goodKey);
    client.write(setChunkSize(1 << 20));
    for (let id = 10; id < 40; id++) {
      const message = { type: 9, streamId: 1, timestampMs: 0, payload: Buffer.alloc((1 << 20) + 1) };
      client.write(encodeChunks(message, id, 1 << 20).subarray(0, 12 + (1 << 20)));
    }
    await client.closed;
    expect(violation('bytes in unfinished messages')).toBe(true);
    await other.unharmed();
  });

  it('that does not read the answers it asks for is cut off', async () => {
    harness = await startHarness();
    const other = await bystander();
    const { client } = await TestClient.publishing(harness.port, goodKey);
    client.socket.pause();
    const pings = Buffer.concat(Array.from({ length: 2_000 }, () => pingRequest(1)));
    const gone = once(client.socket, 'close');
    const flood = (): void => {
      while (!client.socket.destroyed && client.socket.write(pings));
    };
    client.socket.on('drain', flood);
    flood();
    expect(await harness.sessions[1]?.sink.end()).toBe('violation');
    expect(violation('does not read what the server says')).toBe(true);
    client.socket.destroy();
    await gone;
    await other.unharmed();
  });

  it('that speaks HTTP, or nothing known, is cut off at its first byte', async () => {
    harness = await startHarness();
    for (const hello of ['GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01\x02\x00', '\0']) {
      const client = await TestClient.connect(harness.port);
      client.write(Buffer.from(hello, 'latin1'));
      await client.closed;
    }
    expect(harness.events.filter((event) => event.kind === 'refused')).toStrictEqual(
      Array.from({ length: 3 }, () => ({ kind: 'refused', reason: 'violation' })),
    );
  });
});

describe('10,000 half-open connections', () => {
  /** That say nothing, that stop inside the handshake, that stop after it. */
  const hellos = [Buffer.alloc(0), handshakeBytes().subarray(0, 1_000), handshakeBytes()];
  let arena: Arena;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    arena = await openArena();
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await arena.close();
  });

  async function open(index: number): Promise<void> {
    // Many addresses, so that the limit of all is reached and not only that of each.
    const localAddress = `127.0.${1 + (index % 200)}.1`;
    // Never answers a FIN, as a peer that lost its power.
    const socket = connect({ port: arena.port, host: '127.0.0.1', localAddress, allowHalfOpen: true });
    socket.on('error', () => {});
    sockets.push(socket);
    await once(socket, 'connect');
    socket.write(hellos[index % hellos.length] ?? '');
  }

  it('leave memory bounded, a broadcast unharmed, and new encoders let in', async () => {
    const before = await arena.stats();
    for (let opened = 0; opened < 10_000; opened += 250) {
      await Promise.allSettled(Array.from({ length: 250 }, (_, index) => open(opened + index)));
    }
    const during = await arena.stats();
    expect(during.connections).toBeLessThanOrEqual(defaultLimits.maxConnections);
    expect(during.connections).toBeGreaterThan(defaultLimits.maxConnectionsPerAddress);
    const { client, code } = await TestClient.publishing(arena.port, goodKey);
    expect(code).toBe('NetStream.Publish.Start');
    client.socket.destroy();
    const after = await arena.stats();
    expect(after).toMatchObject({ faults: 0, witnessEnds: 0, witnessGaps: 0 });
    expect(after.witnessMessages).toBeGreaterThan(before.witnessMessages);
    // Measured: 60 MiB for the 1,024 that are held and the garbage of the others.
    expect(after.rssBytes - before.rssBytes).toBeLessThan(150 * 2 ** 20);
  }, 90_000);
});
