import { describe, expect, it } from 'vitest';
import type { ChatOps, ShardView } from '../../../core/api/chat.ts';
import { chatAlarms, conditionOf, isFresh, platformPosts } from '../../../core/chat/alarms.ts';
import { defaultLimits } from '../../../core/chat/limits.ts';
import { loadFreshMs } from '../../../core/chat/store.ts';

const shardOf = (change: Partial<ShardView> = {}): ShardView => ({
  shard: 'a',
  redisUrl: 'redis://r:1',
  state: 'open',
  load: 0.5,
  tasks: 2,
  sockets: 8_000,
  postsPerS: 100,
  refusedPerS: 0,
  broadcasts: 3,
  reports: [],
  ...change,
});
/** As exactOptionalPropertyTypes wants it: not there, rather than undefined. */
const without = (key: keyof ShardView, change: Partial<ShardView> = {}): ShardView => {
  const { [key]: _gone, ...rest } = shardOf(change);
  return rest as ShardView;
};
const viewOf = (shards: readonly ShardView[], change: Partial<ChatOps> = {}): ChatOps => ({
  limits: defaultLimits,
  shards,
  off: false,
  ...change,
});
const namesOf = (view: ChatOps) => chatAlarms(view).map(({ name, shard }) => [name, shard]);
const lost = { tasks: 0, sockets: 0, load: Number.MAX_SAFE_INTEGER };

describe('a shard is', () => {
  it('what it was told to be while its tasks report and its Redis answers', () => {
    expect(conditionOf(shardOf())).toBe('open');
    expect(conditionOf(shardOf({ state: 'closed' }))).toBe('closed');
  });

  it('lost without tasks, whatever it was told; unused only when it was closed and is empty', () => {
    expect(conditionOf(shardOf(lost))).toBe('lost');
    expect(conditionOf(shardOf({ ...lost, state: 'closed' }))).toBe('lost');
    expect(conditionOf(shardOf({ ...lost, broadcasts: 0 }))).toBe('lost');
    expect(conditionOf(shardOf({ ...lost, state: 'closed', broadcasts: 0 }))).toBe('unused');
    // An API that does not say how many: nobody knows that it is empty.
    expect(conditionOf(without('broadcasts', { ...lost, state: 'closed' }))).toBe('lost');
  });

  it('without its Redis when that does not answer', () => {
    expect(conditionOf(without('postsPerS'))).toBe('redis-away');
    expect(conditionOf(without('postsPerS', { state: 'closed' }))).toBe('redis-away');
  });
});

describe('alarms', () => {
  it('are none while all is well, also with a closed shard, or one that is out of service', () => {
    const well = [
      shardOf(),
      shardOf({ shard: 'b', state: 'closed' }),
      without('postsPerS', { ...lost, state: 'closed', broadcasts: 0 }),
    ];
    expect(chatAlarms(viewOf(well))).toEqual([]);
  });

  it('name the shard whose tasks don’t report, and what that means', () => {
    const [alarm] = chatAlarms(viewOf([shardOf(), shardOf({ ...lost, shard: 'b', broadcasts: 1 })]));
    expect(alarm).toEqual({
      name: 'chat-shard-silent',
      shard: 'b',
      text: 'No task has reported for 30 s: its broadcast has no chat.',
    });
    expect(namesOf(viewOf([]))).toEqual([['chat-shard-silent', undefined]]);
  });

  it('name the shard whose Redis can’t be reached', () => {
    expect(namesOf(viewOf([shardOf(), without('postsPerS', { shard: 'b' })]))).toEqual([
      ['chat-redis-away', 'b'],
    ]);
    expect(namesOf(viewOf([without('postsPerS', lost)]))).toEqual([
      ['chat-shard-silent', 'a'],
      ['chat-redis-away', 'a'],
    ]);
  });

  it('say that posts are refused, over all shards, and not that there are many', () => {
    const many = shardOf({ postsPerS: 1_999 });
    expect(chatAlarms(viewOf([many]))).toEqual([]);
    const over = shardOf({ shard: 'b', postsPerS: 1_200, refusedPerS: 1_199 });
    expect(chatAlarms(viewOf([many, over]))).toEqual([
      {
        name: 'chat-limit',
        text: '3,199 posts/s are asked for, the limit is 2,000: 1,199 a second are refused.',
      },
    ]);
    expect(platformPosts([many, over, without('postsPerS')])).toEqual({
      askedPerS: 3_199,
      refusedPerS: 1_199,
    });
  });

  it('say that the chat is off, first of all', () => {
    expect(namesOf(viewOf([shardOf(lost)], { off: true }))).toEqual([
      ['chat-off', undefined],
      ['chat-shard-silent', 'a'],
    ]);
  });
});

it('a report counts as long as the shard’s load does', () => {
  expect(isFresh({ at: 1_000 }, 1_000 + loadFreshMs)).toBe(true);
  expect(isFresh({ at: 1_000 }, 1_001 + loadFreshMs)).toBe(false);
});
