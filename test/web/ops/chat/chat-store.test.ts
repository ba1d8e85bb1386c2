import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ChatOps } from '../../../../core/api/chat.ts';
import { defaultLimits } from '../../../../core/chat/limits.ts';
import { Refused, Unreachable } from '../../../../web/api/ask.ts';
import { createChatStore, limitHeldMs, type ChatStore } from '../../../../web/ops/chat/chat-store.ts';

let refusedPerS: number;
let answer: () => ChatOps;
let asked: number;
let done: string[];
let store: ChatStore;
let stop: () => void;

const view = (): ChatOps => ({
  limits: defaultLimits,
  off: false,
  shards: [
    {
      shard: 'a',
      redisUrl: 'redis://r:1',
      state: 'open',
      load: 0.1,
      tasks: 2,
      sockets: 10,
      postsPerS: 2_500,
      refusedPerS,
    },
  ],
});
const names = () => store.alarms.value.map(({ name }) => name);
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(async () => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 20) });
  refusedPerS = 0;
  asked = 0;
  done = [];
  answer = view;
  store = createChatStore({
    api: {
      view: async () => {
        asked += 1;
        return answer();
      },
      changeLimits: async (changes) => {
        done.push(`limits ${JSON.stringify(changes)}`);
        return defaultLimits;
      },
      switchOff: async (off) => {
        done.push(`off ${off}`);
        return { blockedWords: [], off, version: 1 };
      },
      setShard: async (shard, word) => void done.push(`${word} ${shard}`),
      move: async (shard, to) => {
        done.push(`move ${shard} ${to ?? 'anywhere'}`);
        return { moved: [] };
      },
    },
    clock: Date,
    random: () => 0.5,
    page: Object.assign(new EventTarget(), { hidden: false }),
  });
  stop = store.start();
  await pass(0);
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

describe('the chat of the console', () => {
  it('is asked for every two seconds', async () => {
    await pass(6_500);
    expect(asked).toBe(4);
  });

  it('has one alarm for refusals that come and go, until none came for a while', async () => {
    expect(names()).toEqual([]);
    refusedPerS = 300;
    await pass(2_000);
    expect(names()).toEqual(['chat-limit']);
    refusedPerS = 0;
    await pass(limitHeldMs - 2_000);
    expect(names()).toEqual(['chat-limit']);
    refusedPerS = 20;
    await pass(2_000);
    refusedPerS = 0;
    await pass(limitHeldMs - 2_000);
    expect(store.alarms.value[0]?.text).toContain('20 a second');
    await pass(4_000);
    expect(names()).toEqual([]);
  });

  it('stays as it was while the API is away, and says so', async () => {
    const { heardAt } = store;
    const before = heardAt.value;
    answer = () => {
      throw new Unreachable(new Error('503'), 'The data can’t be reached right now.');
    };
    await pass(2_000);
    expect(store.view.value?.shards).toHaveLength(1);
    expect([store.trouble.value, heardAt.value]).toEqual(['The data can’t be reached right now.', before]);
    answer = view;
    await pass(6_000);
    expect(store.trouble.value).toBeUndefined();
  });

  it('is not asked for again by somebody who has no right to it', async () => {
    answer = () => {
      throw new Refused(403, { detail: 'for operators' });
    };
    await pass(60_000);
    expect(asked).toBe(2);
    expect(store.trouble.value).toBe('for operators');
  });

  it('is looked at at once when something was done, and says what', async () => {
    await store.switchOff(true);
    expect([asked, store.said.value]).toEqual([2, 'The chat is off everywhere.']);
    await store.setShard('a', 'close');
    await store.move('a', undefined);
    await store.changeLimits({ shownPerS: 30 });
    expect(done).toEqual(['off true', 'close a', 'move a anywhere', 'limits {"shownPerS":30}']);
    expect(asked).toBe(5);
  });
});
