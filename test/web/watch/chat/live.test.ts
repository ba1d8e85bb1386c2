import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Refused, Unreachable } from '../../../../web/api/ask.ts';
import { createChat, type Chat } from '../../../../web/watch/chat/chat.ts';
import { openSocket } from '../../../../web/watch/chat/socket.ts';
import { until } from '../../../support/platform.ts';
import { author, FakeChat, robin } from '../../fake/chat.ts';
import { texts } from './say.ts';

/** The live chat over real sockets, without a page: what comes in which order, whatever breaks. */
let server: Server;
let fake: FakeChat;
let chat: Chat;
let token: string | undefined;
const stored = new Map<string, string>();

beforeEach(async () => {
  stored.clear();
  token = 'token';
  fake = new FakeChat();
  server = createServer();
  fake.listen(server, 'a');
  fake.listen(server, 'b');
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  chat = make();
});

afterEach(async () => {
  chat.destroy();
  await fake.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function make(): Chat {
  let keys = 0;
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return createChat({
    broadcastId: 'show',
    api: {
      view: () => Promise.reject(new Unreachable(undefined)),
      post: (_, text, key) => {
        if (fake.lostAnswers > 0) {
          fake.lostAnswers -= 1;
          fake.post(key, text);
          return Promise.reject(new Unreachable(undefined));
        }
        if (fake.postRefusal !== undefined) {
          const { status, detail, ...refusal } = fake.postRefusal;
          return Promise.reject(new Refused(status, { detail, chat: refusal }));
        }
        const { id, at } = fake.post(key, text);
        return new Promise((resolve) => setTimeout(() => resolve({ id, at }), fake.answerAfterMs));
      },
    },
    open: (options) => Promise.resolve(openSocket(origin, options)),
    token: () => token,
    clock: Date,
    stopwatch: performance,
    // The shortest waits: what is told to wait for is waited for all the same.
    random: () => 0,
    newKey: () => `key-${(keys += 1)}`,
    soon: (run) => void setTimeout(run, 5),
    storage: {
      getItem: (key) => stored.get(key) ?? null,
      setItem: (key, value) => void stored.set(key, value),
      removeItem: (key) => void stored.delete(key),
    },
  });
}

const is = (at: Chat['status']['value']['at']) =>
  until(`the chat to be ${at}`, () => Promise.resolve(chat.status.value.at === at || undefined));
const shows = (...wanted: readonly string[]) =>
  until(`the lines ${wanted.join(', ')}`, () =>
    Promise.resolve(texts(chat.lines.value.messages).join() === wanted.join() || undefined),
  );
const join = async (): Promise<void> => {
  chat.connection.setPath('/chat/a/');
  await is('live');
};

describe('the live chat', () => {
  it('shows what was said before and what is said now', async () => {
    fake.say('Ana', 'before');
    await join();
    fake.say('Kofi', 'now');
    await shows('before', 'now');
    expect(fake.joins[0]).toMatchObject({ broadcast: 'show', token: 'token', transport: 'websocket' });
    expect(chat.you.value).toEqual(robin);
    expect(chat.lines.value.whole).toBe(true);
  });

  it('goes on after a cut where it stopped, in order, without doubles', async () => {
    await join();
    fake.say('Ana', 'one');
    await shows('one');
    fake.cut();
    const missed = fake.make(author('Ana'), 'two');
    fake.messages.push(missed);
    await until('the second join', () => Promise.resolve(fake.joins.length === 2 || undefined));
    fake.say('Ana', 'three');
    await shows('one', 'two', 'three');
    expect(fake.joins[1]?.after).toBe(fake.messages[0]?.id);
    expect(chat.lines.value.gaps.size).toBe(0);
  });

  it('does not take an own answer for what the socket has brought', async () => {
    await join();
    fake.say('Ana', 'one');
    await shows('one');
    // The answer brings `mine` before the socket has brought what was said in between.
    const heldBack = fake.make(author('Kofi'), 'between');
    const mine = fake.make(robin, 'mine');
    fake.post = () => mine;
    chat.send('mine');
    await shows('one', 'mine');
    fake.messages.push(heldBack, mine);
    fake.cut();
    await shows('one', 'between', 'mine');
  });

  it('shows an own message once, whether the socket or the answer is first', async () => {
    await join();
    fake.answerAfterMs = 400;
    chat.send('early');
    await shows('early');
    expect(chat.outbox.value.map(({ seenAs }) => seenAs)).toEqual([fake.messages[0]?.id]);
    await until('the answer', () => Promise.resolve(chat.outbox.value.length === 0 || undefined));
    await shows('early');
  });

  it('keeps what failed, and sends it again without a second message', async () => {
    await join();
    fake.lostAnswers = 1;
    const told = fake.tell.bind(fake);
    fake.tell = () => undefined;
    chat.send('once');
    await until('the failure', () => Promise.resolve(chat.outbox.value[0]?.state === 'failed' || undefined));
    fake.tell = told;
    chat.again(chat.outbox.value[0]?.key ?? '');
    await shows('once');
    expect(chat.outbox.value).toEqual([]);
  });

  it('learns from a refusal how long to wait', async () => {
    await join();
    fake.postRefusal = { status: 429, detail: 'Too fast.', reason: 'person-limit', retryAfterMs: 5_000 };
    chat.send('hasty');
    await until('the refusal', () => Promise.resolve(chat.waitUntil.value));
    expect(chat.waitUntil.value).toBeGreaterThan(Date.now() + 4_000);
    expect(chat.outbox.value[0]).toMatchObject({ state: 'failed', trouble: 'Too fast.' });
    fake.postRefusal = { status: 403, detail: 'Banned.', reason: 'banned' };
    chat.again(chat.outbox.value[0]?.key ?? '');
    await until('the ban', () => Promise.resolve(chat.standing.value.state === 'banned' || undefined));
  });

  it('keeps the text over a reload, and knows that it may have arrived', async () => {
    await join();
    fake.postRefusal = { status: 429, detail: 'Too fast.', reason: 'person-limit' };
    chat.draft.value = 'half a sent';
    chat.send('unlucky');
    await until('the refusal', () => Promise.resolve(chat.outbox.value[0]?.state === 'failed' || undefined));
    chat.destroy();
    chat = make();
    expect(chat.draft.value).toBe('half a sent');
    expect(chat.outbox.value).toMatchObject([{ key: 'key-1', text: 'unlucky', state: 'failed' }]);
  });

  it('takes away what the staff deletes, also before it came', async () => {
    await join();
    const [first, second] = [fake.say('Ana', 'one'), fake.say('Kofi', 'two')];
    await shows('one', 'two');
    fake.control({ type: 'delete', ids: [first.id] });
    await shows('two');
    fake.control({ type: 'purge', person: second.by.id, until: second.id });
    await shows();
    fake.tell([first, second]);
    fake.say('Kofi', 'three');
    await shows('three');
  });

  it('goes where it is sent: to another shard, or away and back', async () => {
    await join();
    fake.control({ type: 'moved', path: '/chat/b/', afterMs: 20 });
    await until('the join at b', () => Promise.resolve(fake.joins[1]?.path === '/chat/b/' || undefined));
    await is('live');
    const leftAt = Date.now();
    fake.control({ type: 'leave', afterMs: 150 });
    await until('the third join', () => Promise.resolve(fake.joins.length === 3 || undefined));
    expect((fake.joins[2]?.atMs ?? 0) - leftAt).toBeGreaterThanOrEqual(145);
    expect(fake.joins[2]?.path).toBe('/chat/b/');
  });

  it('waits as long as a full task says, even when the page is seen again', async () => {
    fake.refusal = { code: 'busy', text: 'Full.', retryAfterMs: 200 };
    chat.connection.setPath('/chat/a/');
    await is('waiting');
    chat.connection.hurry();
    fake.refusal = undefined;
    await is('live');
    expect((fake.joins[1]?.atMs ?? 0) - (fake.joins[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(195);
  });

  it('reads on without a token that is not taken', async () => {
    fake.refusal = { code: 'bad-token', text: 'Expired.' };
    chat.connection.setPath('/chat/a/');
    await is('live');
    expect(fake.joins[1]?.token).toBeUndefined();
    expect(chat.you.value).toBeUndefined();
  });

  it('falls back to long polling where WebSockets do not open', async () => {
    const refuse = (_: unknown, socket: { destroy(): void }): void => socket.destroy();
    const [own] = server.listeners('upgrade');
    server.removeAllListeners('upgrade');
    server.on('upgrade', refuse);
    chat.connection.setPath('/chat/a/');
    await is('live');
    expect(fake.joins[0]?.transport).toBe('polling');
    fake.say('Ana', 'slowly');
    await shows('slowly');
    expect(own).toBeDefined();
  });

  it('stops where there is nothing, and asks no more', async () => {
    fake.refusal = { code: 'not-found', text: 'Nothing here.' };
    chat.connection.setPath('/chat/a/');
    await is('stopped');
    chat.connection.hurry();
    expect(fake.joins).toHaveLength(1);
  });

  it('comes back by itself when the network does', async () => {
    await join();
    chat.connection.setOnline(false);
    fake.cut();
    await is('offline');
    expect(fake.joins).toHaveLength(1);
    chat.connection.setOnline(true);
    await is('live');
  });

  it('draws once for many batches', async () => {
    await join();
    let drawn = 0;
    const stop = chat.lines.subscribe(() => (drawn += 1));
    for (let i = 0; i < 20; i += 1) fake.tell([fake.make(author('Ana'), `${i}`)]);
    await until('all lines', () => Promise.resolve(chat.lines.value.messages.length === 20 || undefined));
    stop();
    expect(drawn).toBeLessThan(12);
  });
});
