import type { ChatOps } from '../../../core/api/chat.ts';
import type { ChatLimits } from '../../../core/chat/limits.ts';
import { broadcastIds } from './fleet.ts';
import type { Asked } from './installation.ts';

/** a is busy, b is closed and its Redis is away, c has nobody who serves it. */
export const shards: ChatOps['shards'] = [
  {
    shard: 'a',
    redisUrl: 'redis://127.0.0.1:7001',
    state: 'open',
    load: 0.4234,
    tasks: 2,
    sockets: 6774,
    postsPerS: 1234,
  },
  { shard: 'b', redisUrl: 'redis://127.0.0.1:7002', state: 'closed', load: 0, tasks: 2, sockets: 0 },
  {
    shard: 'c',
    redisUrl: 'redis://127.0.0.1:7003',
    state: 'open',
    load: Number.MAX_SAFE_INTEGER,
    tasks: 0,
    sockets: 0,
    postsPerS: 0,
  },
];

const noShardZ = 'There is no chat shard z. There are: a, b.';

/** The chat's part of the operators' API. `b` has no broadcasts. */
export function answerChat(
  { method, path, body }: Asked,
  limits: ChatLimits,
): readonly [status: number, body: unknown] | undefined {
  const call = `${method} ${path}`;
  if (call === 'GET /api/ops/chat') return [200, { limits, shards } satisfies ChatOps];
  if (call === 'PATCH /api/ops/chat/limits') return [200, { ...limits, ...(body as Partial<ChatLimits>) }];
  if (call === 'POST /api/ops/chat/drill') {
    const { shard } = body as { shard?: string };
    const heard = { a: 2, b: 0 };
    return [202, shard === undefined ? { shards: ['a', 'b'], tasks: heard } : { shards: [shard] }];
  }
  const [, shard, word] = /^POST \/api\/ops\/chat\/shards\/([^/]+)\/(open|close|move)$/.exec(call) ?? [];
  if (shard === undefined) return undefined;
  if (shard === 'z') return [404, { type: 'about:blank', title: 'No', status: 404, detail: noShardZ }];
  if (word !== 'move') return [204, undefined];
  if (shard === 'b') return [200, { moved: [] }];
  const { to = 'b' } = body as { to?: string };
  return [200, { moved: [{ broadcastId: broadcastIds.race, to }] }];
}
