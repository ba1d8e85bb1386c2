import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Problem } from '../../../../core/api/types.ts';
import { banRoomOf } from '../../../../core/chat/ban-room.ts';
import type { Ban } from '../../../../core/chat/mode.ts';
import { platformScope } from '../../../../core/chat/store.ts';
import { person, startTestChat, type TestChat } from './harness.ts';

const owner = 'owner';
let chat: TestChat;
let full: FastifyInstance;
let url: string;
let channelId: string;
beforeAll(async () => {
  chat = await startTestChat();
  const { channel } = await chat.live(owner);
  ({ channelId } = channel);
  url = `/api/channels/${channelId}/chat/bans`;
  const lasting = (scope: string): readonly Ban[] =>
    Array.from({ length: banRoomOf(scope).lasting }, (_, n) => ({
      personId: person(`troll ${n}`),
      name: `troll ${n}`,
      by: owner,
      at: 0,
    }));
  full = await chat.another(({ chat: parts }) => ({
    chat: { ...parts, store: { ...parts.store, bans: (scope) => Promise.resolve(lasting(scope)) } },
  }));
});
afterAll(() => chat.close());

const ban = async (who: string, place: string, whom: string, more: object = {}) =>
  full.inject({
    method: 'PUT',
    url: `${place}/${person(whom)}`,
    headers: { authorization: `Bearer ${await chat.api.issuer.signFor(who)}` },
    payload: { name: whom, ...more },
  });

describe('a channel with as many lasting bans as can be kept', () => {
  it('refuses another with what helps, and has no line of it', async () => {
    const answer = await ban(owner, url, 'bob');
    expect([answer.statusCode, answer.json<Problem>().detail]).toEqual([
      409,
      'This channel has 5,000 lasting bans, and no more can be kept: lift some, or ban for a time.',
    ]);
    expect((await chat.tables.chat.auditPage(channelId, { limit: 10 })).entries).toEqual([]);
    expect(await chat.tables.chat.bans(channelId)).toEqual([]);
  });

  it('takes a timeout, and another ban of somebody who is banned', async () => {
    expect((await ban(owner, url, 'bob', { forS: 60 })).statusCode).toBe(200);
    expect((await ban(owner, url, 'troll 7', { reason: 'still' })).statusCode).toBe(200);
  });
});

it('a platform that is full refuses as well', async () => {
  const answer = await ban('operator', '/api/ops/chat/bans', 'bob');
  expect([answer.statusCode, answer.json<Problem>().detail]).toEqual([
    409,
    expect.stringContaining('The platform has 2,000 lasting bans'),
  ]);
  expect(await chat.tables.chat.bans(platformScope)).toEqual([]);
});
