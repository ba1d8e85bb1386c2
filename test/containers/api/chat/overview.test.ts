/** What operators see of the chat of the whole platform. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { ChatOps } from '../../../../core/api/chat.ts';
import type { Broadcast } from '../../../../core/broadcast/types.ts';
import { startTestChat, wideLimits, type TestChat } from './harness.ts';

let chat: TestChat;
let shows = 0;
let broadcast: Broadcast;
let broadcastId: string;
let owner: string;
beforeAll(async () => {
  chat = await startTestChat({ shards: ['a', 'b'] });
});
afterAll(() => chat.close());
beforeEach(async () => {
  shows += 1;
  owner = `owner-${shows}`;
  await chat.report('a');
  await chat.report('b', 500);
  await chat.api.ask('operator', 'GET', '/api/ops/chat');
  ({ broadcast } = await chat.live(owner));
  ({ broadcastId } = broadcast);
});

const ops = (method: 'GET' | 'PATCH', rest: string, body?: object) =>
  chat.api.ask('operator', method, `/api/ops/chat${rest}`, body);

it('shows the shards with their load and what they are asked for', async () => {
  await chat.saySurely('alice', broadcastId, 'hello');
  await chat.tables.shards.announce({ shard: 'nobody', redisUrl: 'redis://127.0.0.1:1' });
  await expect
    .poll(
      async () => (await ops('GET', '')).json<ChatOps>().shards.map(({ postsPerS }) => typeof postsPerS),
      {
        timeout: 15_000,
      },
    )
    .toEqual(['number', 'number', 'undefined']);
  const { shards, limits } = (await ops('GET', '')).json<ChatOps>();
  expect(limits).toEqual(wideLimits);
  expect(shards).toMatchObject([
    { shard: 'a', state: 'open', load: 0, tasks: 1 },
    { shard: 'b', state: 'open', load: 0.5, tasks: 1, sockets: 500 },
    { shard: 'nobody', tasks: 0 },
  ]);
  await chat.tables.shards.forget('nobody');
});

it('shows what is on a shard, who reported when, and the greatest rooms', async () => {
  await chat.saySurely('alice', broadcastId, 'hello');
  const other = (await chat.live(`${owner}-b`)).broadcast;
  await chat.saySurely('alice', other.broadcastId, 'hello');
  await chat.present('a', 'task-1', broadcastId, 30);
  await chat.present('a', 'task-1', other.broadcastId, 12_000);
  const seen = async () => (await ops('GET', '')).json<ChatOps>();
  // The list of what is under way may be some seconds old.
  await expect
    .poll(async () => (await seen()).rooms?.map((room) => [room.broadcastId, room.viewers]), {
      timeout: 15_000,
    })
    .toEqual(
      expect.arrayContaining([
        [other.broadcastId, 12_000],
        [broadcastId, 30],
      ]),
    );
  const { rooms, shards, off, at = 0 } = await seen();
  expect(rooms?.map(({ viewers }) => viewers)).toEqual(
    rooms?.map(({ viewers }) => viewers).toSorted((x, y) => y - x),
  );
  expect(rooms?.[0]).toMatchObject({ title: other.title, channelName: other.channelName, shard: 'a' });
  expect(off).toBe(false);
  const a = shards.find(({ shard }) => shard === 'a');
  expect(a?.broadcasts).toBeGreaterThanOrEqual(2);
  expect(a?.reports).toMatchObject([{ taskId: 'task-a', sockets: 0, capacity: 1_000 }]);
  expect(at - (a?.reports?.[0]?.at ?? 0)).toBeLessThan(15_000);
  expect(a?.refusedPerS).toBe(0);
});

it('shows how many posts the platform’s limit refuses', async () => {
  await chat.saySurely('alice', broadcastId, 'one');
  await ops('PATCH', '/limits', { platform: { perS: 1, burst: 1 } });
  const refused = async () => {
    await chat.say('bob', broadcastId, 'more');
    const { shards } = (await ops('GET', '')).json<ChatOps>();
    return shards.find(({ shard }) => shard === 'a')?.refusedPerS;
  };
  await expect.poll(refused, { timeout: 15_000, interval: 100 }).toBeGreaterThan(0);
  await ops('PATCH', '/limits', { platform: wideLimits.platform });
});
