import { OriginError, plainAnswer, type AnswerHeaders, type Origin, type OriginAnswer } from '../answer.ts';
import { stickyCookie, stickyId } from '../balancer/stickiness.ts';
import type { Lease, TargetGroup } from '../balancer/target-group.ts';
import type { HttpOrigin } from './http.ts';

/** Tasks of a chat shard, by its name in the path; undefined for a shard that is not there. */
export type ShardGroups = (shard: string) => TargetGroup | undefined;

/** As the load balancer's path rule for `/chat/<shard>/…` sees it. */
export const shardOf = (path: string): string => path.split('/', 3)[2] ?? '';

export const noShard = 'There is no such chat shard.';
export const noTask = 'No task of this chat shard is there.';

/** A task that is away is checked every second; whoever asks so soon again is answered by its successor. */
export const retryAfter = { 'retry-after': '2' } as const;

/** Nothing listens at the address: it has seen nothing of the request. */
export function isRefused(error: unknown): boolean {
  const cause = error instanceof OriginError ? error.cause : error;
  return cause instanceof Error && (cause as NodeJS.ErrnoException).code === 'ECONNREFUSED';
}

const withCookie = (headers: AnswerHeaders, cookie: string): AnswerHeaders => ({
  ...headers,
  'set-cookie': [headers['set-cookie'] ?? [], cookie].flat(),
});

/** Counts the lease as long as its answer comes. */
function holding(lease: Lease, answer: OriginAnswer): OriginAnswer {
  if (Buffer.isBuffer(answer.body)) lease.release();
  else answer.body.once('close', lease.release);
  return answer;
}

/** Plain requests to a shard's tasks: long polling, and joins that are not WebSockets yet. */
export function createChatOrigin(http: HttpOrigin, groups: ShardGroups): Origin {
  return async (request) => {
    const shard = shardOf(request.path);
    const group = groups(shard);
    if (group === undefined) return plainAnswer(404, noShard);
    const wanted = stickyId(request.cookie);
    for (;;) {
      const lease = group.take(wanted);
      if (lease === undefined) return plainAnswer(503, noTask, retryAfter);
      const { target } = lease;
      try {
        const answer = holding(lease, await http.fetch(target.url, request));
        if (target.id === wanted) return answer;
        return { ...answer, headers: withCookie(answer.headers, stickyCookie(shard, target)) };
      } catch (error) {
        lease.release();
        if (!isRefused(error)) throw error;
        lease.refused();
        // A body may have been read already. Each turn marks one task, so this ends.
        if (request.body !== undefined) throw error;
      }
    }
  };
}
