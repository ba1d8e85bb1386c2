import { createClient } from '@redis/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeChunk } from '../../../../containers/chat/archive/files.ts';
import type { PostedMessage } from '../../../../core/api/chat.ts';
import type { Broadcast } from '../../../../core/broadcast/types.ts';
import { BusError, type PostBus } from '../../../../core/chat/bus.ts';
import { messageId, type ChatMessage } from '../../../../core/chat/message.ts';
import { hashOf } from '../../../../runtime/bus/idempotency.ts';
import type { TestRedis } from '../../../support/redis.ts';
import type { TestApi } from '../harness.ts';
import { person, startTestChat, type TestChat } from './harness.ts';

let chat: TestChat;
let redis: TestRedis;
let others: readonly [TestApi['app'], TestApi['app']];
/** An API task of its own whose way to Redis and to the table can be held up. */
let shaky: TestApi['app'];
let shows = 0;
let broadcast: Broadcast;
let broadcastId: string;

/** What the shaky task cannot do at the moment. */
let isCutOff = false;
/** Passes as soon as it is open. */
let gate: { readonly open: () => void; readonly passed: Promise<void> } | undefined;
let admissions = 0;
let publishes = 0;
let stores = 0;

function newGate(): NonNullable<typeof gate> {
  const { promise: passed, resolve: open } = Promise.withResolvers<void>();
  return { open, passed };
}

/** Fails as a Redis does that this task cannot reach, but for what comes before a post is stored. */
function cuttable(bus: PostBus): PostBus {
  const unlessCut =
    <Args extends readonly unknown[], T>(call: (...args: Args) => Promise<T>) =>
    (...args: Args): Promise<T> =>
      isCutOff ? Promise.reject(new BusError('cut off')) : call(...args);
  return {
    ...bus,
    async admit(wish) {
      const admission = await bus.admit(wish);
      admissions += 1;
      return admission;
    },
    publish: unlessCut((...args) => {
      publishes += 1;
      return bus.publish(...args);
    }),
    takeBack: unlessCut((...args) => bus.takeBack(...args)),
    withdraw: unlessCut((...args) => bus.withdraw(...args)),
  };
}

beforeAll(async () => {
  chat = await startTestChat({ shards: ['a', 'b'] });
  redis = chat.redis.get('a') as TestRedis;
  others = [await chat.another(), await chat.another()];
  shaky = await chat.another(({ chat: parts }) => ({
    chat: {
      ...parts,
      openBus: (shard) => cuttable(parts.openBus(shard)),
      messages: {
        ...parts.messages,
        write: async (...what) => {
          const written = await parts.messages.write(...what);
          stores += 1;
          await gate?.passed;
          return written;
        },
      },
    },
  }));
});
afterAll(() => chat.close());
beforeEach(async () => {
  shows += 1;
  admissions = 0;
  publishes = 0;
  stores = 0;
  ({ broadcast } = await chat.live(`owner-${shows}`));
  ({ broadcastId } = broadcast);
  await chat.tables.broadcasts.assignShard(broadcastId, 'a');
});
afterEach(() => {
  isCutOff = false;
  gate?.open();
  gate = undefined;
});

const say = (text: string, key: string, from?: TestApi['app'], who = 'alice') =>
  chat.say(who, broadcastId, text, key, from);

/** As pages do, with one key: again while the chat is away. */
async function insist(
  text: string,
  key: string,
  from?: TestApi['app'],
  who?: string,
): Promise<PostedMessage> {
  for (const end = performance.now() + 20_000; ;) {
    const answer = await say(text, key, from, who);
    if (answer.statusCode === 201) return answer.json<PostedMessage>();
    if (answer.statusCode !== 503 || performance.now() > end) throw new Error(answer.body);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function killAndRestart(): Promise<void> {
  await redis.kill();
  await redis.restart();
}

const moveToB = async (): Promise<void> => {
  const url = '/api/ops/chat/shards/a/move';
  const answer = await chat.api.ask('operator', 'POST', url, { broadcastIds: [broadcastId], to: 'b' });
  expect(answer.json()).toEqual({ moved: [{ broadcastId, to: 'b' }] });
};

const textsOf = (messages: readonly ChatMessage[]): string[] => messages.map(({ text }) => text);
const storedTexts = async (): Promise<string[]> => textsOf(await chat.stored(broadcastId));
const historyTexts = async (shard = 'a'): Promise<string[]> => textsOf(await chat.history(broadcast, shard));

/** What a screen shows: what came, without what it was told to take away. */
const shownBy = (screen: Awaited<ReturnType<TestChat['screen']>>): string[] => {
  const gone = new Set(
    screen.controls.flatMap(({ control }) => (control.type === 'delete' ? control.ids : [])),
  );
  return textsOf(screen.lines.filter(({ id }) => !gone.has(id)));
};

describe('a retry', () => {
  it('after Redis was killed and came back empty is answered with the same id, by whichever task', async () => {
    const screen = await chat.screen(broadcast);
    const first = await insist('once', 'key');
    await killAndRestart();
    for (const app of [chat.api.app, ...others]) expect(await insist('once', 'key', app)).toEqual(first);
    await insist('after', 'another-key');
    await expect.poll(() => shownBy(screen), { timeout: 10_000 }).toEqual(['once', 'after']);
    expect(await storedTexts()).toEqual(['once', 'after']);
    expect(await historyTexts()).toEqual(['once', 'after']);
  });

  it('after Redis was killed twice, too', async () => {
    const first = await insist('once', 'key');
    await killAndRestart();
    await insist('between', 'another-key');
    await killAndRestart();
    expect(await insist('once', 'key', others[0])).toEqual(first);
    expect(await storedTexts()).toEqual(['once', 'between']);
  });

  it('after the broadcast was moved to another shard is answered with the same id', async () => {
    const first = await insist('once', 'key');
    await moveToB();
    for (const app of [chat.api.app, ...others]) expect(await insist('once', 'key', app)).toEqual(first);
    expect(await historyTexts('b')).toEqual(['once']);
    expect(await storedTexts()).toEqual(['once']);
  });

  it('of another person with the same key is their own message, also then', async () => {
    const first = await insist('hello', 'key');
    await killAndRestart();
    const second = await insist('hello', 'key', others[0], 'bob');
    expect(second.id > first.id).toBe(true);
    expect(await insist('hello', 'key', others[1])).toEqual(first);
    expect((await chat.stored(broadcastId)).map(({ by }) => by.id)).toEqual([person('alice'), person('bob')]);
  });

  it('three times at once, right after Redis came back empty, is one message', async () => {
    await insist('before', 'first-key');
    const { id } = await insist('once', 'key');
    await killAndRestart();
    const apps = [chat.api.app, ...others];
    const answers = await Promise.all(apps.map((app) => insist('once', 'key', app)));
    expect(new Set(answers.map((each) => each.id))).toEqual(new Set([id]));
    // One whose first attempt never got through.
    const fresh = await Promise.all(apps.map((app) => insist('new', 'fresh-key', app)));
    expect(new Set(fresh.map((each) => each.id)).size).toBe(1);
    expect(await storedTexts()).toEqual(['before', 'once', 'new']);
    expect(await historyTexts()).toEqual(['before', 'once', 'new']);
  });

  it('of what was said before more than is kept is answered with the same id, within a minute of the last', async () => {
    const lastMs = Date.now() - 20_000;
    const idOf = (agoMs: number): string => messageId((lastMs - agoMs) * 1_000);
    const line = (id: string): ChatMessage => ({
      id,
      at: Math.floor(Number(id) / 1_000),
      text: `line ${id}`,
      by: { id: person('alice'), name: 'alice', role: 'viewer' },
    });
    const [late, early] = [idOf(59_000), idOf(61_000)];
    const lines = [early, late, ...Array.from({ length: 600 }, (_, n) => idOf(599 - n))].map(line);
    const keys = new Map([
      [late, hashOf(person('alice'), 'a-minute-ago')],
      [early, hashOf(person('alice'), 'longer-ago')],
    ]);
    await chat.tables.messages.write(broadcastId, lines, keys);
    expect((await insist('again', 'a-minute-ago')).id).toBe(late);
    expect((await insist('again', 'longer-ago')).id > idOf(0)).toBe(true);
  });
});

describe('a post whose Redis dies before it is published', () => {
  it('is published by the one that came back empty, with the same id, once', async () => {
    await insist('before', 'first-key');
    const screen = await chat.screen(broadcast);
    gate = newGate();
    const answer = insist('under way', 'key', shaky);
    await expect.poll(() => stores).toBe(1);
    await killAndRestart();
    gate.open();
    const { id } = await answer;
    expect(stores).toBe(1);
    expect((await insist('under way', 'key', others[0])).id).toBe(id);
    await expect.poll(() => shownBy(screen), { timeout: 10_000 }).toEqual(['before', 'under way']);
    expect(await storedTexts()).toEqual(['before', 'under way']);
  });

  it('stays when a retry was told that it is posted, though its own task gives it up', async () => {
    await insist('before', 'first-key');
    const screen = await chat.screen(broadcast);
    isCutOff = true;
    const refused = say('under way', 'key', shaky);
    await expect.poll(() => stores).toBe(1);
    await killAndRestart();
    const { id } = await insist('under way', 'key', others[0]);
    expect((await refused).statusCode).toBe(503);
    isCutOff = false;
    await expect.poll(storedTexts, { timeout: 10_000 }).toEqual(['before', 'under way']);
    expect((await chat.stored(broadcastId)).at(-1)?.id).toBe(id);
    expect((await insist('under way', 'key', shaky)).id).toBe(id);
    await insist('after', 'last-key');
    await expect.poll(() => shownBy(screen), { timeout: 10_000 }).toEqual(['before', 'under way', 'after']);
    expect(await historyTexts()).toEqual(['before', 'under way', 'after']);
    expect(publishes).toBe(0);
  });

  it('is nowhere when it was refused and nobody was told otherwise; the retry is one message', async () => {
    await insist('before', 'first-key');
    const screen = await chat.screen(broadcast);
    isCutOff = true;
    const refused = say('under way', 'key', shaky);
    await expect.poll(() => stores).toBe(1);
    await killAndRestart();
    // Somebody else warms it with the post in the store.
    await insist('meanwhile', 'another-key', others[0], 'bob');
    expect((await refused).statusCode).toBe(503);
    expect(await storedTexts()).toEqual(['before', 'meanwhile']);
    isCutOff = false;
    await expect.poll(() => historyTexts(), { timeout: 10_000 }).toEqual(['before', 'meanwhile']);
    const { id } = await insist('under way', 'key', others[1]);
    expect((await insist('under way', 'key', shaky)).id).toBe(id);
    await expect
      .poll(() => shownBy(screen), { timeout: 10_000 })
      .toEqual(['before', 'meanwhile', 'under way']);
    expect(await storedTexts()).toEqual(['before', 'meanwhile', 'under way']);
  });
});

describe('a post whose broadcast is moved before it is published', () => {
  it('stays when a retry was told at the new shard that it is posted', async () => {
    gate = newGate();
    const first = insist('under way', 'key', shaky);
    await expect.poll(() => stores).toBe(1);
    await moveToB();
    const { id } = await insist('under way', 'key', others[0]);
    gate.open();
    expect((await first).id).toBe(id);
    expect((await chat.stored(broadcastId)).map((each) => each.id)).toEqual([id]);
    expect((await chat.history(broadcast, 'b')).map((each) => each.id)).toEqual([id]);
  });

  it('is posted anew at the new shard when it was only read there, once', async () => {
    gate = newGate();
    const first = insist('under way', 'key', shaky);
    await expect.poll(() => stores).toBe(1);
    await moveToB();
    const screen = await chat.screen(broadcast, 'b');
    await insist('meanwhile', 'another-key', others[0], 'bob');
    gate.open();
    const { id } = await first;
    for (const app of [shaky, ...others]) expect((await insist('under way', 'key', app)).id).toBe(id);
    await expect.poll(() => shownBy(screen), { timeout: 10_000 }).toEqual(['meanwhile', 'under way']);
    expect(await storedTexts()).toEqual(['meanwhile', 'under way']);
    expect(await historyTexts('b')).toEqual(['meanwhile', 'under way']);
  });
});

describe('two tasks with the same post', () => {
  it('of which the first can not publish: what the second has answered stays', async () => {
    await insist('before', 'first-key');
    const screen = await chat.screen(broadcast);
    isCutOff = true;
    const refused = say('both', 'key', shaky);
    await expect.poll(() => stores).toBe(1);
    const { id } = await insist('both', 'key', others[0]);
    expect((await refused).statusCode).toBe(503);
    isCutOff = false;
    await expect.poll(storedTexts, { timeout: 10_000 }).toEqual(['before', 'both']);
    expect((await insist('both', 'key', others[1])).id).toBe(id);
    expect((await insist('both', 'key', shaky)).id).toBe(id);
    expect(shownBy(screen)).toEqual(['before', 'both']);
    expect(await historyTexts()).toEqual(['before', 'both']);
  });

  it('of which the second can not publish: what the first has answered stays', async () => {
    await insist('before', 'first-key');
    gate = newGate();
    const slow = await chat.another(({ chat: parts }) => ({
      chat: {
        ...parts,
        messages: {
          ...parts.messages,
          write: async (...what) => {
            const written = await parts.messages.write(...what);
            await gate?.passed;
            return written;
          },
        },
      },
    }));
    const first = insist('both', 'key', slow);
    await expect.poll(storedTexts).toEqual(['before', 'both']);
    isCutOff = true;
    const refused = say('both', 'key', shaky);
    await expect.poll(() => admissions).toBe(1);
    gate.open();
    const { id } = await first;
    expect((await refused).statusCode).toBe(503);
    isCutOff = false;
    expect((await insist('both', 'key', shaky)).id).toBe(id);
    expect(await storedTexts()).toEqual(['before', 'both']);
    expect(await historyTexts()).toEqual(['before', 'both']);
  });
});

describe('the hash of a key', () => {
  it('is in the table, and in nothing that anybody is sent: frames, history, archive, audit, answers', async () => {
    const listener = await createClient({ url: redis.url, RESP: 3 }).connect();
    const seen: string[] = [];
    await listener.sSubscribe(`chat:{${broadcastId}}`, (text) => void seen.push(text));
    const answer = await say('hello', 'key');
    await expect.poll(() => seen.length).toBeGreaterThan(0);
    listener.destroy();
    const { id } = answer.json<PostedMessage>();
    const hash = hashOf(person('alice'), 'key');
    expect((await chat.tables.messages.readKeyed(broadcastId, {})).keys).toEqual(new Map([[id, hash]]));
    await killAndRestart();
    await insist('again', 'another-key');
    await chat.api.ask(`owner-${shows}`, 'DELETE', `/api/broadcasts/${broadcastId}/messages/${id}`);
    const stored = await chat.stored(broadcastId);
    const { entries } = await chat.tables.chat.auditPage(broadcast.channelId, { limit: 10 });
    expect(entries.length).toBeGreaterThan(0);
    seen.push(answer.body, JSON.stringify(stored), JSON.stringify(entries));
    seen.push(JSON.stringify(await chat.history(broadcast)), Buffer.from(encodeChunk(0, stored)).toString());
    const others = ['another-key', 'key'].map((key) => hashOf(person('alice'), key));
    for (const text of seen) for (const each of others) expect(text).not.toContain(each);
  });
});
