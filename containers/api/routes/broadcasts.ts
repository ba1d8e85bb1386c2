import type { FastifyRequest } from 'fastify';
import type { Broadcast } from '../../../core/broadcast/types.ts';
import { isVisibleTo } from '../../../core/broadcast/visible-to.ts';
import type { Askers } from '../asker.ts';
import type { Chat } from '../chat/chat.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { thumbnailKey } from '../links.ts';
import { playbackCookies } from '../playback-cookies.ts';
import { notFound, notYours } from '../problems.ts';
import { broadcastChanges, broadcastView, idParams, playback } from '../schemas.ts';
import { viewPlayback } from '../views.ts';
import { forEverybody, problems, tokenNeeded, tokenOptional, type Api } from './route.ts';

export function broadcastRoutes(app: Api, deps: ApiDependencies, askers: Askers, chat: Chat): void {
  const { shown, moderation } = chat;
  const { broadcasts, clock, objects } = deps;

  const visible = async (request: FastifyRequest, broadcastId: string): Promise<Broadcast> => {
    const broadcast = await broadcasts.get(broadcastId);
    // Who asks is only looked at where it matters: public pages work while the issuer does not.
    if (broadcast !== undefined && isVisibleTo(broadcast)) return broadcast;
    const asker = await askers.identify(request);
    if (broadcast === undefined || !isVisibleTo(broadcast, asker?.subject)) throw notFound('broadcast');
    return broadcast;
  };

  app.route({
    method: 'GET',
    url: '/api/broadcasts/:id',
    schema: {
      tags: ['Broadcasts'],
      summary: 'A broadcast',
      security: tokenOptional,
      params: idParams,
      response: { 200: broadcastView, ...problems },
    },
    handler: async (request, reply) => {
      const broadcast = await visible(request, request.params.id);
      if (broadcast.visibility !== 'private') forEverybody(reply);
      return reply.send(await shown.one(broadcast));
    },
  });

  app.route({
    method: 'GET',
    url: '/api/broadcasts/:id/playback',
    schema: {
      tags: ['Broadcasts'],
      summary: 'Where to play it. Sets the signed cookies that the archive needs',
      security: tokenOptional,
      params: idParams,
      response: { 200: playback, ...problems },
    },
    handler: async (request, reply) => {
      const broadcast = await visible(request, request.params.id);
      const now = clock.now();
      const cookies = playbackCookies(broadcast, now, deps);
      if (cookies.length > 0) reply.header('set-cookie', cookies);
      return reply.send(viewPlayback(broadcast, now, deps.mediaUrls));
    },
  });

  app.route({
    method: 'PATCH',
    url: '/api/broadcasts/:id',
    schema: {
      tags: ['Broadcasts'],
      summary: 'Change title or visibility, as the owner',
      security: tokenNeeded,
      params: idParams,
      body: broadcastChanges,
      response: { 200: broadcastView, ...problems },
    },
    handler: async (request, reply) => {
      const { subject } = await askers.require(request);
      const { id } = request.params;
      const found = await broadcasts.get(id);
      if (found === undefined) throw notFound('broadcast');
      if (found.ownerId !== subject)
        throw found.visibility === 'private' ? notFound('broadcast') : notYours('broadcast');
      const changed = await broadcasts.update(id, subject, request.body);
      if (changed === undefined) throw notFound('broadcast');
      // The address of the picture is known to whoever has seen it. Asked for again when it fails.
      if (changed.visibility === 'private')
        await Promise.all([objects.delete(thumbnailKey(id)), moderation.hide(changed)]);
      return reply.send(await shown.one(changed));
    },
  });
}
