import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '@redis/client';
import type { LightMyRequestResponse } from 'fastify';
import { createApi } from '../../../../containers/api/app.ts';
import type { ApiDependencies } from '../../../../containers/api/dependencies.ts';
import type { PostedMessage, RefusedPost } from '../../../../core/api/chat.ts';
import type { Broadcast, Channel, Visibility } from '../../../../core/broadcast/types.ts';
import type { FanIn, TaskOrder } from '../../../../core/chat/bus.ts';
import { defaultLimits, type ChatLimits } from '../../../../core/chat/limits.ts';
import type { ChatMessage } from '../../../../core/chat/message.ts';
import type { Control } from '../../../../core/chat/protocol.ts';
import { openFanIn } from '../../../../runtime/bus/fan-in.ts';
import { openPostBus } from '../../../../runtime/bus/post-bus.ts';
import { personIdOf } from '../../../../runtime/identity/person.ts';
import type { Tables } from '../../../../runtime/store/tables/open.ts';
import { startRedis, type TestRedis } from '../../../support/redis.ts';
import { startTestApi, type TestApi } from '../harness.ts';

/** What everybody in front of a page of this broadcast sees: a real subscriber of the shard's Redis. */
export interface Screen {
  readonly lines: ChatMessage[];
  readonly controls: { readonly control: Control; readonly person: string | undefined }[];
  texts(): string[];
}

export interface TestChat {
  readonly api: TestApi;
  readonly tables: Tables;
  readonly redis: ReadonlyMap<string, TestRedis>;
  live(
    owner: string,
    visibility?: Visibility,
  ): Promise<{ readonly channel: Channel; readonly broadcast: Broadcast }>;
  say(
    who: string | null,
    broadcastId: string,
    text: string,
    key?: string,
    from?: TestApi['app'],
  ): Promise<LightMyRequestResponse>;
  /** As pages do: again with the same key while the chat is away. */
  saySurely(who: string, broadcastId: string, text: string, from?: TestApi['app']): Promise<PostedMessage>;
  screen(broadcast: Pick<Broadcast, 'broadcastId' | 'channelId'>, shard?: string): Promise<Screen>;
  /** What a newcomer gets. */
  history(
    broadcast: Pick<Broadcast, 'broadcastId' | 'channelId'>,
    shard?: string,
  ): Promise<readonly ChatMessage[]>;
  /** Another task of the same API. */
  another(overrides?: (deps: ApiDependencies) => Partial<ApiDependencies>): Promise<TestApi['app']>;
  /** All that lies in the table of a broadcast. */
  stored(broadcastId: string): Promise<readonly ChatMessage[]>;
  report(shard: string, sockets?: number): Promise<void>;
  /** A chat task says how many viewers it has. */
  present(shard: string, taskId: string, broadcastId: string, count: number): Promise<void>;
  onOrder(shard: string, heard: (order: TaskOrder) => void): Promise<void>;
  redisOf(shard: string, command: readonly string[]): Promise<unknown>;
  close(): Promise<void>;
}

/** Nobody is held up by limits unless a test says so. */
export const wideLimits: ChatLimits = {
  ...defaultLimits,
  person: { perS: 1_000, burst: 1_000 },
  channel: { perS: 10_000, burst: 10_000 },
  platform: { perS: 10_000, burst: 10_000 },
};

export const person = personIdOf;

const runningClock = (): TestApi['clock'] => ({ nowMs: 0, now: Date.now });

export async function startTestChat(
  options: {
    readonly shards?: readonly string[];
    readonly limits?: ChatLimits;
    readonly overrides?: (deps: ApiDependencies['chat']) => Partial<ApiDependencies['chat']>;
  } = {},
): Promise<TestChat> {
  const { shards = ['a'], limits = wideLimits, overrides = () => ({}) } = options;
  const redis = new Map(await Promise.all(shards.map(async (name) => [name, await startRedis()] as const)));
  const clock = runningClock();
  const partsOf = (tables: Tables): ApiDependencies['chat'] => {
    const parts: ApiDependencies['chat'] = {
      store: tables.chat,
      messages: tables.messages,
      shards: tables.shards,
      unarchived: tables.unarchived,
      openBus: ({ redisUrl: url }) => openPostBus({ url, clock }),
      steady: () => performance.now(),
      random: Math.random,
    };
    return { ...parts, ...overrides(parts) };
  };
  const api = await startTestApi((tables) => ({ chat: partsOf(tables), clock }), clock);
  const { tables } = api;
  const fans = new Map<string, FanIn>();
  const apps: TestApi['app'][] = [];

  const others: FanIn[] = [];
  const loads = new Map<string, number>();
  // As chat tasks do: one that is silent for half a minute serves nobody.
  const beat = setInterval(() => {
    for (const [shard, sockets] of loads) void chat.report(shard, sockets);
  }, 10_000);
  const up = (fan: FanIn): Promise<void> =>
    new Promise((resolve) => {
      if (fan.link === 'live') resolve();
      fan.onLink((link) => {
        if (link === 'live') resolve();
      });
    });
  const openFan = (shard: string, taskId: string): FanIn =>
    openFanIn({
      url: redis.get(shard)?.url ?? '',
      taskId,
      readNewest: (id, newest) => tables.messages.readKeyed(id, { newest }),
      readSettings: (id) => tables.chat.settings(id),
    });

  const chat: TestChat = {
    api,
    tables,
    redis,
    async live(owner, visibility = 'public') {
      const channel = await api.channel(owner, visibility);
      return { channel, broadcast: await api.goLive(channel) };
    },
    async say(who, broadcastId, text, key, from = api.app) {
      const token = who === null ? undefined : await api.issuer.signFor(who);
      return from.inject({
        method: 'POST',
        url: `/api/broadcasts/${broadcastId}/messages`,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(key === undefined ? {} : { 'idempotency-key': key }),
        },
        payload: { text },
      });
    },
    async saySurely(who, broadcastId, text, from) {
      const key = randomUUID();
      const began = performance.now();
      for (;;) {
        const answer = await chat.say(who, broadcastId, text, key, from);
        if (answer.statusCode === 201) return answer.json<PostedMessage>();
        if (performance.now() - began > 25_000) throw new Error(`never posted: ${answer.body}`);
        if (answer.statusCode !== 503) throw new Error(`not posted: ${answer.body}`);
        await delay(100);
      }
    },
    async history({ broadcastId, channelId }, shard = 'a') {
      const fan = openFan(shard, 'newcomer');
      const listener = { messages: () => {}, control: () => {} };
      const { kept } = await fan.subscribe({ broadcastId, channelId }, listener);
      await fan.close();
      return kept;
    },
    async screen({ broadcastId, channelId }, shard = 'a') {
      const fan = fans.get(shard) ?? openFan(shard, `task-${shard}`);
      fans.set(shard, fan);
      const lines: ChatMessage[] = [];
      const controls: { control: Control; person: string | undefined }[] = [];
      const { kept } = await fan.subscribe(
        { broadcastId, channelId },
        {
          messages: (messages) => void lines.push(...messages),
          control: (control, personId) => void controls.push({ control, person: personId }),
        },
      );
      lines.unshift(...kept);
      return { lines, controls, texts: () => lines.map(({ text }) => text) };
    },
    async another(change = () => ({})) {
      const deps = { ...api.deps, ...change(api.deps) };
      const app = await createApi(deps);
      apps.push(app);
      return app;
    },
    stored: (broadcastId) => tables.messages.read(broadcastId, {}),
    report(shard, sockets = 0) {
      loads.set(shard, sockets);
      return tables.shards.report({
        shard,
        taskId: `task-${shard}`,
        sockets,
        capacity: 1_000,
        at: Date.now(),
      });
    },
    async present(shard, taskId, broadcastId, count) {
      const fan = openFan(shard, taskId);
      others.push(fan);
      await up(fan);
      await fan.present(new Map([[broadcastId, count]]));
    },
    async onOrder(shard, heard) {
      const fan = openFan(shard, 'listener');
      others.push(fan);
      fan.onOrder(heard);
      await up(fan);
    },
    async redisOf(shard, command) {
      const client = createClient({ url: redis.get(shard)?.url ?? '' });
      await client.connect();
      const answer = await client.sendCommand([...command]);
      client.destroy();
      return answer;
    },
    async close() {
      clearInterval(beat);
      await Promise.all(others.map((fan) => fan.close()));
      await Promise.all([...fans.values()].map((fan) => fan.close()));
      await Promise.all(apps.map((app) => app.close()));
      await api.close();
      await Promise.all([...redis.values()].map((each) => each.stop()));
    },
  };
  for (const [shard, { url }] of redis) {
    await tables.shards.announce({ shard, redisUrl: url });
    await chat.report(shard);
  }
  const answer = await api.ask('operator', 'PATCH', '/api/ops/chat/limits', limits);
  if (answer.statusCode !== 200) throw new Error(`the limits were not taken: ${answer.body}`);
  return chat;
}

export const refusalOf = (
  answer: LightMyRequestResponse,
): RefusedPost['chat'] & { readonly status: number } => ({
  status: answer.statusCode,
  ...answer.json<RefusedPost>().chat,
});
