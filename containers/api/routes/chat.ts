import type { ChatView } from '../../../core/api/chat.ts';
import { modeOf } from '../../../core/chat/mode.ts';
import { chatIndexKey } from '../../../core/chat/replay.ts';
import { pathOfKey } from '../../../core/media/addresses.ts';
import type { Askers } from '../asker.ts';
import { Recent } from '../../../runtime/store/recent.ts';
import type { Chat } from '../chat/chat.ts';
import {
  broadcastParams,
  chatView,
  messageParams,
  newMessage,
  personParams,
  purgeQuery,
  postHeaders,
  postedMessage,
  refusedPost,
} from '../chat/schemas.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { sendDone, shownOrNotYet } from './chat-answers.ts';
import { forEverybody, problems, tokenNeeded, tokenOptional, type Api } from './route.ts';

/** The longest text has 300 characters; people write some of them with many marks, and JSON escapes them. */
const maxPostBytes = 16 * 1024;
/** What a page is told of the mode at first; the socket tells it of changes at once. */
const settingsFreshMs = 2_000;

const refusal = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: refusedPost } },
});

/** What people do in the chat of a broadcast. */
export function chatRoutes(app: Api, deps: ApiDependencies, askers: Askers, chat: Chat): void {
  const { people, visible, homes, posting, moderation } = chat;
  const shared = { tags: ['Chat'], security: tokenNeeded };
  const settings = new Recent({
    read: (channelId) => deps.chat.store.settings(channelId),
    freshMs: settingsFreshMs,
    steady: deps.chat.steady,
  });

  app.route({
    method: 'POST',
    url: '/api/broadcasts/:id/messages',
    bodyLimit: maxPostBytes,
    schema: {
      ...shared,
      summary: 'Say something. Answered when it is stored and on its way to all screens',
      params: broadcastParams,
      headers: postHeaders,
      body: newMessage,
      response: {
        201: postedMessage,
        403: refusal('Refused, and it stays so'),
        409: refusal('The broadcast has ended'),
        422: refusal('This text is not taken'),
        429: refusal('Refused for now: Retry-After says until when'),
        503: refusal('The chat is away: nothing was posted'),
        ...problems,
      },
    },
    handler: async (request, reply) => {
      const identity = await askers.require(request);
      const posted = await posting.post(identity, {
        broadcastId: request.params.id,
        text: request.body.text,
        idempotencyKey: request.headers['idempotency-key'],
      });
      return reply.code(201).send(posted);
    },
  });

  app.route({
    method: 'DELETE',
    url: '/api/broadcasts/:id/messages/:message',
    schema: {
      ...shared,
      summary: 'Delete a message, as staff or as who said it. From the replay too, some seconds later',
      params: messageParams,
      response: { ...shownOrNotYet, ...problems },
    },
    handler: async (request, reply) => {
      const identity = await askers.require(request);
      const broadcast = await visible.get(request.params.id, identity);
      const asker = await people.author(broadcast, identity);
      return sendDone(reply, await moderation.remove(asker, broadcast, request.params.message));
    },
  });

  app.route({
    method: 'DELETE',
    url: '/api/broadcasts/:id/people/:person/messages',
    schema: {
      ...shared,
      summary: 'Delete all that somebody has said in a broadcast, as staff',
      params: personParams,
      querystring: purgeQuery,
      response: { ...shownOrNotYet, ...problems },
    },
    handler: async (request, reply) => {
      const identity = await askers.require(request);
      const broadcast = await visible.get(request.params.id, identity);
      const asker = await people.staff(broadcast, identity);
      const whom = { ...request.query, personId: request.params.person };
      return sendDone(reply, await moderation.purge(asker, broadcast, whom));
    },
  });

  app.route({
    method: 'GET',
    url: '/api/broadcasts/:id/chat',
    schema: {
      tags: ['Chat'],
      security: tokenOptional,
      summary: 'Where the chat of a broadcast is, how it is run, and who the asker is in it',
      params: broadcastParams,
      response: { 200: chatView, ...problems },
    },
    handler: async (request, reply) => {
      const identity = await askers.identify(request);
      const broadcast = await visible.get(request.params.id, identity);
      const { broadcastId, channelId } = broadcast;
      const [path, how, you] = await Promise.all([
        homes.pathOf(broadcast),
        settings.get(channelId),
        identity === undefined ? undefined : people.author(broadcast, identity),
      ]);
      const followedSince = you === undefined ? undefined : await people.followedSince(channelId, you.id);
      const view: ChatView = {
        ...(path === undefined ? {} : { path }),
        mode: modeOf(how),
        maxLength: how.maxLength,
        ...(you === undefined ? {} : { you }),
        ...(followedSince === undefined ? {} : { followedSince }),
        replay: pathOfKey(chatIndexKey(broadcastId)),
      };
      // A crowd that comes at once is mostly anonymous.
      if (identity === undefined) forEverybody(reply);
      return reply.send(view);
    },
  });
}
