import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ChatAuthor } from '../../../core/chat/message.ts';
import { FakeShard } from './fake-fan-in.ts';
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

const chats: TestChat[] = [];
const fans: Fan[] = [];
const start = async (...args: Parameters<typeof startTestChat>): Promise<TestChat> => {
  const chat = await startTestChat(...args);
  chats.push(chat);
  return chat;
};
const join = async (...args: Parameters<typeof joinFan>): Promise<Fan> => {
  const fan = await joinFan(...args);
  fans.push(fan);
  return fan;
};
afterEach(async () => {
  for (const fan of fans.splice(0)) fan.leave();
  for (const chat of chats.splice(0)) await chat.close();
});

const aiko: ChatAuthor = { id: 'b'.repeat(20), name: 'Aiko', role: 'viewer' };
const host: ChatAuthor = { id: 'c'.repeat(20), name: 'Host', role: 'broadcaster' };

describe('joining', () => {
  it('brings who one is, the state of the chat and the last 50 messages', async () => {
    const chat = await start();
    chat.shard.sayAll(broadcastId, names(60));
    const fan = await join(chat.origin, { you: aiko });
    expect(fan.joined).toEqual([
      { broadcast: broadcastId, you: aiko, mode: { slowS: 0, off: false }, link: 'live', viewers: 1 },
    ]);
    expect(fan.histories[0]?.from).toBe('middle');
    expect(fan.texts()).toEqual(names(60).slice(10));
  });

  it('tells a banned person how they stand, each time, until they are free', async () => {
    const chat = await start();
    const fan = await join(chat.origin, { you: aiko, ban: { until: 4e12 } });
    expect(fan.events).toEqual(['joined', 'control', 'history']);
    expect(fan.controls).toEqual([{ type: 'standing', state: 'timeout', until: 4e12 }]);
    chat.shard.tell(broadcastId, { type: 'standing', state: 'banned' }, aiko.id);
    const second = await join(chat.origin, { you: aiko });
    expect(second.controls).toEqual([{ type: 'standing', state: 'banned' }]);
    chat.shard.tell(broadcastId, { type: 'standing', state: 'free' }, aiko.id);
    expect((await join(chat.origin, { you: aiko })).controls).toEqual([]);
    expect((await join(chat.origin, { you: host })).controls).toEqual([]);
  });

  it('says when the history is all there is', async () => {
    const chat = await start();
    chat.shard.sayAll(broadcastId, names(3));
    const fan = await join(chat.origin);
    expect(fan.histories[0]).toMatchObject({ from: 'start' });
    expect(fan.joined[0]).not.toHaveProperty('you');
  });

  it('goes on after the last message that one has', async () => {
    const chat = await start();
    const said = chat.shard.sayAll(broadcastId, names(100));
    const fan = await join(chat.origin, { after: said[19]?.id as string });
    expect(fan.histories[0]?.from).toBe('after');
    expect(fan.texts()).toEqual(names(100).slice(20));
  });

  it('begins in the middle when what came after is no longer kept', async () => {
    const chat = await start();
    const [first] = chat.shard.sayAll(broadcastId, names(700));
    const fan = await join(chat.origin, { after: first?.id as string });
    expect(fan.histories[0]?.from).toBe('middle');
    expect(fan.texts()).toEqual(names(700).slice(650));
  });

  it('keeps what is said here for those who come back, as much as Redis does', async () => {
    const chat = await start();
    const fan = await join(chat.origin);
    const said = chat.shard.sayAll(broadcastId, names(500));
    await until(() => expect(fan.texts()).toHaveLength(500));
    chat.shard.sayAll(broadcastId, names(100, 'later'));
    await until(() => expect(fan.texts()).toHaveLength(600));
    const back = await join(chat.origin, { after: said[300]?.id as string });
    expect(back.histories[0]?.from).toBe('after');
    expect(back.texts()).toHaveLength(299);
    const late = await join(chat.origin, { after: said[0]?.id as string });
    expect(late.histories[0]?.from).toBe('middle');
  });

  it('says that there was more when Redis was away for longer than it keeps, and shows the newest', async () => {
    const chat = await start();
    const fan = await join(chat.origin);
    const fanOfHost = await join(chat.origin, { you: host });
    const [first] = chat.shard.sayAll(broadcastId, ['before']);
    await until(() => expect(fan.texts()).toEqual(['before']));
    chat.fanIn.setLink('reconnecting');
    chat.shard.sayAll(broadcastId, names(300, 'lost '));
    chat.shard.say(broadcastId, 'of the host', host);
    const missed = chat.shard.sayAll(broadcastId, names(400));
    chat.fanIn.setLink('live');
    await until(() => expect(fan.histories).toHaveLength(2));
    const history = fan.histories[1];
    expect(history?.from).toBe('middle');
    expect(history?.messages[0]?.text).toBe('lost 201');
    expect(history?.messages.length).toBeLessThanOrEqual(500);
    expect(history?.messages.map(({ text }) => text)).toContain('of the host');
    expect(fanOfHost.histories[1]?.from).toBe('middle');
    // Who comes back gets what is kept, and no claim that nothing lies between.
    const back = await join(chat.origin, { after: first?.id as string });
    expect(back.histories[0]?.from).toBe('middle');
    const near = await join(chat.origin, { after: missed[390]?.id as string });
    expect(near.histories[0]).toMatchObject({ from: 'after', messages: missed.slice(391) });
    chat.shard.say(broadcastId, 'afterwards');
    await until(() => expect(fan.texts()).toContain('afterwards'));
    expect(fan.histories).toHaveLength(2);
  });

  it('shows nothing twice to one who has heard more elsewhere', async () => {
    const shard = new FakeShard();
    const slow = await start({ onShard: shard, shortestTickMs: 400 });
    const quick = await start({ onShard: shard });
    const before = await join(quick.origin);
    await join(slow.origin);
    shard.sayAll(broadcastId, ['one', 'two']);
    await until(() => expect(before.texts()).toEqual(['one', 'two']));
    const after = before.batches.at(-1)?.messages.at(-1)?.id as string;
    const moved = await join(slow.origin, { after });
    shard.tell(broadcastId, { type: 'mode', mode: { slowS: 3, off: false } });
    shard.sayAll(broadcastId, ['three']);
    await until(() => expect(moved.texts()).toEqual(['three']));
    shard.sayAll(broadcastId, ['four']);
    await until(() => expect(moved.texts()).toEqual(['three', 'four']));
    expect(moved.controls).toContainEqual({ type: 'mode', mode: { slowS: 3, off: false } });
  });

  it('misses nothing and doubles nothing while much is said and many come and go', async () => {
    const chat = await start({ shortestTickMs: 5 });
    let said = 0;
    const talk = setInterval(() => chat.shard.sayAll(broadcastId, names(3, `${said++} `)), 1);
    const came: Fan[] = [];
    for (let round = 0; round < 30; round += 1) {
      came.push(
        ...(await Promise.all([
          join(chat.origin),
          join(chat.origin, { transports: ['polling', 'websocket'] }),
          join(chat.origin, { you: aiko, perMessageDeflate: false } as object),
        ])),
      );
      if (round % 3 === 0) came.splice(0, 2).forEach((fan) => fan.leave());
    }
    clearInterval(talk);
    const all = chat.shard.kept.get(broadcastId)?.at(-1);
    for (const fan of came) {
      await until(() => expect(fan.texts().at(-1)).toBe(all?.text));
      const ids = [...(fan.histories[0]?.messages ?? []), ...fan.batches.flatMap((b) => b.messages)].map(
        ({ id }) => id,
      );
      const expected = chat.shard.said.filter((id) => id >= (ids[0] ?? ''));
      expect(ids).toEqual(expected);
      expect(fan.events.slice(0, 2)).toEqual(['joined', 'history']);
    }
  });

  it('costs Redis one subscription, however many come', async () => {
    const chat = await start();
    await Promise.all(names(40).map(() => join(chat.origin)));
    expect(chat.shard.subscriptions).toEqual([broadcastId]);
  });

  it('by event is answered, once', async () => {
    const chat = await start();
    const fan = openFan(chat.origin, { auth: {} });
    fans.push(fan);
    expect(await fan.socket.emitWithAck('join', { broadcast: 'nowhere' })).toMatchObject({
      ok: false,
      code: 'not-found',
    });
    expect(await fan.socket.emitWithAck('join', { broadcast: broadcastId })).toEqual({ ok: true });
    await until(() => expect(fan.histories).toHaveLength(1));
    expect(await fan.socket.emitWithAck('join', { broadcast: broadcastId })).toMatchObject({ ok: false });
    chat.shard.say(broadcastId, 'hello');
    await until(() => expect(fan.texts()).toEqual(['hello']));
  });

  it('may be compressed by the client, more than once', async () => {
    const chat = await start();
    const long = { ...aiko, name: 'A long name '.repeat(300) };
    const fan = await join(chat.origin, { you: long });
    expect(fan.joined[0]?.you).toEqual(long);
    for (let n = 0; n < 3; n += 1)
      expect(await fan.socket.emitWithAck('join', { broadcast: broadcastId, long })).toMatchObject({
        code: 'bad-request',
      });
    chat.shard.say(broadcastId, 'hello');
    await until(() => expect(fan.texts()).toEqual(['hello']));
  });

  it('is refused as a connect_error that says why', async () => {
    const chat = await start();
    await expect(join(chat.origin, { broadcast: 'nowhere' })).rejects.toMatchObject({
      data: { code: 'not-found' },
    });
  });

  it('is refused while Redis is away, with a time to come back', async () => {
    const chat = await start();
    chat.fanIn.setLink('reconnecting');
    await expect(join(chat.origin)).rejects.toMatchObject({
      data: { code: 'unavailable', retryAfterMs: expect.any(Number) as number },
    });
  });
});

describe('controls', () => {
  it('come at once, and a deleted message never', async () => {
    const chat = await start({ shortestTickMs: 300 });
    const fan = await join(chat.origin);
    const [, bad] = chat.shard.sayAll(broadcastId, ['good', 'bad', 'fine']);
    chat.shard.tell(broadcastId, { type: 'delete', ids: [bad?.id as string] });
    await until(() => expect(fan.controls).toHaveLength(1));
    expect(fan.batches).toHaveLength(0);
    await until(() => expect(fan.texts()).toEqual(['good', 'fine']));
    expect((await join(chat.origin)).texts()).toEqual(['good', 'fine']);
  });

  it('take everything of a person away, until the message that they name', async () => {
    const chat = await start();
    const fan = await join(chat.origin);
    const gone = chat.shard.say(broadcastId, 'spam', aiko);
    chat.shard.say(broadcastId, 'hello');
    await until(() => expect(fan.texts()).toHaveLength(2));
    chat.shard.tell(broadcastId, { type: 'purge', person: aiko.id, until: gone.id });
    chat.shard.say(broadcastId, 'sorry', aiko);
    await until(() => expect(fan.texts()).toHaveLength(3));
    expect((await join(chat.origin)).texts()).toEqual(['hello', 'sorry']);
  });

  it('for one person reach all of their sockets and nobody else', async () => {
    const chat = await start();
    const two = [await join(chat.origin, { you: aiko }), await join(chat.origin, { you: aiko })];
    const other = await join(chat.origin);
    chat.shard.tell(broadcastId, { type: 'standing', state: 'banned' }, aiko.id);
    chat.shard.say(broadcastId, 'end');
    await until(() => expect(other.texts()).toEqual(['end']));
    for (const fan of two)
      await until(() => expect(fan.controls).toEqual([{ type: 'standing', state: 'banned' }]));
    expect(other.controls).toEqual([]);
  });

  it('of the mode are part of what newcomers are told', async () => {
    const chat = await start();
    await join(chat.origin);
    chat.shard.tell(broadcastId, { type: 'mode', mode: { slowS: 30, off: false } });
    expect((await join(chat.origin)).joined[0]?.mode).toEqual({ slowS: 30, off: false });
  });

  it('that take something away are told to who was not there, by the same task and by another', async () => {
    const shard = new FakeShard();
    const chat = await start({ onShard: shard });
    await join(chat.origin);
    const [bad, last] = shard.sayAll(broadcastId, ['bad', 'last']);
    const control = { type: 'delete', ids: [bad?.id as string] } as const;
    shard.tell(broadcastId, control);
    const other = await start({ onShard: shard });
    for (const { origin } of [chat, other]) {
      const back = await join(origin, { after: last?.id as string });
      expect(back.events).toEqual(['joined', 'control', 'history']);
      expect(back.controls).toEqual([control]);
      expect((await join(origin)).controls).toEqual([]);
    }
    const [next] = shard.sayAll(broadcastId, ['next']);
    const heardIt = await join(other.origin, { after: next?.id as string });
    expect(heardIt.controls).toEqual([]);
  });

  it('say that Redis is away and back, and nobody loses the connection', async () => {
    const chat = await start();
    const fan = await join(chat.origin);
    chat.fanIn.setLink('reconnecting');
    expect((await join(chat.origin)).joined[0]?.link).toBe('reconnecting');
    chat.fanIn.setLink('live');
    await until(() =>
      expect(fan.controls).toEqual([
        { type: 'link', link: 'reconnecting' },
        { type: 'link', link: 'live' },
      ]),
    );
    expect(fan.socket.connected).toBe(true);
  });
});

describe('sampling', () => {
  it('shows what can be read, says what is left out, and shows everybody their own and the staff’s', async () => {
    const chat = await start();
    chat.server.shownPerS = 20;
    const fan = await join(chat.origin, { perMessageDeflate: false } as object);
    const author = await join(chat.origin, { you: aiko });
    for (let round = 0; round < 20; round += 1) {
      chat.shard.sayAll(broadcastId, names(20, 'crowd'));
      chat.shard.say(broadcastId, `mine ${round}`, aiko);
      chat.shard.say(broadcastId, `staff ${round}`, host);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    chat.shard.say(broadcastId, 'end', host);
    for (const one of [fan, author]) await until(() => expect(one.texts()).toContain('end'));
    const staff = fan.texts().filter((text) => text.startsWith('staff'));
    expect(staff).toEqual(names(20, 'staff '));
    const own = author.texts().filter((text) => text.startsWith('mine'));
    expect([...own].sort()).toEqual([...names(20, 'mine ')].sort());
    const left = fan.batches.reduce((sum, { sampled }) => sum + (sampled?.left ?? 0), 0);
    expect(left).toBeGreaterThan(300);
    expect(left + fan.texts().length).toBe(20 * 22 + 1);
    const { sampled } = fan.batches.findLast((batch) => batch.sampled !== undefined) ?? {};
    expect(sampled?.saidPerS).toBeGreaterThan(sampled?.shownPerS ?? Infinity);
  });
});

describe('a room', () => {
  it('is let go half a minute after the last viewer, and not before', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'performance'] });
    try {
      const chat = await start();
      (await join(chat.origin)).leave();
      await until(async () => expect(await chat.metric('tidecast_chat_sockets')).toBe(0));
      vi.advanceTimersByTime(25_000);
      expect(chat.fanIn.listeners.size).toBe(1);
      vi.advanceTimersByTime(10_000);
      expect(chat.fanIn.listeners.size).toBe(0);
      await join(chat.origin);
      expect(chat.fanIn.listeners.size).toBe(1);
    } finally {
      vi.useRealTimers();
    }
  });

  it('puts right what newcomers were told, also when the sum is what it was', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] });
    try {
      const chat = await start();
      const others = [await join(chat.origin)];
      vi.advanceTimersByTime(5_000);
      await until(() => expect(chat.fanIn.present_).toEqual([new Map([[broadcastId, 1]])]));
      others.push(await join(chat.origin));
      const newcomer = await join(chat.origin);
      expect(newcomer.joined[0]?.viewers).toBeGreaterThan(1);
      for (const one of others) one.leave();
      await until(async () => expect(await chat.metric('tidecast_chat_sockets')).toBe(1));
      vi.advanceTimersByTime(5_000);
      await until(() => expect(newcomer.controls).toEqual([{ type: 'viewers', count: 1 }]));
    } finally {
      vi.useRealTimers();
    }
  });

  it('says how many watch it here, and tells the viewers how many do everywhere', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] });
    try {
      const chat = await start();
      chat.fanIn.elsewhere = 1_000;
      const fan = await join(chat.origin);
      vi.advanceTimersByTime(5_000);
      await until(() => expect(fan.controls).toEqual([{ type: 'viewers', count: 1_001 }]));
      expect((await join(chat.origin)).joined[0]?.viewers).toBe(1_001);
      for (const one of fans) one.leave();
      await until(async () => expect(await chat.metric('tidecast_chat_sockets')).toBe(0));
      vi.advanceTimersByTime(10_000);
      await until(() => expect(chat.fanIn.present_.at(-1)).toEqual(new Map([[broadcastId, 0]])));
    } finally {
      vi.useRealTimers();
    }
  });
});
