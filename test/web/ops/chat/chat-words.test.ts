import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ShardView } from '../../../../core/api/chat.ts';
import { chatAlarmSections, figuresOf, fillOf } from '../../../../web/ops/chat/chat-words.ts';

const at = 1_000_000;
const shard: ShardView = {
  shard: 'a',
  redisUrl: 'redis://r:1',
  state: 'open',
  tasks: 2,
  sockets: 6_000,
  load: 0.375,
  reports: [
    { taskId: 'one', sockets: 3_000, capacity: 8_000, at: at - 4_000 },
    { taskId: 'two', sockets: 3_000, capacity: 8_000, at: at - 9_000 },
    { taskId: 'gone', sockets: 5_000, capacity: 8_000, at: at - 60_000 },
  ],
};

describe('figures of a shard', () => {
  it('count the places of tasks that report, and the age of the newest report', () => {
    expect(figuresOf(shard, at)).toEqual({ capacity: 16_000, heardMs: 4_000 });
  });

  it('are never of the future, whatever the clocks say', () => {
    expect(figuresOf(shard, at - 8_000).heardMs).toBe(0);
  });

  it('come from the load where the API says no more', () => {
    const { reports: _none, ...plain } = shard;
    expect(figuresOf(plain, at)).toEqual({ capacity: 16_000, heardMs: undefined });
    expect(figuresOf({ ...plain, tasks: 0, load: Number.MAX_SAFE_INTEGER }, at).capacity).toBeUndefined();
  });
});

it.each([
  [0.5, ''],
  [0.8, 'near'],
  [1, 'near'],
  [1.01, 'over'],
])('a bar of %d is filled as %j', (share, fill) => expect(fillOf(share)).toBe(fill));

it('every alarm of the chat has its section in the runbook', () => {
  const runbook = readFileSync(join(import.meta.dirname, '../../../../docs/runbook.md'), 'utf8');
  const anchors = [...runbook.matchAll(/^## (.+)$/gm)].map(([, title = '']) =>
    title.toLowerCase().replaceAll(' ', '-'),
  );
  expect(anchors).toEqual(expect.arrayContaining(Object.values(chatAlarmSections)));
});
