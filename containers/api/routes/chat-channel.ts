import type { FastifyRequest } from 'fastify';
import type { Channel } from '../../../core/broadcast/types.ts';
import type { ChatAuthor } from '../../../core/chat/message.ts';
import type { ChatSettings } from '../../../core/chat/mode.ts';
import { personIdOf } from '../../../runtime/identity/person.ts';
import type { Askers } from '../asker.ts';
import type { Chat } from '../chat/chat.ts';
import {
  auditPage,
  auditQuery,
  ban,
  banList,
  banQuery,
  banWish,
  broadcastParams as channelParams,
  chatSettings,
  maxWordsBytes,
  moderatorList,
  moderatorWish,
  personParams,
  settingsChanges,
} from '../chat/schemas.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { HttpProblem, notFound } from '../problems.ts';
import { done, sendDone, shownOrNotYet } from './chat-answers.ts';
import { problems, tokenNeeded, type Api } from './route.ts';

const auditOnPage = 50;

/** How the chat of a channel is run, and by whom. */
export function chatChannelRoutes(app: Api, deps: ApiDependencies, askers: Askers, chat: Chat): void {
  const { channels, clock } = deps;
  const { store } = deps.chat;
  const { people, moderation } = chat;
  const shared = { tags: ['Chat'], security: tokenNeeded };
  const url = (rest: string): string => `/api/channels/:id/${rest}`;

  const find = async (channelId: string): Promise<Channel> => {
    const channel = await channels.get(channelId);
    if (channel === undefined) throw notFound('channel');
    return channel;
  };

  const staff = async (
    request: FastifyRequest<{ Params: { id: string } }>,
  ): Promise<{ readonly asker: ChatAuthor; readonly channel: Channel }> => {
    const identity = await askers.require(request);
    const channel = await find(request.params.id);
    return { asker: await people.staff(channel, identity), channel };
  };

  /** Who is above moderators. */
  const head = async (request: FastifyRequest<{ Params: { id: string } }>): ReturnType<typeof staff> => {
    const who = await staff(request);
    if (who.asker.role !== 'moderator') return who;
    throw new HttpProblem(403, 'Only the broadcaster and operators say who moderates.');
  };

  app.route({
    method: 'GET',
    url: url('chat/settings'),
    schema: {
      ...shared,
      summary: 'How its chat is run, as staff',
      params: channelParams,
      response: { 200: chatSettings, ...problems },
    },
    handler: async (request) => {
      const { channel } = await staff(request);
      return store.settings(channel.channelId);
    },
  });

  app.route({
    method: 'PATCH',
    url: url('chat/settings'),
    bodyLimit: maxWordsBytes,
    schema: {
      ...shared,
      summary:
        'Change how its chat is run, as staff. 202: shown as soon as the chat, which is away, answers again',
      params: channelParams,
      body: settingsChanges,
      response: { 200: chatSettings, 202: chatSettings, ...problems },
    },
    handler: async (request, reply) => {
      const { asker, channel } = await staff(request);
      const { followersMin, ...rest } = request.body;
      const changes = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
      const { result, shown } = await moderation.settings(asker, channel, request.body, (before) => {
        const { followersMin: _before, ...others } = before;
        const min = followersMin === undefined ? before.followersMin : (followersMin ?? undefined);
        const after: ChatSettings = { ...others, ...changes };
        return min === undefined ? after : { ...after, followersMin: min };
      });
      return reply.code(shown ? 200 : 202).send(result);
    },
  });

  app.route({
    method: 'GET',
    url: url('chat/bans'),
    schema: {
      ...shared,
      summary: 'Who may not write in its chat, as staff',
      params: channelParams,
      response: { 200: banList, ...problems },
    },
    handler: async (request) => {
      const { channel } = await staff(request);
      return { bans: await store.bans(channel.channelId) };
    },
  });

  app.route({
    method: 'PUT',
    url: url('chat/bans/:person'),
    schema: {
      ...shared,
      summary: 'Ban somebody from its chat, for a time or for good, as staff above them. 202: shown later',
      params: personParams,
      querystring: banQuery,
      body: banWish,
      response: { 200: ban, 202: ban, ...problems },
    },
    handler: async (request, reply) => {
      const { asker, channel } = await staff(request);
      const whom = { ...request.body, personId: request.params.person };
      const banned = await moderation.ban(asker, channel, whom);
      const purged =
        request.query.purge === 'true'
          ? await moderation.purgeCurrent(asker, channel, whom)
          : { shown: true };
      return reply.code(banned.shown && purged.shown ? 200 : 202).send(banned.result);
    },
  });

  app.route({
    method: 'DELETE',
    url: url('chat/bans/:person'),
    schema: {
      ...shared,
      summary: 'Let somebody write again, as staff',
      params: personParams,
      response: { ...shownOrNotYet, ...problems },
    },
    handler: async (request, reply) => {
      const { asker, channel } = await staff(request);
      return sendDone(reply, await moderation.unban(asker, channel, request.params.person));
    },
  });

  app.route({
    method: 'GET',
    url: url('chat/moderators'),
    schema: {
      ...shared,
      summary: 'Who moderates its chat, as staff',
      params: channelParams,
      response: { 200: moderatorList, ...problems },
    },
    handler: async (request) => {
      const { channel } = await staff(request);
      return { moderators: await store.moderators(channel.channelId) };
    },
  });

  app.route({
    method: 'PUT',
    url: url('chat/moderators/:person'),
    schema: {
      ...shared,
      summary: 'Make somebody a moderator, as the broadcaster or an operator. Holds within 5 s',
      params: personParams,
      body: moderatorWish,
      response: { 204: done, ...problems },
    },
    handler: async (request, reply) => {
      const { asker, channel } = await head(request);
      const whom = { ...request.body, personId: request.params.person };
      await moderation.addModerator(asker, channel.channelId, whom);
      return sendDone(reply, { shown: true });
    },
  });

  app.route({
    method: 'DELETE',
    url: url('chat/moderators/:person'),
    schema: {
      ...shared,
      summary: 'Have somebody no longer be a moderator, as the broadcaster or an operator. Holds within 5 s',
      params: personParams,
      response: { 204: done, ...problems },
    },
    handler: async (request, reply) => {
      const { asker, channel } = await head(request);
      await moderation.removeModerator(asker, channel.channelId, request.params.person);
      return sendDone(reply, { shown: true });
    },
  });

  app.route({
    method: 'GET',
    url: url('chat/audit'),
    schema: {
      ...shared,
      summary: 'What staff did in its chat, newest first, by pages, as staff',
      params: channelParams,
      querystring: auditQuery,
      response: { 200: auditPage, ...problems },
    },
    handler: async (request) => {
      const { channel } = await staff(request);
      const { before } = request.query;
      return store.auditPage(channel.channelId, {
        limit: auditOnPage,
        ...(before === undefined ? {} : { before }),
      });
    },
  });

  app.route({
    method: 'PUT',
    url: url('follow'),
    schema: {
      ...shared,
      summary: 'Follow it. The first time counts',
      params: channelParams,
      response: { 204: done, ...problems },
    },
    handler: async (request, reply) => {
      const { subject } = await askers.require(request);
      const { channelId } = await find(request.params.id);
      const personId = personIdOf(subject);
      await store.follow(personId, channelId, clock.now());
      people.changed(channelId, personId);
      return sendDone(reply, { shown: true });
    },
  });

  app.route({
    method: 'DELETE',
    url: url('follow'),
    schema: {
      ...shared,
      summary: 'Follow it no longer',
      params: channelParams,
      response: { 204: done, ...problems },
    },
    handler: async (request, reply) => {
      const { subject } = await askers.require(request);
      const personId = personIdOf(subject);
      await store.unfollow(personId, request.params.id);
      people.changed(request.params.id, personId);
      return sendDone(reply, { shown: true });
    },
  });
}
