import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Peer } from '../../../../core/fleet/heartbeat.ts';
import type { Newcomer } from '../../../../containers/ingest/rtmp/types.ts';
import { messageType } from '../../../../containers/ingest/rtmp/message.ts';
import { handshakeBytes, videoPayload } from '../rtmp/client.ts';
import { makeCertificate } from '../rtmp/harness.ts';
import { hungUp, refused, show, Stage, started, type StageTask } from './stage.ts';

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

/** The next one that a task is about to pass on. */
const newcomersOf = ({ passing }: StageTask): Promise<Newcomer> =>
  new Promise((resolve) => {
    const begin = passing.begin.bind(passing);
    vi.spyOn(passing, 'begin').mockImplementation((newcomer) => {
      resolve(newcomer);
      return begin(newcomer);
    });
  });

/** Waits until a number does not change any more, and answers it: nothing moves while nobody reads. */
async function standsStill(read: () => number): Promise<number> {
  let last = Number.NaN;
  await vi.waitFor(
    () => {
      const now = read();
      const isStill = now === last;
      last = now;
      expect(isStill).toBe(true);
    },
    { interval: 300, timeout: 10_000 },
  );
  return last;
}

describe('a newcomer of a task without room', () => {
  it('goes live on a peer, which knows its address', async () => {
    const [full, free] = await stage.fullAndFree();
    const { client, code } = await stage.publish(full.port, 'newcomer', { from: '127.0.0.7' });
    expect(code).toBe(started);
    expect(free.takes).toMatchObject([{ key: 'newcomer', remoteAddress: '127.0.0.7' }]);
    expect(full.takes).toEqual([]);
    expect(full.outcomes).toEqual(['passed']);
    expect(full.passing.count).toBe(1);
    client.send(messageType.video, videoPayload(100_000));
    await free.takes[0]?.sink.until((sink) => sink.count('video') === 1);
    client.say('deleteStream', null, 1);
    expect(await free.takes[0]?.sink.end()).toBe('finished');
    client.socket.end();
    await vi.waitFor(() => expect(full.passing.count).toBe(0));
  });

  it('goes live on a peer by RTMPS too: TLS ends at the first task', async () => {
    const tls = { port: 0, ...makeCertificate() };
    const [full, free] = await stage.fullAndFree({ rtmp: { tls } });
    const { client, code } = await stage.publish(full.harness.server.tlsPort ?? 0, 'newcomer', { tls: true });
    expect(code).toBe(started);
    expect(free.takes).toMatchObject([{ key: 'newcomer', remoteAddress: '127.0.0.1' }]);
    client.send(messageType.video, videoPayload(100_000));
    await free.takes[0]?.sink.until((sink) => sink.count('video') === 1);
    client.socket.destroy();
    expect(await free.takes[0]?.sink.end()).toBe('dropped');
    await vi.waitFor(() => expect(full.passing.count).toBe(0));
  });

  it('stays when there is room for it, and when many come at once only as many do as there is room for', async () => {
    const [few, free] = [await stage.task({ points: 2000 }), await stage.task({ points: 9000 })];
    few.peers = () => Promise.resolve([free.peer]);
    const all = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((key) => stage.publish(few.port, key)));
    expect(all.map(({ code }) => code)).toEqual(Array.from({ length: 5 }, () => started));
    expect(few.takes).toHaveLength(2);
    expect(free.takes).toHaveLength(3);
  });

  it('stays up to the ceiling while a show is interrupted here, and is passed on beyond it', async () => {
    const [full, free] = await stage.fullAndFree({ points: 3000 });
    full.held.push({ ...show('away', 'interrupted'), points: 500 });
    // 2500 points held: one more is over the band, and below the ceiling (3000 × 0.9 / 0.7 = 3857).
    expect((await stage.publish(full.port, 'newcomer')).code).toBe(started);
    expect(full.takes.map(({ key }) => key)).toEqual(['newcomer']);
    expect((await stage.publish(full.port, 'another')).code).toBe(started);
    expect(free.takes.map(({ key }) => key)).toEqual(['another']);
  });

  it('stays when nobody else has room, up to the ceiling, and is then refused', async () => {
    const full = await stage.task({ points: 4000 });
    full.held.push(show('1'), show('2'), show('3'), { ...show('4'), points: 500 });
    expect((await stage.publish(full.port, 'newcomer')).code).toBe(started);
    expect((await stage.publish(full.port, 'another')).code).toBe(refused);
    expect(full.takes.map(({ key }) => key)).toEqual(['newcomer']);
    expect(full.outcomes).toEqual(['no-peers', 'no-peers']);
  });

  it('stays with what it said by RTMPS, too', async () => {
    const tls = { port: 0, ...makeCertificate() };
    const full = await stage.task({ points: 2400, rtmp: { tls } });
    full.held.push(show('1'), show('2'));
    const dead = await stage.deadPeer();
    full.peers = () => Promise.resolve([dead]);
    const { client, code } = await stage.publish(full.harness.server.tlsPort ?? 0, 'newcomer', { tls: true });
    expect(code).toBe(started);
    expect(full.outcomes).toEqual(['no-answer']);
    client.socket.end();
    expect(await full.takes[0]?.sink.end()).toBe('dropped');
  });

  it('goes to the next peer when one does not answer, and stays when none does', async () => {
    const [full, free] = await stage.fullAndFree({ points: 2400 });
    const dead = await stage.deadPeer();
    full.peers = () => Promise.resolve([dead, { ...dead, relay: 'no address' }, free.peer]);
    expect((await stage.publish(full.port, 'newcomer')).code).toBe(started);
    expect(free.takes.map(({ key }) => key)).toEqual(['newcomer']);

    const alone = await stage.task({ points: 2400 });
    alone.held.push(show('1'), show('2'));
    alone.peers = () => Promise.resolve([dead, { ...dead, taskId: 'dead too' }]);
    expect((await stage.publish(alone.port, 'newcomer')).code).toBe(started);
    expect(alone.takes.map(({ key }) => key)).toEqual(['newcomer']);
    expect(alone.outcomes).toEqual(['no-answer']);
  });

  it('stays when no peer has room either: taken up to the ceiling, then refused', async () => {
    const [a, b] = [await stage.task({ points: 2400 }), await stage.task({ points: 2400 })];
    for (const [task, other] of [
      [a, b],
      [b, a],
    ] as const) {
      task.held.push(show(`${task.taskId}-1`), show(`${task.taskId}-2`));
      task.peers = () => Promise.resolve([task.peer, other.peer]);
    }
    expect((await stage.publish(a.port, 'one')).code).toBe(started);
    expect(a.takes.map(({ key }) => key)).toEqual(['one']);
    a.held.push(show('one'));
    const second = await stage.publish(a.port, 'two');
    expect(second.code).toBe(refused);
    expect(a.outcomes).toEqual(['no-answer', 'no-answer']);
    expect(b.takes).toEqual([]);
    // What comes by the relay port is never passed on again.
    expect(b.outcomes).toEqual([]);
    expect(b.passing.count).toBe(0);
  });

  it('has lost nothing of what it said before a peer was found', async () => {
    const [full, free] = await stage.fullAndFree();
    const list = Promise.withResolvers<readonly Peer[]>();
    full.peers = () => list.promise;
    const client = await stage.encoder(full.port);
    client.write(handshakeBytes());
    client.say('connect', new Map([['app', 'live']]));
    client.say('createStream', null);
    client.say('publish', null, 'early', 'live');
    await vi.waitFor(() => expect(full.passing.count).toBe(1));
    list.resolve([free.peer]);
    expect(await client.status()).toBe(started);
    expect(free.takes.map(({ key }) => key)).toEqual(['early']);
  });

  it('may go away while a peer is looked for: no peer hears of it', async () => {
    const [full] = await stage.fullAndFree();
    let connections = 0;
    const peer = await stage.stranger(() => (connections += 1));
    const list = Promise.withResolvers<readonly Peer[]>();
    full.peers = () => list.promise;
    const arrived = newcomersOf(full);
    const socket = await stage.dial(full.port);
    const { socket: accepted } = await arrived;
    const closed = new Promise((resolve) => accepted.once('close', resolve));
    socket.resetAndDestroy();
    await closed;
    list.resolve([peer]);
    await vi.waitFor(() => expect(full.passing.count).toBe(0));
    expect(full.outcomes).toEqual(['gone']);
    expect(connections).toBe(0);
  });
});

describe('a task that is to go', () => {
  it('passes nobody on, and takes nobody but its own', async () => {
    const [full, free] = await stage.fullAndFree();
    full.door.close();
    expect((await stage.publish(full.port, 'newcomer')).code).toBe(refused);
    expect((await stage.publish(full.port, 'held-1')).code).toBe(started);
    expect(full.outcomes).toEqual([]);
    expect(free.takes).toEqual([]);
  });

  it('has counted whom it was about to pass on, and does not do it any more', async () => {
    const [full, free] = await stage.fullAndFree();
    const list = Promise.withResolvers<readonly Peer[]>();
    full.peers = () => list.promise;
    const coming = stage.publish(full.port, 'newcomer');
    await vi.waitFor(() => expect(full.passing.count).toBe(1));
    full.door.close();
    // What a heartbeat would say now.
    expect(full.passing.count).toBe(1);
    list.resolve([free.peer]);
    expect((await coming).code).toBe(refused);
    expect(full.outcomes).toEqual(['not-wanted']);
    expect(full.passing.count).toBe(0);
    expect(free.harness.events).toEqual([]);
  });

  it('counts a newcomer in the same turn in which it decides on it', async () => {
    const [full] = await stage.fullAndFree();
    const seen: [boolean, number][] = [];
    const begin = full.passing.begin.bind(full.passing);
    vi.spyOn(full.passing, 'begin').mockImplementation((newcomer) => {
      const guest = begin(newcomer);
      full.door.close();
      seen.push([full.door.accepting, full.passing.count]);
      return guest;
    });
    expect((await stage.publish(full.port, 'newcomer')).code).toBe(refused);
    expect(seen).toEqual([[false, 1]]);
  });
});

describe('a connection that is passed on', () => {
  it('is not read from faster than the peer reads', async () => {
    const [full, free] = await stage.fullAndFree();
    const { client } = await stage.publish(full.port, 'newcomer');
    const [take] = free.takes;
    take?.pause();
    const frames = 400;
    const bytes = 100_000;
    const sentBefore = client.socket.bytesWritten;
    client.useChunkSize(65_536);
    for (let n = 0; n < frames; n += 1) client.send(messageType.video, videoPayload(bytes), n);
    // 40 MB do not fit into the buffers of the kernel and of both tasks: most wait with the client.
    const waiting = await standsStill(() => client.socket.writableLength);
    expect(waiting).toBeGreaterThan((frames * bytes) / 2);
    expect(client.socket.bytesWritten - sentBefore).toBeGreaterThan(frames * bytes);
    take?.resume();
    await take?.sink.until((sink) => sink.count('video') === frames);
    const lengths = new Set(take?.sink.messages.map((message) => message.payload.length));
    expect([...lengths]).toEqual([bytes]);
  });

  it('ends for both when the peer does, with its last word', async () => {
    const [full, free] = await stage.fullAndFree();
    const { client } = await stage.publish(full.port, 'newcomer');
    const closing = free.harness.close();
    await client.closed;
    expect(client.statuses().map(({ code }) => code)).toContain('NetStream.Publish.Failed');
    await closing;
    await vi.waitFor(() => expect(full.passing.count).toBe(0));
  });

  it('ends for both when the peer breaks off, and when the client does', async () => {
    const [full] = await stage.fullAndFree();
    const behind: Socket[] = [];
    const peer = await stage.stranger((socket) => {
      behind.push(socket);
      socket.resume();
    });
    full.peers = () => Promise.resolve([peer]);
    const first = await stage.dial(full.port);
    first.resume();
    await vi.waitFor(() => expect(behind).toHaveLength(1));
    const firstGone = once(first, 'end');
    behind[0]?.resetAndDestroy();
    await firstGone;
    await vi.waitFor(() => expect(full.passing.count).toBe(0));

    const second = await stage.dial(full.port);
    await vi.waitFor(() => expect(behind).toHaveLength(2));
    const ended = once(behind[1] as Socket, 'end');
    second.resetAndDestroy();
    await ended;
    behind[1]?.end();
    await vi.waitFor(() => expect(full.passing.count).toBe(0));
  });

  it('may be ended by the client on its side, and brings it what the peer still says', async () => {
    const [full] = await stage.fullAndFree();
    const peer = await stage.stranger((socket) => {
      let heard = '';
      socket.on('data', (bytes: Buffer) => (heard += bytes.toString('latin1')));
      socket.once('end', () => socket.end(`after ${heard}`));
    });
    full.peers = () => Promise.resolve([peer]);
    const socket = await stage.dial(full.port);
    socket.end('this');
    let answer = '';
    socket.on('data', (bytes: Buffer) => (answer += bytes.toString('latin1')));
    await once(socket, 'close');
    const { port } = full;
    expect(answer).toMatch(new RegExp(`^after PROXY TCP4 127.0.0.1 127.0.0.1 \\d+ ${port}\r\nthis$`));
    await vi.waitFor(() => expect(full.passing.count).toBe(0));
  });

  it.each(['client', 'peer'] as const)('ends when the %s is silent for too long', async (silent) => {
    const limits = silent === 'client' ? { clientSilentMs: 150 } : { peerSilentMs: 150 };
    const [full] = await stage.fullAndFree({ limits });
    const talk = (socket: Socket): void => {
      const talking = setInterval(() => socket.write('x'), 20);
      socket.once('close', () => clearInterval(talking));
      socket.resume();
    };
    const peer = await stage.stranger((socket) => (silent === 'client' ? talk(socket) : socket.resume()));
    full.peers = () => Promise.resolve([peer]);
    const socket = await stage.dial(full.port);
    if (silent === 'peer') talk(socket);
    else socket.resume();
    await hungUp(socket);
    await vi.waitFor(() => expect(full.passing.count).toBe(0));
  });

  it('does not take a client for silent that is kept waiting by the peer', async () => {
    const clientSilentMs = 60_000;
    const time = { nowMs: 0, looks: 0 };
    const clock = {
      now: () => {
        time.looks += 1;
        return time.nowMs;
      },
    };
    const [full] = await stage.fullAndFree({ clock, limits: { clientSilentMs, peerSilentMs: Infinity } });
    const behind = Promise.withResolvers<Socket>();
    const peer = await stage.stranger((socket) => {
      socket.pause();
      behind.resolve(socket);
    });
    full.peers = () => Promise.resolve([peer]);
    const arrived = newcomersOf(full);
    const socket = await stage.dial(full.port);
    socket.resume();
    const bytes = 32 * 1024 * 1024;
    socket.end(Buffer.alloc(bytes, 1));
    const [reader, { socket: accepted }] = await Promise.all([behind.promise, arrived]);
    await standsStill(() => (accepted.isPaused() ? accepted.bytesRead : Number.NaN));
    // Several times as long as a client may be silent.
    for (let n = 0; n < 4; n += 1) {
      time.nowMs += clientSilentMs;
      const before = time.looks;
      await vi.waitFor(() => expect(time.looks).toBeGreaterThan(before + 1));
    }
    let received = 0;
    reader.on('data', (chunk: Buffer) => (received += chunk.length));
    reader.resume();
    await once(reader, 'end');
    expect(received).toBeGreaterThan(bytes);
    reader.end();
  });

  it('makes room for others until it has sent more than one who only knocks, and never after', async () => {
    const [full, free] = await stage.fullAndFree({ rtmp: { limits: { maxConnections: 2 } } });
    const arrived = newcomersOf(full);
    const { client } = await stage.publish(full.port, 'newcomer');
    const settled = vi.spyOn(await arrived, 'onSettled');
    client.send(messageType.video, videoPayload(200_000));
    await free.takes[0]?.sink.until((sink) => sink.count('video') === 1);
    await vi.waitFor(() => expect(settled).toHaveBeenCalled());
    const knocking = await stage.dial(full.port);
    knocking.resume();
    await vi.waitFor(() => expect(full.passing.count).toBe(2));
    const displaced = once(knocking, 'end');
    const next = await stage.dial(full.port);
    next.resume();
    await displaced;
    client.send(messageType.video, videoPayload(1_000));
    await free.takes[0]?.sink.until((sink) => sink.count('video') === 2);
  });

  it('counts against the limit of its own address at the peer', async () => {
    const full = await stage.task();
    const free = await stage.task({ points: 9000, rtmp: { limits: { maxConnectionsPerAddress: 1 } } });
    full.held.push(show('1'), show('2'));
    full.peers = () => Promise.resolve([free.peer]);
    expect((await stage.publish(full.port, 'a', { from: '127.0.0.7' })).code).toBe(started);
    expect((await stage.publish(full.port, 'b', { from: '127.0.0.8' })).code).toBe(started);
    const third = await stage.encoder(full.port, { from: '127.0.0.7' });
    await third.closed;
    expect(free.harness.events).toContainEqual({ kind: 'refused', reason: 'too-many-connections' });
    expect(free.takes.map(({ remoteAddress }) => remoteAddress)).toEqual(['127.0.0.7', '127.0.0.8']);
  });

  it('ends when the task does', async () => {
    const [full, free] = await stage.fullAndFree();
    const { client } = await stage.publish(full.port, 'newcomer');
    await full.harness.close();
    expect(full.passing.count).toBe(0);
    await client.closed;
    expect(await free.takes[0]?.sink.end()).toBe('dropped');
  });
});
