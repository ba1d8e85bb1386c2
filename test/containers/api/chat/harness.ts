import type { LightMyRequestResponse } from 'fastify';
import { createApi } from '../../../../containers/api/app.ts';
import type { ApiDependencies } from '../../../../containers/api/dependencies.ts';
import type { RefusedPost } from '../../../../core/api/chat.ts';
import type { Broadcast, Channel, Visibility } from '../../../../core/broadcast/types.ts';
import type { FanIn } from '../../../../core/chat/bus.ts';
import { defaultLimits, type ChatLimits } from '../../../../core/chat/limits.ts';
import { messageId, type ChatMessage } from '../../../../core/chat/message.ts';
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
  readonly owner: (n: string) => string;
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
  screen(broadcast: Pick<Broadcast, 'broadcastId' | 'channelId'>, shard?: string): Promise<Screen>;
  /** Another task of the same API. */
  another(overrides?: (deps: ApiDependencies) => Partial<ApiDependencies>): Promise<TestApi['app']>;
  /** All that lies in the table of a broadcast. */
  stored(broadcastId: string): Promise<readonly ChatMessage[]>;
  report(shard: string, sockets?: number): Promise<void>;
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

  const chat: TestChat = {
    api,
    tables,
    redis,
    owner: (n) => `owner-${n}`,
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
    async screen({ broadcastId, channelId }, shard = 'a') {
      const url = redis.get(shard)?.url ?? '';
      const fan =
        fans.get(shard) ??
        openFanIn({
          url,
          taskId: `task-${shard}`,
          readMissed: (id, after) =>
            tables.messages.read(id, { from: messageId(after === '' ? 0 : Number(after) + 1) }),
          readNewest: (id, newest) => tables.messages.read(id, { newest }),
          readSettings: (id) => tables.chat.settings(id),
        });
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
    report: (shard, sockets = 0) =>
      tables.shards.report({ shard, taskId: `task-${shard}`, sockets, capacity: 1_000, at: Date.now() }),
    async close() {
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
