import type { ChatOps, RoomView, ShardView } from '../../../core/api/chat.ts';
import { defaultLimits, type ChatLimits } from '../../../core/chat/limits.ts';
import { problem } from './problem.ts';

export interface ShardWish {
  readonly shard: string;
  readonly tasks: number;
  readonly sockets: number;
  readonly broadcasts?: number;
  readonly postsPerS?: number;
  readonly refusedPerS?: number;
  readonly state?: ShardView['state'];
  /** Its Redis does not answer. */
  readonly isRedisAway?: boolean;
  /** A task more that was heard so long ago. */
  readonly silentMs?: number;
}

const capacity = 8_000;

/** A shard as the API says it. */
export function shardOf(wish: ShardWish): ShardView {
  const { shard, tasks, sockets, broadcasts = 4, postsPerS = 100, refusedPerS = 0, state = 'open' } = wish;
  const reports = Array.from({ length: tasks }, (_, n) => ({
    taskId: `${shard}${n}f3c07ac07d1e5b2a9`,
    sockets: Math.floor(sockets / tasks),
    capacity,
    at: Date.now() - 2_000 - n * 700,
  }));
  const silent = { taskId: `${shard}x9d1e5b2a9f3c07`, sockets: 512, capacity, at: 0 };
  return {
    shard,
    redisUrl: `rediss://${shard}.redis:6379`,
    state,
    tasks,
    sockets,
    load: tasks === 0 ? Number.MAX_SAFE_INTEGER : sockets / (tasks * capacity),
    broadcasts,
    ...(wish.isRedisAway === true ? {} : { postsPerS, refusedPerS }),
    reports: [
      ...reports,
      ...(wish.silentMs === undefined ? [] : [{ ...silent, at: Date.now() - wish.silentMs }]),
    ],
  };
}

const titles = [
  'The final',
  'Watching it together',
  'Synths by the sea',
  'Speedrun, any %',
  'Early rehearsal',
];

/** The chat's part of what operators ask. */
export class FakeOpsChat {
  limits: ChatLimits = defaultLimits;
  off = false;
  /** Absent: what an API of before says. */
  isPlain = false;
  shards: readonly ShardWish[] = [
    { shard: 'a', tasks: 2, sockets: 6_200 },
    { shard: 'b', tasks: 2, sockets: 5_900 },
  ];
  rooms: readonly RoomView[] = titles.map((title, n) => ({
    broadcastId: String(n).repeat(26),
    channelName: `Channel ${n + 1}`,
    title,
    shard: n % 2 === 0 ? 'a' : 'b',
    viewers: Math.floor(5_000 / 3 ** n),
  }));
  refusal: { readonly status: number; readonly detail: string } | undefined;
  /** What was asked for, but for the views. */
  readonly calls: (readonly [call: string, body: unknown])[] = [];

  view(): ChatOps {
    const shards = this.shards.map(shardOf);
    const view = { limits: this.limits, shards };
    return this.isPlain ? view : { ...view, at: Date.now(), off: this.off, rooms: this.rooms };
  }

  answer(call: string, sent: unknown): readonly [status: number, body: unknown] | undefined {
    const [, rest] = /^\w+ \/api\/ops\/chat(.*)$/.exec(call) ?? [];
    if (rest === undefined) return undefined;
    if (call === 'GET /api/ops/chat') return [200, this.view()];
    if (this.refusal !== undefined) return problem(this.refusal.status, this.refusal.detail);
    this.calls.push([call, sent]);
    if (rest === '/limits') {
      this.limits = { ...this.limits, ...(sent as Partial<ChatLimits>) };
      return [200, this.limits];
    }
    if (rest === '/platform') {
      this.off = (sent as { readonly off: boolean }).off;
      return [200, { blockedWords: [], off: this.off, version: 1 }];
    }
    const [, name, word] = /^\/shards\/(\w+)\/(open|close|move)$/.exec(rest) ?? [];
    if (word === 'move') return [200, { moved: [{ broadcastId: '0'.repeat(26), to: 'b' }] }];
    if (word !== undefined)
      this.shards = this.shards.map((each) =>
        each.shard === name ? { ...each, state: word === 'open' ? 'open' : 'closed' } : each,
      );
    return word === undefined ? problem(404, 'No such thing.') : [204, undefined];
  }
}
