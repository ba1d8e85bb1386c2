/** What of the chat calls for an operator. Each name has a section in docs/runbook.md. Pure. */
import type { ChatOps, ShardView, TaskReport } from '../api/chat.ts';
import { loadFreshMs } from './store.ts';

export type ChatAlarmName = 'chat-shard-silent' | 'chat-redis-away' | 'chat-limit' | 'chat-off';

export interface ChatAlarm {
  readonly name: ChatAlarmName;
  /** Absent: it is of the whole platform. */
  readonly shard?: string;
  readonly text: string;
}

/**
 * What a shard is to those who need it.
 * `unused`: closed, empty and without tasks, as one that was taken out of service: nobody misses it.
 */
export type ShardCondition = 'open' | 'closed' | 'lost' | 'redis-away' | 'unused';

export function conditionOf({ state, tasks, broadcasts, postsPerS }: ShardView): ShardCondition {
  if (tasks === 0) return state === 'closed' && broadcasts === 0 ? 'unused' : 'lost';
  return postsPerS === undefined ? 'redis-away' : state;
}

/** Whether a task still counts; older ones have ended, or can't reach the tables. */
export const isFresh = ({ at }: Pick<TaskReport, 'at'>, nowMs: number): boolean => nowMs - at <= loadFreshMs;

export interface PlatformPosts {
  readonly askedPerS: number;
  readonly refusedPerS: number;
}

/** Over all shards whose Redis answers. */
export const platformPosts = (shards: readonly ShardView[]): PlatformPosts => ({
  askedPerS: shards.reduce((sum, { postsPerS = 0 }) => sum + postsPerS, 0),
  refusedPerS: shards.reduce((sum, { refusedPerS = 0 }) => sum + refusedPerS, 0),
});

export function chatAlarms({ shards, limits, off }: ChatOps): readonly ChatAlarm[] {
  const alarms: ChatAlarm[] = [];
  if (off === true)
    alarms.push({
      name: 'chat-off',
      text: 'Nobody but staff can post anywhere, until it is switched on again.',
    });
  if (shards.length === 0)
    alarms.push({ name: 'chat-shard-silent', text: 'No shard has ever reported: there is no chat at all.' });
  for (const view of shards) {
    const { shard, tasks, postsPerS } = view;
    if (conditionOf(view) === 'unused') continue;
    if (tasks === 0)
      alarms.push({
        name: 'chat-shard-silent',
        shard,
        text: `No task has reported for ${loadFreshMs / 1_000} s: its ${broadcastsWord(view)} no chat.`,
      });
    if (postsPerS === undefined)
      alarms.push({
        name: 'chat-redis-away',
        shard,
        text: 'The API can’t reach its Redis: posts to it are refused, its viewers read “reconnecting”.',
      });
  }
  const { askedPerS, refusedPerS } = platformPosts(shards);
  if (refusedPerS > 0)
    alarms.push({
      name: 'chat-limit',
      text: `${count(askedPerS)} posts/s are asked for, the limit is ${count(limits.platform.perS)}: ${count(refusedPerS)} a second are refused.`,
    });
  return alarms;
}

function broadcastsWord({ broadcasts }: ShardView): string {
  if (broadcasts === undefined) return 'broadcasts have';
  return broadcasts === 1 ? 'broadcast has' : `${count(broadcasts)} broadcasts have`;
}

const count = (n: number): string => new Intl.NumberFormat('en', { maximumFractionDigits: 0 }).format(n);
