import { afterAll, beforeAll } from 'vitest';
import type { FanIn, Listener, PostBus, PostWish, WarmState } from '../../../core/chat/bus.ts';
import type { ChatLimits } from '../../../core/chat/limits.ts';
import type { ChatMessage, ChatRole, KeyedMessages } from '../../../core/chat/message.ts';
import { defaultPlatformChat, defaultSettings } from '../../../core/chat/mode.ts';
import { keptLength, type Control } from '../../../core/chat/protocol.ts';
import { openFanIn, type FanInOptions } from '../../../runtime/bus/fan-in.ts';
import { openPostBus } from '../../../runtime/bus/post-bus.ts';
import { startRedis, type TestRedis, type TestRedisOptions } from '../../support/redis.ts';

/** So generous that nothing is refused by a limit unless a test is about it. */
export const noLimits: ChatLimits = {
  person: { perS: 1e6, burst: 1e6 },
  channel: { perS: 1e6, burst: 1e6 },
  platform: { perS: 1e6, burst: 1e6 },
  shownPerS: 50,
};

export const warmState = (broadcastId: string, more: Partial<WarmState> = {}): WarmState => ({
  broadcastId,
  channelId: `channel-of-${broadcastId}`,
  settings: defaultSettings,
  platform: defaultPlatformChat,
  bans: [],
  platformBans: [],
  kept: [],
  ...more,
});

export const messageOf = (id: string, personId: string, text = `message ${id}`): ChatMessage => ({
  id,
  at: Math.floor(Number(id) / 1_000),
  text,
  by: { id: personId, name: `Name of ${personId}`, role: 'viewer' },
});

let made = 0;
export const newBroadcast = (): string => `broadcast-${(made += 1)}`;

/** What the store would have: messages by broadcast, in order. */
export class MemoryStore {
  readonly #messages = new Map<string, Map<string, ChatMessage>>();
  readonly #keys = new Map<string, string>();

  /** @param key hash of the idempotency key */
  write(broadcastId: string, message: ChatMessage, key?: string): void {
    if (key !== undefined) this.#keys.set(message.id, key);
    const of = this.#messages.get(broadcastId) ?? new Map<string, ChatMessage>();
    this.#messages.set(broadcastId, of.set(message.id, message));
  }

  remove(broadcastId: string, id: string): void {
    this.#messages.get(broadcastId)?.delete(id);
  }

  newest(broadcastId: string, count: number): KeyedMessages {
    const messages = this.all(broadcastId).slice(-count);
    const keys = messages.flatMap(({ id }) => {
      const key = this.#keys.get(id);
      return key === undefined ? [] : [[id, key] as const];
    });
    return { messages, keys: new Map(keys) };
  }

  all(broadcastId: string): readonly ChatMessage[] {
    return [...(this.#messages.get(broadcastId)?.values() ?? [])].sort((a, b) => (a.id < b.id ? -1 : 1));
  }
}

/** A listener that writes down what it hears. */
export class Ear implements Listener {
  readonly heard: ChatMessage[] = [];
  readonly controls: { readonly control: Control; readonly personId: string | undefined }[] = [];

  /** Ids of messages before which more was said than is kept. */
  readonly holes: (string | undefined)[] = [];

  messages(messages: readonly ChatMessage[], how?: 'after-hole'): void {
    if (how === 'after-hole') this.holes.push(messages[0]?.id);
    this.heard.push(...messages);
  }

  control(control: Control, personId: string | undefined): void {
    this.controls.push({ control, personId });
  }

  get ids(): readonly string[] {
    return this.heard.map(({ id }) => id);
  }
}

export interface Shard {
  readonly redis: TestRedis;
  readonly store: MemoryStore;
  /** One for all tests that need no other. */
  readonly bus: PostBus;
  openBus(url?: string): PostBus;
  openFanIn(options?: Partial<FanInOptions>): FanIn;
  /** A warm broadcast. */
  warm(more?: Partial<WarmState>): Promise<string>;
  /** Admits, stores and publishes; the answer is the id. */
  post(broadcastId: string, personId?: string, text?: string, role?: ChatRole): Promise<string>;
}

/** A Redis for the tests of a file, with ports that are closed after them. */
export function useShard(options: TestRedisOptions = {}): Shard {
  let redis: TestRedis | undefined;
  let first: PostBus | undefined;
  const store = new MemoryStore();
  const opened: { close(): Promise<void> }[] = [];
  const keep = <T extends { close(): Promise<void> }>(port: T): T => {
    opened.push(port);
    return port;
  };
  const password = options.password === undefined ? {} : { password: options.password };
  const shard: Shard = {
    get redis() {
      if (redis === undefined) throw new Error('no Redis yet');
      return redis;
    },
    get bus() {
      if (first === undefined) throw new Error('no Redis yet');
      return first;
    },
    store,
    openBus: (url) => keep(openPostBus({ url: url ?? shard.redis.url, ...password, clock: Date })),
    openFanIn: (more = {}) =>
      keep(
        openFanIn({
          url: shard.redis.url,
          ...password,
          taskId: `task-${opened.length}`,
          readNewest: (broadcastId, count) => Promise.resolve(store.newest(broadcastId, count)),
          readSettings: () => Promise.resolve(defaultSettings),
          ...more,
        }),
      ),
    warm: async (more = {}) => {
      const broadcastId = more.broadcastId ?? newBroadcast();
      const { messages: kept, keys } = store.newest(broadcastId, keptLength);
      await shard.bus.warm(warmState(broadcastId, { kept, keys, ...more }));
      return broadcastId;
    },
    post: async (broadcastId, personId = 'ann', text = 'hello', role = 'viewer') => {
      const wish: PostWish = { broadcastId, channelId: `channel-of-${broadcastId}`, personId, role };
      const admission = await shard.bus.admit(wish);
      if (admission.kind !== 'admitted') throw new Error(`not admitted: ${JSON.stringify(admission)}`);
      const message = messageOf(admission.id, personId, text);
      store.write(broadcastId, message);
      const answer = await shard.bus.publish(broadcastId, message);
      if (answer !== 'published') throw new Error(answer);
      return admission.id;
    },
  };
  beforeAll(async () => {
    redis = await startRedis(options);
    first = shard.openBus();
    await first.setLimits(noLimits);
  });
  afterAll(async () => {
    for (const port of opened) await port.close();
    await redis?.stop();
  });
  return shard;
}

/** Asks again until it is so. */
export async function untilTrue(what: string, isSo: () => boolean | Promise<boolean>, withinMs = 15_000) {
  const end = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`waited ${withinMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
