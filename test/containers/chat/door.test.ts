import { connect, type Socket as NetSocket } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ChatAuthor } from '../../../core/chat/message.ts';
import {
  broadcastId,
  joinFan,
  names,
  openFan,
  startTestChat,
  type Fan,
  type TestChat,
  until,
} from './harness.ts';

let chat: TestChat;
const fans: Fan[] = [];
const sockets: NetSocket[] = [];
afterEach(async () => {
  for (const fan of fans.splice(0)) fan.leave();
  for (const socket of sockets.splice(0)) socket.destroy();
  await chat.close();
});

/** Sends what a WebSocket client begins with. */
async function knock(path = '/chat/a/?EIO=4&transport=websocket'): Promise<NetSocket> {
  const socket = connect(chat.server.port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(
    `GET ${path} HTTP/1.1\r\nhost: chat\r\nconnection: upgrade\r\nupgrade: websocket\r\n` +
      'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  return socket;
}

const answerOf = async (socket: NetSocket): Promise<string> => {
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  return chunk.toString();
};

describe('the door', () => {
  it('lets a crowd in at its pace, and refuses nobody', async () => {
    chat = await startTestChat({ admitPerS: 100 });
    const start = performance.now();
    const came = await Promise.all(
      names(40).map((_, index) =>
        joinFan(chat.origin, { transports: index % 2 === 0 ? ['websocket'] : ['polling'] }),
      ),
    );
    fans.push(...came);
    // 40 at 100 a second, the first five at once.
    expect(performance.now() - start).toBeGreaterThan(300);
    expect(await chat.metric('tidecast_chat_joins_total')).toBe(40);
  });

  it('turns away with a time to come back when the line is too long', async () => {
    chat = await startTestChat({ admitPerS: 1, admitQueue: 2 });
    fans.push(await joinFan(chat.origin));
    await knock();
    await knock();
    await until(async () => expect(await chat.metric('tidecast_chat_waiting')).toBe(2));
    const answer = await answerOf(await knock());
    expect(answer).toMatch(/^HTTP\/1.1 503 /);
    expect(answer).toMatch(/retry-after: \d+\r\n/);
    expect(answer).toContain('"code":"busy"');
    const polled = await fetch(`${chat.origin}/chat/a/?EIO=4&transport=polling`);
    expect(polled.status).toBe(503);
    expect(Number(polled.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await polled.json()).toMatchObject({ code: 'busy', retryAfterMs: expect.any(Number) as number });
  });

  it('turns away above the most sockets', async () => {
    chat = await startTestChat({ maxSockets: 1 });
    fans.push(await joinFan(chat.origin));
    expect(await answerOf(await knock())).toMatch(/^HTTP\/1.1 503 /);
    expect(await chat.metric('tidecast_chat_refused_total{code="busy"}')).toBe(1);
  });

  it('forgets who goes away while waiting, and cuts off who talks', async () => {
    chat = await startTestChat({ admitPerS: 1 });
    fans.push(await joinFan(chat.origin));
    const ends = await knock();
    const resets = await knock();
    const talks = await knock();
    const polls = new AbortController();
    const polled = fetch(`${chat.origin}/chat/a/?EIO=4&transport=polling`, { signal: polls.signal });
    await until(async () => expect(await chat.metric('tidecast_chat_waiting')).toBe(4));
    ends.end();
    resets.resetAndDestroy();
    talks.write('hello?');
    polls.abort();
    await expect(polled).rejects.toThrow();
    await until(async () => expect(await chat.metric('tidecast_chat_waiting')).toBe(0));
    expect(await chat.metric('tidecast_chat_sockets')).toBe(1);
  });

  it('takes no token from an address', async () => {
    chat = await startTestChat();
    const answer = await fetch(`${chat.origin}/chat/a/?EIO=4&transport=polling&token=secret`);
    expect(answer.status).toBe(400);
    expect(await answer.text()).not.toContain('secret');
    expect(chat.logLines.join()).not.toContain('secret');
  });

  it('tells old clients that they are too old, on a WebSocket before it agrees to one', async () => {
    chat = await startTestChat();
    for (const query of ['EIO=3&transport=websocket', 'transport=websocket'])
      expect(await answerOf(await knock(`/chat/a/?${query}`))).toMatch(/^HTTP\/1.1 400 [^]*Engine.IO 4/);
    expect((await fetch(`${chat.origin}/chat/a/?EIO=3&transport=polling`)).status).toBe(400);
  });

  it('is at its own path only', async () => {
    chat = await startTestChat();
    for (const path of ['/', '/chat/b/?EIO=4&transport=polling', '/chat/a', '//', '/socket.io/'])
      expect((await fetch(`${chat.origin}${path}`)).status).toBe(404);
    expect(await answerOf(await knock('/chat/b/?EIO=4&transport=websocket'))).toMatch(/^HTTP\/1.1 404 /);
    expect(await answerOf(await knock('//'))).toMatch(/^HTTP\/1.1 404 /);
  });
});

describe('leaving', () => {
  it('sends everybody away in slices with a time to come back, and takes nobody in', async () => {
    chat = await startTestChat({ drainMs: 1_000 });
    const came = await Promise.all(names(12).map(() => joinFan(chat.origin)));
    fans.push(...came, await joinFan(chat.origin, { transports: ['polling'] }));
    const waits = openFan(chat.origin, { auth: {} });
    fans.push(waits);
    await once(waits.socket as unknown as NodeJS.EventEmitter, 'connect');
    expect((await fetch(`${chat.origin}/healthz`)).status).toBe(200);
    const gone = came.map(async ({ socket }) => {
      const [reason] = (await once(socket as unknown as NodeJS.EventEmitter, 'disconnect')) as [string];
      return { reason, at: performance.now() };
    });
    const drained = chat.server.drain();
    expect((await fetch(`${chat.origin}/healthz`)).status).toBe(503);
    expect((await fetch(`${chat.origin}/chat/a/?EIO=4&transport=polling`)).status).toBe(503);
    expect(await waits.socket.emitWithAck('join', { broadcast: broadcastId })).toMatchObject({
      code: 'unavailable',
    });
    await drained;
    const ends = await Promise.all(gone);
    // A stock client comes back by itself after this, and not after “io server disconnect”.
    expect(new Set(ends.map(({ reason }) => reason))).toEqual(new Set(['transport close']));
    const times = ends.map(({ at }) => at);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(400);
    for (const fan of came) {
      const leave = fan.controls.find(({ type }) => type === 'leave');
      expect(leave).toEqual({ type: 'leave', afterMs: expect.any(Number) as number });
    }
    expect(await chat.metric('tidecast_chat_sockets')).toBe(0);
  });

  it('by a drill loses exactly the share of the connections at once, without a goodbye', async () => {
    chat = await startTestChat();
    fans.push(...(await Promise.all(names(8).map(() => joinFan(chat.origin)))));
    chat.shard.order({ type: 'drill', share: 0.75 });
    await until(() => expect(fans.filter(({ socket }) => socket.connected)).toHaveLength(2));
    await until(async () => expect(await chat.metric('tidecast_chat_sockets')).toBe(2));
    expect(fans.flatMap(({ controls }) => controls).filter(({ type }) => type === 'leave')).toEqual([]);
    chat.shard.say(broadcastId, 'still here');
    for (const fan of fans.filter(({ socket }) => socket.connected))
      await until(() => expect(fan.texts()).toEqual(['still here']));
  });

  it('for another shard tells each when, and closes whoever stays', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
    try {
      chat = await startTestChat();
      fans.push(...(await Promise.all(names(20).map(() => joinFan(chat.origin)))));
      chat.shard.order({ type: 'move', broadcastId, path: '/chat/b/' });
      for (const fan of fans)
        await until(() => expect(fan.controls[0]).toMatchObject({ type: 'moved', path: '/chat/b/' }));
      expect(new Set(fans.map(({ controls }) => JSON.stringify(controls[0]))).size).toBeGreaterThan(10);
      vi.advanceTimersByTime(10_000);
      for (const fan of fans) await until(() => expect(fan.socket.connected).toBe(false));
    } finally {
      vi.useRealTimers();
    }
  });

  it('of a broadcast that is private now ends for all but its broadcaster', async () => {
    chat = await startTestChat();
    const host: ChatAuthor = { id: 'c'.repeat(20), name: 'Host', role: 'broadcaster' };
    const operator: ChatAuthor = { id: 'd'.repeat(20), name: 'Operator', role: 'operator' };
    const [own, ...others] = await Promise.all([
      joinFan(chat.origin, { you: host }),
      joinFan(chat.origin, { you: operator }),
      joinFan(chat.origin),
    ]);
    const elsewhere = await joinFan(chat.origin, { broadcast: 'another' });
    fans.push(own, ...others, elsewhere);
    chat.shard.order({ type: 'hide', broadcastId });
    for (const fan of others) await until(() => expect(fan.socket.connected).toBe(false));
    expect([own.socket.connected, elsewhere.socket.connected]).toEqual([true, true]);
  });
});
