import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ChatOps } from '../../../../core/api/chat.ts';
import type { BroadcastView, Directory, Problem, StudioView } from '../../../../core/api/types.ts';
import type { Broadcast, Channel } from '../../../../core/broadcast/types.ts';
import type { TaskOrder } from '../../../../core/chat/bus.ts';
import type { ChatMode } from '../../../../core/chat/mode.ts';
import type { Control } from '../../../../core/chat/protocol.ts';
import type { AuditEntry } from '../../../../core/chat/store.ts';
import { person, refusalOf, startTestChat, wideLimits, type TestChat } from './harness.ts';

let chat: TestChat;
let shows = 0;
let channel: Channel;
let broadcast: Broadcast;
let broadcastId: string;
let owner: string;
beforeAll(async () => {
  chat = await startTestChat({ shards: ['a', 'b'] });
});
afterAll(() => chat.close());
beforeEach(async () => {
  shows += 1;
  owner = `owner-${shows}`;
  await chat.report('a');
  await chat.report('b', 500);
  await chat.api.ask('operator', 'GET', '/api/ops/chat');
  ({ channel, broadcast } = await chat.live(owner));
  ({ broadcastId } = broadcast);
});

const ops = (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', rest: string, body?: object) =>
  chat.api.ask('operator', method, `/api/ops/chat${rest}`, body);
const view = async (): Promise<BroadcastView> =>
  (await chat.api.ask(null, 'GET', `/api/broadcasts/${broadcastId}`)).json();
const assigned = async () => (await chat.tables.broadcasts.get(broadcastId))?.shard;

describe('a broadcast without a shard', () => {
  it('gets the least loaded one as soon as somebody asks, and keeps it', async () => {
    expect((await view()).chat).toEqual({ shard: 'a', path: '/chat/a/' });
    expect(await assigned()).toBe('a');
    await chat.report('a', 900);
    await ops('GET', '');
    expect((await view()).chat?.shard).toBe('a');
    const other = await chat.live(`${owner}-b`);
    await chat.saySurely('alice', other.broadcast.broadcastId, 'hello');
    expect((await chat.tables.broadcasts.get(other.broadcast.broadcastId))?.shard).toBe('b');
  });

  it('gets none that is closed', async () => {
    expect((await ops('POST', '/shards/a/close')).statusCode).toBe(204);
    expect((await view()).chat?.shard).toBe('b');
    expect((await ops('POST', '/shards/a/open')).statusCode).toBe(204);
    expect((await ops('POST', '/shards/zz/open')).statusCode).toBe(404);
  });
});

describe('views', () => {
  it('say where the chat is, and how many watch, everywhere', async () => {
    await chat.saySurely('alice', broadcastId, 'hello');
    await chat.present('a', 'task-1', broadcastId, 30);
    await chat.present('a', 'task-2', broadcastId, 12);
    const expected = { chat: { shard: 'a', path: '/chat/a/' }, viewers: 42 };
    expect(await view()).toMatchObject(expected);
    const { live } = (await chat.api.ask(null, 'GET', '/api/directory')).json<Directory>();
    expect(live.find((each) => each.broadcastId === broadcastId)).toMatchObject(expected);
    const own = await chat.api.ask(owner, 'GET', `/api/channels/${channel.channelId}/studio`);
    expect(own.json<StudioView>().current?.broadcast).toMatchObject(expected);
    for (const rest of ['', '/broadcasts']) {
      const answer = await chat.api.ask(null, 'GET', `/api/channels/${channel.channelId}${rest}`);
      expect(answer.body).toContain('"viewers":42');
    }
  });

  it('say neither when it has ended', async () => {
    await view();
    await chat.tables.broadcasts.end({ broadcastId, session: 1, endedAt: Date.now(), durationS: 3 });
    const ended = await view();
    expect(ended).not.toHaveProperty('chat');
    expect(ended).not.toHaveProperty('viewers');
  });

  it('come without the count while a Redis hangs', async () => {
    await chat.api.ask(null, 'GET', `/api/broadcasts/${broadcastId}`);
    const fresh = await chat.live(`${owner}-b`);
    chat.redis.get('a')?.freeze();
    try {
      const answer = await chat.api.ask(null, 'GET', `/api/broadcasts/${fresh.broadcast.broadcastId}`);
      expect(answer.json<BroadcastView>()).toMatchObject({ chat: { shard: 'a' } });
      expect(answer.json()).not.toHaveProperty('viewers');
    } finally {
      chat.redis.get('a')?.thaw();
    }
    await chat.saySurely('alice', broadcastId, 'back again');
  });
});

describe('operators', () => {
  it('alone may do what is below', async () => {
    for (const [method, rest, body] of [
      ['GET', '', undefined],
      ['PATCH', '/limits', { shownPerS: 5 }],
      ['GET', '/platform', undefined],
      ['PATCH', '/platform', { off: true }],
      ['PUT', `/bans/${person('x')}`, { name: 'x' }],
      ['DELETE', `/bans/${person('x')}`, undefined],
      ['POST', '/drill', { share: 0.5 }],
      ['POST', '/shards/a/close', undefined],
      ['POST', '/shards/a/move', {}],
    ] as const) {
      expect((await chat.api.ask(owner, method, `/api/ops/chat${rest}`, body)).statusCode).toBe(403);
      expect((await chat.api.ask(null, method, `/api/ops/chat${rest}`, body)).statusCode).toBe(401);
    }
  });

  it('change limits while a show runs, and they hold with the next post', async () => {
    await chat.saySurely('alice', broadcastId, 'one');
    const limits = await ops('PATCH', '/limits', { person: { perS: 0.01, burst: 1 } });
    expect(limits.json()).toMatchObject({ person: { perS: 0.01, burst: 1 }, platform: wideLimits.platform });
    expect(refusalOf(await chat.say('alice', broadcastId, 'two'))).toMatchObject({
      status: 429,
      reason: 'person-limit',
    });
    await ops('PATCH', '/limits', { person: wideLimits.person });
    expect((await chat.say('alice', broadcastId, 'three')).statusCode).toBe(201);
    for (const bad of [{}, { person: { perS: 0, burst: 1 } }, { person: { perS: 1 } }, { shownPerS: 'all' }])
      expect((await ops('PATCH', '/limits', bad)).statusCode).toBe(400);
  });

  it('give every shard its share of the platform’s limit, and none to one that is away', async () => {
    const b = await chat.live(`${owner}-b`);
    await chat.tables.broadcasts.assignShard(b.broadcast.broadcastId, 'b');
    await chat.saySurely('alice', broadcastId, 'one');
    await chat.saySurely('alice', b.broadcast.broadcastId, 'two');
    await ops('PATCH', '/limits', { platform: { perS: 8, burst: 8 } });
    const share = async (shard: string) =>
      Number(await chat.redisOf(shard, ['HGET', 'chat:platform', 'share']));
    const sum = async () => (await share('a')) + (await share('b'));
    await expect.poll(sum, { timeout: 15_000 }).toBeCloseTo(8, 3);
    await chat.redis.get('b')?.kill();
    await expect.poll(() => share('a'), { timeout: 15_000 }).toBeCloseTo(8, 3);
    await chat.redis.get('b')?.restart();
    await expect.poll(() => share('a'), { timeout: 15_000 }).toBeLessThan(7.99);
    // It came back empty, and knows the limits again without having been asked for.
    await expect
      .poll(() => chat.redisOf('b', ['HGET', 'chat:platform', 'platformPerS']), { timeout: 15_000 })
      .toBe('8');
    await ops('PATCH', '/limits', { platform: wideLimits.platform });
  });

  it('block words and switch all chats off', async () => {
    const screen = await chat.screen(broadcast);
    await chat.saySurely('alice', broadcastId, 'one');
    await ops('PATCH', '/platform', { blockedWords: ['mango'] });
    expect(refusalOf(await chat.say('alice', broadcastId, 'mango'))).toMatchObject({
      reason: 'blocked-word',
    });
    expect((await ops('PATCH', '/platform', { off: true })).json()).toMatchObject({ off: true, version: 2 });
    expect((await ops('GET', '')).json<ChatOps>().off).toBe(true);
    await expect
      .poll(() => screen.controls.map(({ control }) => control), { timeout: 15_000 })
      .toContainEqual(
        expect.objectContaining({
          type: 'mode',
          mode: expect.objectContaining({ off: true }) as ChatMode,
        } satisfies Partial<Control>),
      );
    expect(refusalOf(await chat.say('alice', broadcastId, 'two')).reason).toBe('chat-off');
    expect((await chat.say(owner, broadcastId, 'three')).statusCode).toBe(201);
    await ops('PATCH', '/platform', { off: false, blockedWords: [] });
    expect((await chat.say('alice', broadcastId, 'four')).statusCode).toBe(201);
  });

  it('ban from all chats at once', async () => {
    const troll = `troll-${shows}`;
    await chat.saySurely(troll, broadcastId, 'one');
    expect((await ops('PUT', `/bans/${person(troll)}`, { name: troll })).statusCode).toBe(200);
    expect(refusalOf(await chat.say(troll, broadcastId, 'two')).reason).toBe('banned');
    const other = await chat.live(`${owner}-b`);
    expect(refusalOf(await chat.say(troll, other.broadcast.broadcastId, 'two')).reason).toBe('banned');
    expect((await ops('PUT', `/bans/${person('operator')}`, { name: 'me' })).statusCode).toBe(403);
    expect((await ops('DELETE', `/bans/${person(troll)}`)).statusCode).toBe(204);
    expect((await chat.say(troll, broadcastId, 'three')).statusCode).toBe(201);
    const { entries } = await chat.tables.chat.auditPage('platform', { limit: 2 });
    expect(entries.map(({ action }: AuditEntry) => action.type)).toEqual(['unban', 'ban']);
  });

  it('have a drill reach the tasks of the shards they name', async () => {
    const heard: TaskOrder[] = [];
    const before = (await ops('POST', '/drill', { share: 0.5 })).json();
    await chat.onOrder('a', (order) => heard.push(order));
    const answer = await ops('POST', '/drill', { share: 0.5 });
    expect(answer.statusCode).toBe(202);
    expect(answer.json()).toEqual({ shards: ['a', 'b'], tasks: { ...before.tasks, a: before.tasks.a + 1 } });
    await expect.poll(() => heard).toEqual([{ type: 'drill', share: 0.5 }]);
    expect((await ops('POST', '/drill', { share: 0.5, shard: 'b' })).json()).toEqual({
      shards: ['b'],
      tasks: { b: before.tasks.b },
    });
    expect((await ops('POST', '/drill', { share: 0.5, shard: 'zz' })).statusCode).toBe(404);
    for (const share of [0, 1.1, -1]) expect((await ops('POST', '/drill', { share })).statusCode).toBe(400);
  });
});

describe('moving broadcasts to another shard', () => {
  it('takes the history along, sends the viewers there, and has the archive written there', async () => {
    const { id } = await chat.saySurely('alice', broadcastId, 'on a');
    const heard: TaskOrder[] = [];
    await chat.onOrder('a', (order) => heard.push(order));
    const answer = await ops('POST', '/shards/a/move', { broadcastIds: [broadcastId] });
    expect(answer.json()).toEqual({ moved: [{ broadcastId, to: 'b' }] });
    await expect.poll(() => heard).toEqual([{ type: 'move', broadcastId, path: '/chat/b/' }]);
    expect((await view()).chat?.shard).toBe('b');
    const { id: next } = await chat.saySurely('alice', broadcastId, 'on b');
    expect(next > id).toBe(true);
    expect((await chat.history(broadcast, 'b')).map(({ text }) => text)).toEqual(['on a', 'on b']);
    expect(await chat.tables.unarchived.list('b')).toContain(broadcastId);
    expect(await chat.tables.unarchived.list('a')).not.toContain(broadcastId);
  });

  it('loses nothing and doubles nothing that is posted through tasks that go by the old list', async () => {
    const slow = await chat.another((deps) => ({
      chat: {
        ...deps.chat,
        messages: {
          ...deps.chat.messages,
          write: async (...what) => {
            const written = await deps.chat.messages.write(...what);
            await delay(200);
            return written;
          },
          remove: async (...what) => {
            await delay(200);
            await deps.chat.messages.remove(...what);
          },
        },
      },
    }));
    const others = [await chat.another(), slow];
    const said: string[] = [];
    const ids: string[] = [];
    const enough = new AbortController();
    const posting = others.map(async (app, task) => {
      for (let n = 0; !enough.signal.aborted; n += 1) {
        const text = `${task}: ${n}`;
        ids.push((await chat.saySurely(`poster-${task}`, broadcastId, text, app)).id);
        said.push(text);
      }
    });
    await expect.poll(() => said.length, { timeout: 20_000 }).toBeGreaterThan(10);
    expect((await ops('POST', '/shards/a/move', { broadcastIds: [broadcastId] })).statusCode).toBe(200);
    // Somebody has arrived there: from now on nobody asks the store.
    const there = await chat.screen(broadcast, 'b');
    const before = said.length;
    await expect.poll(() => said.length, { timeout: 20_000 }).toBeGreaterThan(before + 10);
    enough.abort();
    await Promise.all(posting);
    // What was late at the old shard lay in the store for a moment: who arrived just then is told to take it away.
    const shown = () => {
      const gone = new Set(
        there.controls.flatMap(({ control }) => (control.type === 'delete' ? control.ids : [])),
      );
      return there.lines.filter(({ id }) => !gone.has(id));
    };
    await expect.poll(() => shown().map(({ id }) => id), { timeout: 20_000 }).toEqual(ids.toSorted());
    expect(
      shown()
        .map(({ text }) => text)
        .toSorted(),
    ).toEqual(said.toSorted());
    for (const all of [await chat.stored(broadcastId), await chat.history(broadcast, 'b')])
      expect(all.map(({ id }) => id)).toEqual(ids.toSorted());
  });

  it('to and back again leaves nothing of the first stay in the way', async () => {
    await chat.saySurely('alice', broadcastId, 'on a');
    await ops('POST', '/shards/a/move', { broadcastIds: [broadcastId], to: 'b' });
    await chat.saySurely('alice', broadcastId, 'on b');
    await ops('POST', '/shards/b/move', { broadcastIds: [broadcastId], to: 'a' });
    expect((await chat.history(broadcast, 'a')).map(({ text }) => text)).toEqual(['on a', 'on b']);
    await chat.saySurely('alice', broadcastId, 'on a again');
    expect((await chat.history(broadcast, 'a')).map(({ text }) => text)).toEqual([
      'on a',
      'on b',
      'on a again',
    ]);
  });

  it('works when the shard is lost', async () => {
    await chat.saySurely('alice', broadcastId, 'on a');
    const away = chat.redis.get('a');
    await away?.kill();
    try {
      expect(refusalOf(await chat.say('alice', broadcastId, 'nowhere'))).toMatchObject({
        status: 503,
        reason: 'unavailable',
      });
      const { moved } = (await ops('POST', '/shards/a/move', { to: 'b' })).json<{ moved: object[] }>();
      expect(moved).toContainEqual({ broadcastId, to: 'b' });
      await chat.saySurely('alice', broadcastId, 'on b');
      expect((await chat.history(broadcast, 'b')).map(({ text }) => text)).toEqual(['on a', 'on b']);
    } finally {
      await away?.restart();
    }
  });

  it('is refused to where nobody serves', async () => {
    expect((await ops('POST', '/shards/a/move', { to: 'a' })).statusCode).toBe(409);
    expect((await ops('POST', '/shards/a/move', { to: 'zz' })).statusCode).toBe(404);
  });

  it.each([
    ['/shards/zz/move', {}],
    ['/shards/zz/close', undefined],
    ['/shards/zz/open', undefined],
    ['/drill', { share: 0.5, shard: 'zz' }],
  ])('%s names the shards that there are when there is no such one', async (path, body) => {
    const answer = await ops('POST', path, body);
    expect([answer.statusCode, answer.json<Problem>().detail]).toEqual([
      404,
      expect.stringMatching(/^There is no chat shard zz\. There are: a, b/),
    ]);
  });

  it('moves nothing from a shard that has nothing, which is no fault', async () => {
    await ops('POST', '/shards/b/move', { to: 'a' });
    const answer = await ops('POST', '/shards/b/move', { to: 'a' });
    expect([answer.statusCode, answer.json()]).toEqual([200, { moved: [] }]);
  });

  it('takes broadcasts also from a shard that is forgotten, as long as it has any', async () => {
    await view();
    expect(await chat.tables.broadcasts.moveShard(broadcastId, 'a', 'gone')).toBe(true);
    const { moved } = (await ops('POST', '/shards/gone/move', { to: 'b' })).json<{ moved: object[] }>();
    expect(moved).toEqual([{ broadcastId, to: 'b' }]);
    expect((await ops('POST', '/shards/gone/move', { to: 'b' })).statusCode).toBe(404);
  });
});
