import type { FastifyRequest } from 'fastify';
import { formatStreamKey } from '../../../core/broadcast/stream-key.ts';
import type { ChannelView } from '../../../core/api/types.ts';
import type { Broadcast, Channel } from '../../../core/broadcast/types.ts';
import { hashSecret, newStreamKey } from '../../../runtime/identity/stream-keys.ts';
import type { Askers } from '../asker.ts';
import type { Shown } from '../chat/shown.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { HttpProblem, notFound, notYours } from '../problems.ts';
import {
  broadcastList,
  channelChanges,
  channelView,
  createdChannel,
  cursorQuery,
  idParams,
  newChannel,
  ownChannel,
  ownChannels,
  renewedKey,
  studioView,
} from '../schemas.ts';
import { viewChannel, viewOwnChannel, viewStudio } from '../views.ts';
import { forEverybody, problems, tokenNeeded, tokenOptional, type Api } from './route.ts';

/** A person has one or two; a script that makes thousands is stopped here. */
const channelsPerOwner = 10;
const broadcastsOnPage = 24;

export function channelRoutes(app: Api, deps: ApiDependencies, askers: Askers, shown: Shown): void {
  const { broadcasts, channels, clock, newId, randomBytes } = deps;

  const find = async (channelId: string): Promise<Channel> => {
    const channel = await channels.get(channelId);
    if (channel === undefined) throw notFound('channel');
    return channel;
  };

  const findOwn = async (request: FastifyRequest, channelId: string): Promise<Channel> => {
    const { subject } = await askers.require(request);
    const channel = await find(channelId);
    if (channel.ownerId !== subject) throw notYours('channel');
    return channel;
  };

  /** The broadcast under way. The channel may still name one that has just ended. */
  const currentOf = async ({ currentBroadcastId }: Channel): Promise<Broadcast | undefined> => {
    const broadcast = currentBroadcastId === undefined ? undefined : await broadcasts.get(currentBroadcastId);
    return broadcast?.state === 'ended' ? undefined : broadcast;
  };

  app.route({
    method: 'GET',
    url: '/api/channels/:id',
    schema: {
      tags: ['Channels'],
      summary: 'A channel and the broadcast under way, if the asker may see it',
      security: tokenOptional,
      params: idParams,
      response: { 200: channelView, ...problems },
    },
    handler: async (request, reply) => {
      const channel = await find(request.params.id);
      const current = await currentOf(channel);
      const show = async (current: Broadcast | undefined): Promise<ChannelView> =>
        viewChannel(channel, current === undefined ? undefined : await shown.one(current));
      // An unlisted broadcast is for whoever has its address, and this is not its address.
      if (current === undefined || current.visibility === 'public') {
        forEverybody(reply);
        return reply.send(await show(current));
      }
      const asker = await askers.identify(request);
      if (asker === undefined) forEverybody(reply);
      return reply.send(await show(asker?.subject === channel.ownerId ? current : undefined));
    },
  });

  app.route({
    method: 'GET',
    url: '/api/channels/:id/broadcasts',
    schema: {
      tags: ['Channels'],
      summary: 'Its broadcasts by pages, newest first: all for the owner, public ones for others',
      security: tokenOptional,
      params: idParams,
      querystring: cursorQuery,
      response: { 200: broadcastList, ...problems },
    },
    handler: async (request, reply) => {
      const asker = await askers.identify(request);
      const channel = await find(request.params.id);
      const page = await broadcasts.listByChannel({
        channelId: channel.channelId,
        limit: broadcastsOnPage,
        cursor: request.query.cursor,
        includeAll: asker?.subject === channel.ownerId,
      });
      if (asker === undefined) forEverybody(reply);
      return reply.send({
        broadcasts: await shown.all(page.broadcasts),
        ...(page.nextCursor === undefined ? {} : { nextCursor: page.nextCursor }),
      });
    },
  });

  app.route({
    method: 'GET',
    url: '/api/me/channels',
    schema: {
      tags: ['Channels'],
      summary: 'The channels of the asker',
      security: tokenNeeded,
      response: { 200: ownChannels, ...problems },
    },
    handler: async (request) => {
      const { subject } = await askers.require(request);
      return { channels: (await channels.listByOwner(subject)).map(viewOwnChannel) };
    },
  });

  app.route({
    method: 'POST',
    url: '/api/channels',
    schema: {
      tags: ['Channels'],
      summary: 'Make a channel. The answer has its stream key, which is not shown again',
      security: tokenNeeded,
      body: newChannel,
      response: { 201: createdChannel, ...problems },
    },
    handler: async (request, reply) => {
      const { subject } = await askers.require(request);
      const now = clock.now();
      const key = newStreamKey(newId(), randomBytes);
      const channel: Channel = {
        channelId: key.channelId,
        ownerId: subject,
        ...request.body,
        keyHash: hashSecret(key.secret),
        keyCreatedAt: now,
        createdAt: now,
      };
      if ((await channels.create(channel, channelsPerOwner)) === 'limit')
        throw new HttpProblem(
          409,
          `You have ${channelsPerOwner} channels already, which is the most: use one of them.`,
        );
      return reply
        .code(201)
        .header('location', `/api/channels/${channel.channelId}`)
        .send({ channel: viewOwnChannel(channel), streamKey: formatStreamKey(key) });
    },
  });

  app.route({
    method: 'PATCH',
    url: '/api/channels/:id',
    schema: {
      tags: ['Channels'],
      summary: 'Change its name, or title and visibility of the next broadcast, as the owner',
      security: tokenNeeded,
      params: idParams,
      body: channelChanges,
      response: { 200: ownChannel, ...problems },
    },
    handler: async (request) => {
      const { channelId, ownerId } = await findOwn(request, request.params.id);
      const changed = await channels.update(channelId, ownerId, request.body);
      if (changed === undefined) throw notFound('channel');
      return viewOwnChannel(changed);
    },
  });

  app.route({
    method: 'POST',
    url: '/api/channels/:id/stream-key',
    schema: {
      tags: ['Channels'],
      summary: 'Renew its stream key, as the owner. The old one is dead for new connections at once',
      security: tokenNeeded,
      params: idParams,
      response: { 200: renewedKey, ...problems },
    },
    handler: async (request) => {
      const { channelId, ownerId } = await findOwn(request, request.params.id);
      const key = newStreamKey(channelId, randomBytes);
      const changed = await channels.renewKey(channelId, ownerId, hashSecret(key.secret), clock.now());
      if (changed === undefined) throw notFound('channel');
      return { streamKey: formatStreamKey(key) };
    },
  });

  app.route({
    method: 'GET',
    url: '/api/channels/:id/studio',
    schema: {
      tags: ['Channels'],
      summary: 'What the broadcaster sees: the channel, the broadcast under way, its incoming stream',
      security: tokenNeeded,
      params: idParams,
      response: { 200: studioView, ...problems },
    },
    handler: async (request) => {
      const channel = await findOwn(request, request.params.id);
      const current = await currentOf(channel);
      if (current === undefined) return viewStudio(channel);
      return viewStudio(channel, { broadcast: await shown.one(current), input: current.input });
    },
  });
}
