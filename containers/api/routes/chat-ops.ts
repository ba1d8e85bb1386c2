import type { FastifyRequest } from 'fastify';
import type { ChatAuthor } from '../../../core/chat/message.ts';
import type { Askers } from '../asker.ts';
import type { Chat } from '../chat/chat.ts';
import {
  ban,
  banWish,
  chatLimits,
  chatOps,
  drillAnswer,
  drillWish,
  limitChanges,
  maxWordsBytes,
  moveAnswer,
  moveWish,
  opsPersonParams,
  platformChanges,
  platformChat,
  shardParams,
} from '../chat/schemas.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { done, sendDone } from './chat-answers.ts';
import { problems, tokenNeeded, type Api } from './route.ts';

/** The chat of the whole platform, for operators. */
export function chatOpsRoutes(app: Api, deps: ApiDependencies, askers: Askers, chat: Chat): void {
  const { operation, overview, people } = chat;
  const shared = { tags: ['Operations'], security: tokenNeeded };

  const operator = async (request: FastifyRequest): Promise<ChatAuthor> =>
    people.operator(await askers.requireOperator(request));

  app.route({
    method: 'GET',
    url: '/api/ops/chat',
    schema: {
      ...shared,
      summary: 'The limits, the shards with their load, and the greatest rooms, as an operator',
      response: { 200: chatOps, ...problems },
    },
    handler: async (request) => {
      await operator(request);
      return overview.view();
    },
  });

  app.route({
    method: 'PATCH',
    url: '/api/ops/chat/limits',
    schema: {
      ...shared,
      summary: 'Change the limits of all posts, as an operator. Hold at once, everywhere',
      body: limitChanges,
      response: { 200: chatLimits, ...problems },
    },
    handler: async (request) => operation.limits(await operator(request), request.body),
  });

  app.route({
    method: 'GET',
    url: '/api/ops/chat/platform',
    schema: {
      ...shared,
      summary: 'What holds in all chats, as an operator',
      response: { 200: platformChat, ...problems },
    },
    handler: async (request) => {
      await operator(request);
      return deps.chat.store.platform();
    },
  });

  app.route({
    method: 'PATCH',
    url: '/api/ops/chat/platform',
    bodyLimit: maxWordsBytes,
    schema: {
      ...shared,
      summary: 'Block words in all chats, or switch them all off, as an operator',
      body: platformChanges,
      response: { 200: platformChat, ...problems },
    },
    handler: async (request) => operation.platform(await operator(request), request.body),
  });

  app.route({
    method: 'PUT',
    url: '/api/ops/chat/bans/:person',
    schema: {
      ...shared,
      summary: 'Ban somebody from all chats, for a time or for good, as an operator',
      params: opsPersonParams,
      body: banWish,
      response: { 200: ban, ...problems },
    },
    handler: async (request) =>
      operation.ban(await operator(request), { ...request.body, personId: request.params.person }),
  });

  app.route({
    method: 'DELETE',
    url: '/api/ops/chat/bans/:person',
    schema: {
      ...shared,
      summary: 'Let somebody write again, as an operator. Bans of channels stay',
      params: opsPersonParams,
      response: { 204: done, ...problems },
    },
    handler: async (request, reply) => {
      await operation.unban(await operator(request), request.params.person);
      return sendDone(reply, { shown: true });
    },
  });

  app.route({
    method: 'POST',
    url: '/api/ops/chat/drill',
    schema: {
      ...shared,
      summary:
        'Cut a share of all sockets at once, as a load balancer does that loses a node, as an operator',
      body: drillWish,
      response: { 202: drillAnswer, ...problems },
    },
    handler: async (request, reply) => {
      const asker = await operator(request);
      const { share, shard } = request.body;
      const heard = await operation.drill(asker, share, shard);
      return reply.code(202).send({ shards: [...heard.keys()], tasks: Object.fromEntries(heard) });
    },
  });

  const states = [
    { word: 'close', state: 'closed', summary: 'Have a shard take no new broadcasts' },
    { word: 'open', state: 'open', summary: 'Have a shard take new broadcasts again' },
  ] as const;
  for (const { word, state, summary } of states)
    app.route({
      method: 'POST',
      url: `/api/ops/chat/shards/:shard/${word}`,
      schema: {
        ...shared,
        summary: `${summary}, as an operator`,
        params: shardParams,
        response: { 204: done, ...problems },
      },
      handler: async (request, reply) => {
        await operation.setState(await operator(request), request.params.shard, state);
        return sendDone(reply, { shown: true });
      },
    });

  app.route({
    method: 'POST',
    url: '/api/ops/chat/shards/:shard/move',
    schema: {
      ...shared,
      summary: 'Give the broadcasts of a shard, also a lost one, to another shard, as an operator',
      params: shardParams,
      body: moveWish,
      response: { 200: moveAnswer, ...problems },
    },
    handler: async (request) => ({
      moved: await operation.move(await operator(request), request.params.shard, request.body),
    }),
  });
}
