import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PostedMessage } from '../../../../core/api/chat.ts';
import type { Broadcast, Channel } from '../../../../core/broadcast/types.ts';
import { BusError } from '../../../../core/chat/bus.ts';
import type { ChatMessage } from '../../../../core/chat/message.ts';
import type { TestRedis } from '../../../support/redis.ts';
import { person, refusalOf, startTestChat, type TestChat } from './harness.ts';

/** Stands before a real call: `real` does it. */
type Fault = (real: () => Promise<unknown>, args: readonly unknown[]) => Promise<unknown>;

let chat: TestChat;
let redis: TestRedis;
const faults = new Map<string, Fault>();
let shows = 0;
let channel: Channel;
let broadcast: Broadcast;
let broadcastId: string;
let owner: string;
const calls: string[] = [];

/** Every call of the bus and of the stores is written down, and can be broken. */
function watched<Port extends object>(name: string, port: Port): Port {
  return new Proxy(port, {
    get(target, method: keyof Port & string) {
      const found: unknown = target[method];
      if (typeof found !== 'function') return found;
      return (...args: unknown[]): unknown => {
        const call = `${name}.${method}`;
        calls.push(call);
        const real = (): Promise<unknown> => Reflect.apply(found, target, args) as Promise<unknown>;
        return faults.get(call)?.(real, args) ?? real();
      };
    },
  });
}

beforeAll(async () => {
  chat = await startTestChat({
    overrides: ({ store, messages, unarchived, openBus, ...rest }) => ({
      ...rest,
      store: watched('store', store),
      messages: watched('messages', messages),
      unarchived: watched('unarchived', unarchived),
      openBus: (shard) => watched('bus', openBus(shard)),
    }),
  });
  redis = chat.redis.get('a') as TestRedis;
});
afterAll(() => chat.close());
beforeEach(async () => {
  faults.clear();
  shows += 1;
  owner = `owner-${shows}`;
  ({ channel, broadcast } = await chat.live(owner));
  ({ broadcastId } = broadcast);
});

const storedTexts = async (): Promise<string[]> => (await chat.stored(broadcastId)).map(({ text }) => text);
const historyTexts = async (): Promise<string[]> => (await chat.history(broadcast)).map(({ text }) => text);

describe('a post', () => {
  it('costs three calls of Redis and one write, and reads no table, once its channel is known', async () => {
    await chat.api.ask(owner, 'PATCH', `/api/channels/${channel.channelId}/chat/settings`, {
      followersMin: 0,
    });
    await chat.api.ask('alice', 'PUT', `/api/channels/${channel.channelId}/follow`);
    await chat.saySurely('alice', broadcastId, 'one');
    // In the middle of a second, so that what runs by the second does not come between.
    calls.length = 0;
    await chat.saySurely('alice', broadcastId, 'two');
    const byTheSecond =
      /bus\.(platformDemand|platformRefused|setPlatformShare|setLimits)|store\.(limits|platform|bans)/;
    expect(calls.filter((call) => !byTheSecond.test(call))).toEqual([
      'bus.standing',
      'bus.admit',
      'messages.write',
      'bus.publish',
    ]);
  });

  it('that the table did not take is refused, and appears nowhere; the same again is posted', async () => {
    await chat.saySurely('alice', broadcastId, 'before');
    const screen = await chat.screen(broadcast);
    faults.set('messages.write', async (_real, [, messages]) => ({
      failed: (messages as readonly ChatMessage[]).map(({ id }) => id),
    }));
    const refused = await chat.say('alice', broadcastId, 'throttled', 'key-1');
    expect(refusalOf(refused)).toMatchObject({ status: 503, reason: 'unavailable' });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    faults.clear();
    expect(await storedTexts()).toEqual(['before']);
    expect((await chat.say('alice', broadcastId, 'throttled', 'key-1')).statusCode).toBe(201);
    await expect.poll(() => screen.texts()).toEqual(['before', 'throttled']);
  });

  it('whose broadcast can’t be noted for the archive is refused as a whole', async () => {
    faults.set('unarchived.add', () => Promise.reject(new Error('throttled')));
    expect(refusalOf(await chat.say('alice', broadcastId, 'one')).status).toBe(503);
    faults.clear();
    expect(await storedTexts()).toEqual([]);
    await chat.saySurely('alice', broadcastId, 'two');
    expect(await historyTexts()).toEqual(['two']);
  });

  it('whose publication was answered to nobody is answered all the same, and shown once', async () => {
    await chat.saySurely('alice', broadcastId, 'before');
    const screen = await chat.screen(broadcast);
    let lost = 2;
    faults.set('bus.publish', async (real) => {
      const answer = await real();
      lost -= 1;
      if (lost >= 0) throw new BusError('the answer was lost');
      return answer;
    });
    expect((await chat.say('alice', broadcastId, 'once')).statusCode).toBe(201);
    faults.clear();
    await chat.saySurely('alice', broadcastId, 'after');
    await expect.poll(() => screen.texts()).toEqual(['before', 'once', 'after']);
    expect(await storedTexts()).toEqual(['before', 'once', 'after']);
  });

  it('that can’t be published is refused after two seconds, and appears nowhere', async () => {
    await chat.saySurely('alice', broadcastId, 'before');
    const screen = await chat.screen(broadcast);
    faults.set('bus.publish', () => Promise.reject(new BusError('no connection')));
    const refused = await chat.say('alice', broadcastId, 'lost', 'key-1');
    expect(refusalOf(refused)).toMatchObject({ status: 503, reason: 'unavailable' });
    expect(await storedTexts()).toEqual(['before']);
    faults.clear();
    await chat.saySurely('bob', broadcastId, 'after');
    expect((await chat.say('alice', broadcastId, 'lost', 'key-1')).statusCode).toBe(201);
    await expect.poll(() => screen.texts()).toEqual(['before', 'after', 'lost']);
    expect(await storedTexts()).toEqual(['before', 'after', 'lost']);
  });

  it('that went out although nobody could say so is kept when its owner asks again', async () => {
    await chat.saySurely('alice', broadcastId, 'before');
    faults.set('bus.publish', async (real) => {
      await real();
      throw new BusError('the answer was lost');
    });
    faults.set('bus.withdraw', () => Promise.reject(new BusError('no connection')));
    expect((await chat.say('alice', broadcastId, 'twice', 'key-1')).statusCode).toBe(503);
    faults.delete('bus.publish');
    const again = await chat.say('alice', broadcastId, 'twice', 'key-1');
    faults.clear();
    expect(again.statusCode).toBe(201);
    await delay(1_200);
    expect(await storedTexts()).toEqual(['before', 'twice']);
    expect(await historyTexts()).toEqual(['before', 'twice']);
  });

  it('that was overtaken while it was stored comes after what overtook it, on all screens', async () => {
    await chat.saySurely('alice', broadcastId, 'before');
    const screen = await chat.screen(broadcast);
    let slow = true;
    faults.set('messages.write', async (real) => {
      const first = slow;
      slow = false;
      if (first) await delay(1_700);
      return real();
    });
    const late = chat.say('alice', broadcastId, 'slow');
    await expect.poll(() => slow).toBe(false);
    const quick = await chat.saySurely('bob', broadcastId, 'quick');
    const { id } = (await late).json<PostedMessage>();
    expect(id > quick.id).toBe(true);
    await expect.poll(() => screen.texts()).toEqual(['before', 'quick', 'slow']);
    expect(await storedTexts()).toEqual(['before', 'quick', 'slow']);
  });
});

describe('while posts come', () => {
  interface Attempt {
    readonly text: string;
    readonly status: number;
    readonly id: string | undefined;
  }

  /** Many post, each attempt another text and no second try; `fault` happens in the middle. */
  const during = async (fault: () => Promise<void>): Promise<readonly Attempt[]> => {
    await chat.saySurely('alice', broadcastId, 'first');
    const attempts: Attempt[] = [];
    const over = new AbortController();
    const poster = async (who: string): Promise<void> => {
      for (let n = 0; !over.signal.aborted; n += 1) {
        const text = `${who} ${n}`;
        const answer = await chat.say(who, broadcastId, text, `${shows} ${text}`.replaceAll(' ', '-'));
        const { id } = answer.json<Partial<PostedMessage>>();
        attempts.push({ text, status: answer.statusCode, id });
        await delay(10);
      }
    };
    const posters = ['p1', 'p2', 'p3', 'p4', 'p5', 'p6'].map(poster);
    const accepted = (): number => attempts.filter(({ status }) => status === 201).length;
    try {
      await expect.poll(accepted, { timeout: 10_000 }).toBeGreaterThan(12);
      await fault();
      const before = accepted();
      await expect.poll(accepted, { timeout: 10_000 }).toBeGreaterThan(before + 12);
    } finally {
      over.abort();
      await Promise.all(posters);
    }
    return attempts;
  };

  /** Whoever was answered with an id is there, in the order of the ids; who was refused is not. */
  const holds = async (attempts: readonly Attempt[]): Promise<void> => {
    expect(attempts.some(({ status }) => status === 503)).toBe(true);
    expect(new Set(attempts.map(({ status }) => status))).toEqual(new Set([201, 503]));
    const accepted = attempts.filter(({ status }) => status === 201);
    const ids = accepted.map(({ id }) => id ?? '').sort();
    // What was taken back is told to Redis as soon as it answers.
    await expect
      .poll(async () => (await chat.history(broadcast)).slice(1).map(({ id }) => id), { timeout: 15_000 })
      .toEqual(ids.slice(-499));
    const stored = (await chat.stored(broadcastId)).slice(1);
    expect(stored.map(({ id }) => id)).toEqual(ids);
    expect(stored.map(({ text }) => text).sort()).toEqual(accepted.map(({ text }) => text).sort());
  };

  it('Redis is killed and comes back empty', async () => {
    const attempts = await during(async () => {
      await redis.kill();
      // Longer than a post that was under way waits for it.
      await delay(2_500);
      await redis.restart();
    });
    await holds(attempts);
  });

  it('Redis is frozen and goes on', async () => {
    const screen = await chat.screen(broadcast);
    const attempts = await during(async () => {
      redis.freeze();
      await delay(3_500);
      redis.thaw();
    });
    await holds(attempts);
    const refused = new Set(attempts.flatMap(({ text, status }) => (status === 503 ? [text] : [])));
    expect(screen.texts().filter((text) => refused.has(text))).toEqual([]);
  });
});

describe('what staff do while Redis is away', () => {
  it('is kept, says that it shows later, and does when Redis goes on with what it knew', async () => {
    const [troll, bob] = [`troll-${shows}`, `bob-${shows}`];
    const { id } = await chat.saySurely(troll, broadcastId, 'spam');
    await chat.saySurely(bob, broadcastId, 'hello');
    const screen = await chat.screen(broadcast);
    const inChannel = (method: 'PUT' | 'PATCH', rest: string, body: object) =>
      chat.api.ask(owner, method, `/api/channels/${channel.channelId}/chat/${rest}`, body);
    redis.freeze();
    // Nothing below may leave it so.
    setTimeout(() => redis.thaw(), 5_000).unref();
    const answers = await Promise.all([
      inChannel('PUT', `bans/${person(troll)}`, { name: troll }),
      inChannel('PATCH', 'settings', { slowS: 9 }),
      chat.api.ask(owner, 'DELETE', `/api/broadcasts/${broadcastId}/messages/${id}`),
    ]);
    expect(answers.map((each) => each.statusCode)).toEqual([202, 202, 202]);
    expect(answers[2]?.json<{ detail: string }>().detail).toContain('as soon as');
    expect(await storedTexts()).toEqual(['hello']);
    redis.thaw();
    await expect
      .poll(() => new Set(screen.controls.map(({ control }) => control.type)), { timeout: 15_000 })
      .toEqual(new Set(['delete', 'mode', 'standing']));
    expect(refusalOf(await chat.say(troll, broadcastId, 'more')).reason).toBe('banned');
    expect(await historyTexts()).toEqual(['hello']);
  });

  it('holds when Redis comes back empty', async () => {
    const troll = `troll-${shows}`;
    await chat.saySurely(troll, broadcastId, 'spam');
    await redis.kill();
    const url = `/api/channels/${channel.channelId}/chat/bans/${person(troll)}?purge=true`;
    expect((await chat.api.ask(owner, 'PUT', url, { name: troll })).statusCode).toBe(202);
    await redis.restart();
    await expect
      .poll(async () => refusalOf(await chat.say(troll, broadcastId, 'more')).reason, { timeout: 15_000 })
      .toBe('banned');
    expect(await historyTexts()).toEqual([]);
  });
});

describe('figures', () => {
  it('are for Prometheus', async () => {
    await chat.saySurely('alice', broadcastId, 'one');
    await chat.say('alice', broadcastId, '');
    const answer = await chat.api.ask(null, 'GET', '/metrics');
    expect(answer.headers['content-type']).toContain('text/plain');
    expect(answer.body).toMatch(/tidecast_chat_posts_total\{outcome="accepted"\} [1-9]/);
    expect(answer.body).toMatch(/tidecast_chat_refusals_total\{reason="empty"\} [1-9]/);
    expect(answer.body).toMatch(/tidecast_chat_store_seconds_count\{outcome="done"\} [1-9]/);
    expect(answer.body).toMatch(/tidecast_chat_publish_seconds_count\{outcome="done"\} [1-9]/);
  });
});
