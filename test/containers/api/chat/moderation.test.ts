import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Broadcast, Channel } from '../../../../core/broadcast/types.ts';
import { messageId } from '../../../../core/chat/message.ts';
import type { Control } from '../../../../core/chat/protocol.ts';
import type { AuditEntry } from '../../../../core/chat/store.ts';
import type { Problem } from '../../../../core/api/types.ts';
import { person, refusalOf, startTestChat, type Screen, type TestChat } from './harness.ts';

let chat: TestChat;
let shows = 0;
let channel: Channel;
let broadcast: Broadcast;
let broadcastId: string;
let owner: string;
let screen: Screen;
beforeAll(async () => {
  chat = await startTestChat();
});
afterAll(() => chat.close());
beforeEach(async () => {
  shows += 1;
  owner = `owner-${shows}`;
  ({ channel, broadcast } = await chat.live(owner));
  ({ broadcastId } = broadcast);
  screen = await chat.screen(broadcast);
});

const people = (name: string): string => `${name}-${shows}`;
const say = (who: string, text: string) => chat.saySurely(who, broadcastId, text);
const inChannel = (
  who: string | null,
  method: 'GET' | 'PUT' | 'PATCH' | 'DELETE',
  rest: string,
  body?: object,
) => chat.api.ask(who, method, `/api/channels/${channel.channelId}/${rest}`, body);
const remove = (who: string | null, id: string) =>
  chat.api.ask(who, 'DELETE', `/api/broadcasts/${broadcastId}/messages/${id}`);
const purge = (who: string | null, whom: string, query = '') =>
  chat.api.ask(who, 'DELETE', `/api/broadcasts/${broadcastId}/people/${person(whom)}/messages${query}`);
const ban = (who: string, whom: string, more: object = {}, query = '') =>
  inChannel(who, 'PUT', `chat/bans/${person(whom)}${query}`, { name: whom, ...more });
const makeModerator = (whom: string) =>
  inChannel(owner, 'PUT', `chat/moderators/${person(whom)}`, { name: whom });
const audit = async (): Promise<readonly AuditEntry[]> =>
  (await inChannel(owner, 'GET', 'chat/audit')).json<{ entries: AuditEntry[] }>().entries;
/** Promised within a second; a machine that runs other tests gets three. */
const shows1s = (control: Partial<Control>, whom?: string) =>
  expect
    .poll(() => screen.controls, { timeout: 3_000, interval: 10 })
    .toContainEqual({
      control: expect.objectContaining(control) as Control,
      person: whom === undefined ? undefined : person(whom),
    });
const archiveLooksAgain = async (): Promise<void> => {
  expect(await chat.tables.unarchived.list('a')).toContain(broadcastId);
};

describe('deleting a message', () => {
  it('takes it from the table and from all screens within a second, and from the archive later', async () => {
    const { id } = await say('alice', 'oops');
    await say('bob', 'hello');
    await chat.tables.unarchived.done('a', broadcastId);
    expect((await remove(owner, id)).statusCode).toBe(204);
    await shows1s({ type: 'delete', ids: [id] });
    expect((await chat.stored(broadcastId)).map(({ text }) => text)).toEqual(['hello']);
    await archiveLooksAgain();
    expect(await audit()).toMatchObject([
      { by: { name: owner, role: 'broadcaster' }, action: { type: 'delete', ids: [id] }, name: 'alice' },
    ]);
  });

  it('is for staff, and for who said it', async () => {
    const { id } = await say('alice', 'mine');
    expect((await remove(null, id)).statusCode).toBe(401);
    expect((await remove('bob', id)).statusCode).toBe(403);
    expect((await remove('bob', messageId(Date.now() * 1_000))).statusCode).toBe(404);
    expect(await chat.stored(broadcastId)).toHaveLength(1);
    expect((await remove('alice', id)).statusCode).toBe(204);
    expect(await chat.stored(broadcastId)).toEqual([]);
    expect(await audit()).toEqual([]);
  });

  it('of somebody above oneself, or beside, is refused with the reason', async () => {
    const [mia, max] = [people('mia'), people('max')];
    await makeModerator(mia);
    await makeModerator(max);
    const said = new Map<string, string>();
    for (const who of [owner, 'operator', mia, max, 'alice'])
      said.set(who, (await chat.say(who, broadcastId, 'hey')).json<{ id: string }>().id);
    const statusOf = async (who: string, whose: string): Promise<number> =>
      (await remove(who, said.get(whose) ?? '')).statusCode;
    for (const whose of [owner, 'operator', max]) {
      const answer = await remove(mia, said.get(whose) ?? '');
      expect([whose, answer.statusCode]).toEqual([whose, 403]);
      expect(answer.json<Problem>().detail).toContain('only who is above them can delete');
    }
    expect(await statusOf(owner, 'operator')).toBe(403);
    expect(await chat.stored(broadcastId)).toHaveLength(5);
    expect(await audit()).toHaveLength(2);
    expect(await statusOf(mia, 'alice')).toBe(204);
    expect(await statusOf(mia, mia)).toBe(204);
    expect(await statusOf(owner, max)).toBe(204);
    expect(await statusOf('operator', owner)).toBe(204);
    expect(await statusOf('operator', 'operator')).toBe(204);
    expect(await chat.stored(broadcastId)).toEqual([]);
  });

  it('does no harm a second time, and works when the broadcast has ended', async () => {
    const { id } = await say('alice', 'oops');
    const { id: other } = await say('alice', 'again');
    expect((await remove(owner, id)).statusCode).toBe(204);
    expect((await remove(owner, id)).statusCode).toBe(204);
    await chat.tables.broadcasts.end({ broadcastId, session: 1, endedAt: Date.now(), durationS: 1 });
    await chat.tables.unarchived.done('a', broadcastId);
    expect((await remove(owner, other)).statusCode).toBe(204);
    expect(await chat.stored(broadcastId)).toEqual([]);
    await archiveLooksAgain();
  });

  it('is refused, not promised, where the recording can no longer be changed', async () => {
    const daysAgo = (days: number): string => messageId((Date.now() - days * 86_400_000) * 1_000);
    expect((await remove(owner, daysAgo(24))).statusCode).toBe(204);
    const answer = await remove(owner, daysAgo(26));
    expect([answer.statusCode, answer.json<Problem>().detail]).toEqual([
      409,
      expect.stringContaining('25 days'),
    ]);
  });

  it('is for nobody who can’t see the broadcast', async () => {
    const hidden = await chat.live(owner, 'private');
    const answer = await chat.api.ask(
      'alice',
      'DELETE',
      `/api/broadcasts/${hidden.broadcast.broadcastId}/messages/1234567890123456`,
    );
    expect(answer.statusCode).toBe(404);
  });
});

describe('deleting all that somebody has said', () => {
  it('leaves the others alone and shows within a second', async () => {
    for (const [who, text] of [
      ['troll', 'a'],
      ['alice', 'b'],
      ['troll', 'c'],
    ] as const)
      await say(who, text);
    expect((await purge('alice', 'troll')).statusCode).toBe(403);
    expect((await purge(owner, 'troll', '?name=Troll')).statusCode).toBe(204);
    await shows1s({ type: 'purge', person: person('troll') });
    expect((await chat.stored(broadcastId)).map(({ text }) => text)).toEqual(['b']);
    expect((await chat.history(broadcast)).map(({ text }) => text)).toEqual(['b']);
    expect(await audit()).toMatchObject([
      { action: { type: 'purge', personId: person('troll') }, name: 'Troll' },
    ]);
  });
});

describe('a ban', () => {
  it('holds at once, is told to who it is about, and ends when it is lifted', async () => {
    const troll = people('troll');
    await say(troll, 'one');
    const answer = await ban(owner, troll, { reason: 'spam' });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ personId: person(troll), name: troll, reason: 'spam', by: owner });
    await shows1s({ type: 'standing', state: 'banned' }, troll);
    expect(refusalOf(await chat.say(troll, broadcastId, 'two'))).toEqual({ status: 403, reason: 'banned' });
    expect((await inChannel(owner, 'GET', 'chat/bans')).json()).toMatchObject({ bans: [{ name: troll }] });

    expect((await inChannel(owner, 'DELETE', `chat/bans/${person(troll)}`)).statusCode).toBe(204);
    await shows1s({ type: 'standing', state: 'free' }, troll);
    await say(troll, 'three');
    // What they said before stays unless it is deleted too.
    expect((await chat.stored(broadcastId)).map(({ text }) => text)).toEqual(['one', 'three']);
    expect((await audit()).map(({ action }) => action.type)).toEqual(['unban', 'ban']);
  });

  it('for a time says when it is over, and then is', async () => {
    const loud = people('loud');
    await ban(owner, loud, { forS: 1 });
    await shows1s({ type: 'standing', state: 'timeout' }, loud);
    const answer = await chat.say(loud, broadcastId, 'hey');
    expect(refusalOf(answer)).toMatchObject({ status: 429, reason: 'timeout' });
    expect(answer.headers['retry-after']).toBe('1');
    await expect
      .poll(async () => (await chat.say(loud, broadcastId, 'hey')).statusCode, { timeout: 3_000 })
      .toBe(201);
    expect((await audit()).map(({ action }) => action)).toEqual([
      { type: 'timeout', personId: person(loud), forS: 1 },
    ]);
  });

  it('deletes what they said when asked to', async () => {
    await say('troll', 'one');
    await ban(owner, 'troll', {}, '?purge=true');
    await shows1s({ type: 'purge', person: person('troll') });
    expect(await chat.stored(broadcastId)).toEqual([]);
  });

  it('is of one channel, holds for its next broadcast too, and for posts with a key', async () => {
    const troll = people('troll');
    await ban(owner, troll);
    const other = await chat.live(`${owner}-other`);
    await chat.saySurely(troll, other.broadcast.broadcastId, 'hello');
    await chat.tables.broadcasts.end({ broadcastId, session: 1, endedAt: Date.now(), durationS: 1 });
    const next = await chat.api.goLive(channel);
    expect(next.broadcastId).not.toBe(broadcastId);
    const answer = await chat.say(troll, next.broadcastId, 'hello', 'key-1');
    expect(refusalOf(answer).reason).toBe('banned');
  });

  it('can be set only by who stands above', async () => {
    const [mia, max] = [people('mia'), people('max')];
    await makeModerator(mia);
    await makeModerator(max);
    await chat.api.ask('operator', 'GET', `/api/broadcasts/${broadcastId}/chat`);
    for (const whom of [owner, max, mia, 'operator']) {
      const answer = await ban(mia, whom);
      expect([whom, answer.statusCode]).toEqual([whom, 403]);
    }
    expect((await ban('operator', owner)).statusCode).toBe(403);
    expect((await ban('alice', 'bob')).statusCode).toBe(403);
    expect((await ban(mia, 'bob')).statusCode).toBe(200);
    expect((await ban(owner, max)).statusCode).toBe(200);
    expect(refusalOf(await chat.say(max, broadcastId, 'hey')).reason).toBe('banned');
    await say(owner, 'fine');
  });

  it('of a message on its way stops it', async () => {
    const troll = people('troll');
    const racing = Promise.all(
      Array.from({ length: 20 }, (_, n) => chat.say(troll, broadcastId, `spam ${n}`)),
    );
    await ban(owner, troll, {}, '?purge=true');
    await racing;
    await ban(owner, troll, {}, '?purge=true');
    expect(await chat.stored(broadcastId)).toEqual([]);
    expect(await chat.history(broadcast)).toEqual([]);
  });
});

describe('moderators', () => {
  it('are made by the broadcaster, not by moderators, and can act at once', async () => {
    const [mia, max] = [people('mia'), people('max')];
    const { id } = await say('alice', 'oops');
    expect((await remove(mia, id)).statusCode).toBe(403);
    expect((await makeModerator(mia)).statusCode).toBe(204);
    expect((await remove(mia, id)).statusCode).toBe(204);
    const more = await inChannel(mia, 'PUT', `chat/moderators/${person(max)}`, { name: max });
    expect(more.statusCode).toBe(403);
    expect((await inChannel(mia, 'GET', 'chat/moderators')).json()).toMatchObject({
      moderators: [{ personId: person(mia), name: mia, by: owner }],
    });
    await inChannel(owner, 'DELETE', `chat/moderators/${person(mia)}`);
    expect((await inChannel(mia, 'GET', 'chat/moderators')).statusCode).toBe(403);
    expect((await audit()).map(({ action }) => action.type)).toEqual(['no-moderator', 'delete', 'moderator']);
  });
});

describe('settings', () => {
  it('are for staff, keep what is not named, and show within a second', async () => {
    expect((await inChannel('alice', 'GET', 'chat/settings')).statusCode).toBe(403);
    const changed = await inChannel(owner, 'PATCH', 'chat/settings', { slowS: 5, followersMin: 3 });
    expect(changed.json()).toMatchObject({ slowS: 5, followersMin: 3, off: false, version: 1 });
    // The first post makes the chat known to its Redis.
    await say(owner, 'hello');
    await inChannel(owner, 'PATCH', 'chat/settings', { followersMin: null, off: true });
    await shows1s({ type: 'mode', mode: { slowS: 5, off: true } });
    expect((await inChannel(owner, 'GET', 'chat/settings')).json()).toMatchObject({ slowS: 5, version: 2 });
    expect((await audit()).map(({ action }) => action)).toEqual([
      { type: 'settings', changes: { followersMin: null, off: true } },
      { type: 'settings', changes: { slowS: 5, followersMin: 3 } },
    ]);
  });

  it('changed by many at once keep all changes', async () => {
    const changes = [{ slowS: 7 }, { maxLength: 50 }, { maxEmoji: 3 }];
    await Promise.all(changes.map((change) => inChannel(owner, 'PATCH', 'chat/settings', change)));
    expect((await inChannel(owner, 'GET', 'chat/settings')).json()).toMatchObject({
      slowS: 7,
      maxLength: 50,
      maxEmoji: 3,
      version: 3,
    });
  });

  it.each([
    {},
    { slowS: -1 },
    { slowS: 1.5 },
    { slowS: 1e9 },
    { maxLength: 0 },
    { maxLength: 301 },
    { links: 'sometimes' },
    { blockedWords: ['a\u0000b'] },
    { blockedWords: Array.from({ length: 501 }, () => 'word') },
    { version: 9 },
    { off: 'yes' },
  ])('refuse %j', async (changes) => {
    expect((await inChannel(owner, 'PATCH', 'chat/settings', changes)).statusCode).toBe(400);
  });

  it('take 500 long words of any script', async () => {
    const blockedWords = Array.from({ length: 500 }, (_, n) => `${'漢'.repeat(50)}${n}`);
    const answer = await inChannel(owner, 'PATCH', 'chat/settings', { blockedWords });
    expect(answer.statusCode).toBe(200);
    expect(refusalOf(await chat.say('alice', broadcastId, `${'漢'.repeat(50)}7`)).reason).toBe(
      'blocked-word',
    );
  });
});

describe('the audit list', () => {
  it('comes by pages, newest first, and only to staff', async () => {
    const begin = Date.now();
    for (let n = 0; n < 55; n += 1)
      await chat.tables.chat.audit(channel.channelId, {
        id: `01k9${String(n).padStart(22, '0')}`,
        at: begin + n,
        by: { personId: person(owner), name: owner, role: 'broadcaster' },
        action: { type: 'ban', personId: person('x') },
      });
    type Page = { entries: AuditEntry[]; before?: string };
    const first = (await inChannel(owner, 'GET', 'chat/audit')).json<Page>();
    expect(first.entries).toHaveLength(50);
    const second = (await inChannel(owner, 'GET', `chat/audit?before=${first.before ?? ''}`)).json<Page>();
    expect([...first.entries, ...second.entries].map(({ at }) => at)).toEqual(
      Array.from({ length: 55 }, (_, n) => begin + 54 - n),
    );
    expect((await inChannel('alice', 'GET', 'chat/audit')).statusCode).toBe(403);
    const bad = await inChannel(owner, 'GET', 'chat/audit?before=%2e%2e');
    expect(bad.json<Problem>().errors?.[0]?.path).toBe('/before');
  });
});

describe('names and ids in paths', () => {
  it.each([
    ['PUT', 'chat/bans/short', { name: 'x' }],
    ['PUT', `chat/bans/${'0'.repeat(20)}`, { name: '' }],
    ['PUT', `chat/bans/${'0'.repeat(20)}`, { name: 'x', forS: 0 }],
    ['PUT', `chat/bans/${'0'.repeat(20)}`, { name: 'x\u202ey' }],
    ['PUT', `chat/moderators/${'0'.repeat(20)}`, {}],
    ['DELETE', 'chat/moderators/nobody', undefined],
  ] as const)('are refused when they are none: %s %s %j', async (method, rest, body) => {
    expect((await inChannel(owner, method, rest, body)).statusCode).toBe(400);
  });
});
