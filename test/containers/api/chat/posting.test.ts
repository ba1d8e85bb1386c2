import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PostedMessage, RefusedPost } from '../../../../core/api/chat.ts';
import type { Problem } from '../../../../core/api/types.ts';
import type { Broadcast, Channel } from '../../../../core/broadcast/types.ts';
import type { TaskOrder } from '../../../../core/chat/bus.ts';
import { person, refusalOf, startTestChat, type TestChat } from './harness.ts';

let chat: TestChat;
let shows = 0;
let channel: Channel;
let broadcast: Broadcast;
let broadcastId: string;
let owner: string;
beforeAll(async () => {
  chat = await startTestChat();
});
afterAll(() => chat.close());
beforeEach(async () => {
  shows += 1;
  owner = `owner-${shows}`;
  ({ channel, broadcast } = await chat.live(owner));
  ({ broadcastId } = broadcast);
});

const say = (who: string | null, text: string, key?: string) => chat.say(who, broadcastId, text, key);
const settings = (changes: object) =>
  chat.api.ask(owner, 'PATCH', `/api/channels/${channel.channelId}/chat/settings`, changes);

describe('a post', () => {
  it('is answered with its id, and is in the table and on the screens', async () => {
    const screen = await chat.screen(broadcast);
    const answer = await say('alice', '  こんにちは,   world 👋 ');
    expect(answer.statusCode).toBe(201);
    const { id, at } = answer.json<PostedMessage>();
    expect(id).toMatch(/^\d{16}$/);
    expect(Math.abs(at - Date.now())).toBeLessThan(5_000);
    const message = {
      id,
      at,
      text: 'こんにちは, world 👋',
      by: { id: person('alice'), name: 'alice', role: 'viewer' },
    };
    expect(await chat.stored(broadcastId)).toEqual([message]);
    await expect.poll(() => screen.lines).toEqual([message]);
  });

  it('stands in the same order everywhere, however many come at once', async () => {
    const screen = await chat.screen(broadcast);
    const many = Array.from({ length: 60 }, (_, n) => chat.saySurely(`p${n % 12}`, broadcastId, `line ${n}`));
    const ids = (await Promise.all(many)).map(({ id }) => id).sort();
    expect(new Set(ids).size).toBe(60);
    await expect.poll(() => screen.lines.length).toBe(60);
    expect(screen.lines.map(({ id }) => id)).toEqual(ids);
    expect(await chat.stored(broadcastId)).toEqual(screen.lines);
  });

  it('has its broadcast listed for the archive', async () => {
    await say('alice', 'hello');
    expect(await chat.tables.unarchived.list('a')).toContain(broadcastId);
  });

  it('carries the role that its author has here', async () => {
    await chat.api.ask(owner, 'PUT', `/api/channels/${channel.channelId}/chat/moderators/${person('mia')}`, {
      name: 'mia',
    });
    for (const who of [owner, 'mia', 'operator', 'alice']) await say(who, `I am ${who}`);
    const roles = (await chat.stored(broadcastId)).map(({ by }) => by.role);
    expect(roles).toEqual(['broadcaster', 'moderator', 'operator', 'viewer']);
  });

  it('of nobody, or with a bad token, is refused', async () => {
    expect((await say(null, 'hello')).statusCode).toBe(401);
    const bad = await chat.api.ask(
      null,
      'POST',
      `/api/broadcasts/${broadcastId}/messages`,
      { text: 'x' },
      {
        authorization: `Bearer ${await chat.api.issuer.signFor('alice', { lifetimeS: -60 })}`,
      },
    );
    expect(bad.statusCode).toBe(401);
    expect(bad.json<Problem>().detail).toContain('expired');
    expect(await chat.stored(broadcastId)).toEqual([]);
  });

  it('to a private broadcast is its owner’s alone, and nobody else can tell that it exists', async () => {
    const hidden = await chat.live(owner, 'private');
    const missing = await chat.say('alice', '0'.repeat(26), 'hello');
    const foreign = await chat.say('alice', hidden.broadcast.broadcastId, 'hello');
    expect(foreign.statusCode).toBe(404);
    expect(foreign.body).toBe(missing.body);
    expect((await chat.say(owner, hidden.broadcast.broadcastId, 'hello')).statusCode).toBe(201);
  });

  it('to one that has just become private is its owner’s alone, and all others have to leave its chat', async () => {
    await say('alice', 'hello');
    const heard: TaskOrder[] = [];
    await chat.onOrder('a', (order) => heard.push(order));
    await chat.api.ask(owner, 'PATCH', `/api/broadcasts/${broadcastId}`, { visibility: 'private' });
    await expect.poll(() => heard).toEqual([{ type: 'hide', broadcastId }]);
    await expect
      .poll(async () => (await say('alice', 'still here?')).statusCode, { timeout: 10_000 })
      .toBe(404);
    expect((await chat.say(owner, broadcastId, 'alone')).statusCode).toBe(201);
  });

  it('to a broadcast that has ended is refused with 409', async () => {
    await chat.tables.broadcasts.end({ broadcastId, session: 1, endedAt: Date.now(), durationS: 3 });
    const answer = await say('alice', 'hello');
    expect(refusalOf(answer)).toEqual({ status: 409, reason: 'ended' });
    expect(answer.json<RefusedPost>().detail).toContain('has ended');
  });

  it.each([
    ['no body', undefined],
    ['no text', {}],
    ['a number', { text: 7 }],
    ['more than a text', { text: 'a', by: { role: 'operator' } }],
  ])('with %s is a bad request', async (_what, body) => {
    const answer = await chat.api.ask('alice', 'POST', `/api/broadcasts/${broadcastId}/messages`, body);
    expect(answer.statusCode).toBe(400);
  });

  it('of 100 kB is refused with 413 and says how much is taken', async () => {
    const answer = await say('alice', 'x'.repeat(100_000));
    expect(answer.statusCode).toBe(413);
    expect(answer.json<Problem>().detail).toContain('16384 bytes');
  });

  it.each([
    ['nothing in it', ' \u200b\u3000 ', 'empty'],
    ['201 characters', 'あ'.repeat(201), 'too-long'],
    ['a link', 'see https://evil.example/x', 'link'],
    ['21 emoji', '🎉'.repeat(21), 'too-many-emoji'],
    ['control characters', 'a\u0000b\u001b[31m', 'bad-characters'],
  ])('with %s is refused with 422', async (_what, text, reason) => {
    const answer = await say('alice', text);
    expect(refusalOf(answer)).toEqual({ status: 422, reason });
    expect(answer.headers['retry-after']).toBeUndefined();
    expect(await chat.stored(broadcastId)).toEqual([]);
  });

  it('with a blocked word is refused, also when the word was blocked a moment ago', async () => {
    expect((await say('alice', 'what a pineapple')).statusCode).toBe(201);
    expect((await settings({ blockedWords: ['pineapple'] })).statusCode).toBe(200);
    expect(refusalOf(await say('alice', 'PINEAPPLE!'))).toEqual({ status: 422, reason: 'blocked-word' });
    await settings({ blockedWords: [] });
    expect((await say('alice', 'pineapple')).statusCode).toBe(201);
  });
});

describe('an idempotency key', () => {
  it('makes one message of three posts at once, and of one that comes later', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => say('alice', 'once', 'key-1')));
    answers.push(await say('alice', 'once', 'key-1'));
    expect(answers.map((each) => each.statusCode)).toEqual([201, 201, 201, 201]);
    expect(new Set(answers.map((each) => each.body)).size).toBe(1);
    expect(await chat.stored(broadcastId)).toHaveLength(1);
  });

  it('does so over two tasks of the API', async () => {
    const screen = await chat.screen(broadcast);
    const other = await chat.another();
    const answers = await Promise.all(
      [chat.api.app, other, chat.api.app, other].map((app) =>
        chat.say('alice', broadcastId, 'once', 'key-1', app),
      ),
    );
    const ids = new Set(answers.map((each) => each.json<PostedMessage>().id));
    expect(ids.size).toBe(1);
    await say('alice', 'after it');
    await expect.poll(() => screen.texts()).toEqual(['once', 'after it']);
    expect(await chat.stored(broadcastId)).toHaveLength(2);
  });

  it('belongs to one person and one broadcast', async () => {
    const other = await chat.live(owner);
    const answers = [
      await say('alice', 'one', 'key-1'),
      await say('bob', 'two', 'key-1'),
      await chat.say('alice', other.broadcast.broadcastId, 'three', 'key-1'),
    ];
    expect(new Set(answers.map((each) => each.json<PostedMessage>().id)).size).toBe(3);
  });

  it.each(['', 'with space', 'ключ', 'x'.repeat(65)])('that reads %j is a bad request', async (key) => {
    expect((await say('alice', 'hello', key)).statusCode).toBe(400);
  });
});

describe('the rules of a channel', () => {
  it('slow mode lets each viewer post once, says how long to wait, and leaves the staff alone', async () => {
    await settings({ slowS: 30 });
    expect((await say('alice', 'one')).statusCode).toBe(201);
    const again = await say('alice', 'two');
    expect(refusalOf(again)).toMatchObject({ status: 429, reason: 'slow-mode' });
    const waitMs = refusalOf(again).retryAfterMs ?? 0;
    expect(waitMs).toBeGreaterThan(25_000);
    expect(again.headers['retry-after']).toBe(String(Math.ceil(waitMs / 1_000)));
    expect(again.json<RefusedPost>().detail).toMatch(/slow mode.*in (29|30) seconds/);
    expect((await say('bob', 'three')).statusCode).toBe(201);
    for (const text of ['four', 'five']) expect((await say(owner, text)).statusCode).toBe(201);
  });

  it('followers only: who does not follow is refused, who follows may post, who just did waits', async () => {
    await settings({ followersMin: 0 });
    expect(refusalOf(await say('alice', 'one'))).toEqual({ status: 403, reason: 'followers-only' });
    const follow = await chat.api.ask('alice', 'PUT', `/api/channels/${channel.channelId}/follow`);
    expect(follow.statusCode).toBe(204);
    expect((await say('alice', 'two')).statusCode).toBe(201);
    await settings({ followersMin: 10 });
    const early = refusalOf(await say('alice', 'three'));
    expect(early).toMatchObject({ status: 429, reason: 'followers-only' });
    expect(early.retryAfterMs).toBeGreaterThan(590_000);
    await settings({ followersMin: null });
    expect((await say('bob', 'four')).statusCode).toBe(201);
    await chat.api.ask('alice', 'DELETE', `/api/channels/${channel.channelId}/follow`);
    await settings({ followersMin: 0 });
    expect(refusalOf(await say('alice', 'five')).reason).toBe('followers-only');
  });

  it('chat off: only the staff can post', async () => {
    await settings({ off: true });
    expect(refusalOf(await say('alice', 'one'))).toEqual({ status: 403, reason: 'chat-off' });
    expect((await say(owner, 'two')).statusCode).toBe(201);
  });
});

describe('what a page needs to know', () => {
  const view = (who: string | null) => chat.api.ask(who, 'GET', `/api/broadcasts/${broadcastId}/chat`);

  it('is told to anybody, and who they are to whoever signed in', async () => {
    await chat.api.ask('alice', 'PUT', `/api/channels/${channel.channelId}/follow`);
    const everybody = await view(null);
    expect(everybody.headers['cache-control']).toBe('public, max-age=2');
    expect(everybody.json()).toEqual({
      path: '/chat/a/',
      mode: { slowS: 0, off: false },
      maxLength: 200,
      replay: `/archive/${broadcastId}/chat/index.json`,
    });
    const hers = await view('alice');
    expect(hers.headers['cache-control']).toBe('private, no-store');
    expect(hers.json()).toMatchObject({
      you: { id: person('alice'), name: 'alice', role: 'viewer' },
      followedSince: expect.any(Number) as number,
    });
    expect((await view(owner)).json()).toMatchObject({ you: { role: 'broadcaster' } });
  });

  it('names no path any more when the broadcast has ended', async () => {
    await chat.tables.broadcasts.end({ broadcastId, session: 1, endedAt: Date.now(), durationS: 3 });
    expect((await view(null)).json()).not.toHaveProperty('path');
  });
});
