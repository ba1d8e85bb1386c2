import type { Shown } from '../chat/shown.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { cursorQuery, directory, publicConfig, time } from '../schemas.ts';
import { forEverybody, problems, type Api } from './route.ts';

/** A page of cards. */
const recordingsOnPage = 24;

export function publicRoutes(app: Api, deps: ApiDependencies, shown: Shown): void {
  const { broadcasts, clock, config } = deps;

  app.route({
    method: 'GET',
    url: '/api/config',
    schema: {
      tags: ['Pages'],
      summary: 'What the pages need to know of this installation',
      response: { 200: publicConfig, ...problems },
    },
    handler: (_request, reply) => {
      forEverybody(reply);
      return config;
    },
  });

  app.route({
    method: 'GET',
    url: '/api/time',
    schema: {
      tags: ['Pages'],
      summary: 'The time here, never cached: pages measure the offset of their clock',
      response: { 200: time, ...problems },
    },
    handler: () => ({ nowMs: clock.now() }),
  });

  app.route({
    method: 'GET',
    url: '/api/directory',
    schema: {
      tags: ['Broadcasts'],
      summary: 'Public broadcasts: those under way, and recordings by pages, newest first',
      querystring: cursorQuery,
      response: { 200: directory, ...problems },
    },
    handler: async (request, reply) => {
      const [live, recordings] = await Promise.all([
        broadcasts.listLive(),
        broadcasts.listRecordings({ limit: recordingsOnPage, cursor: request.query.cursor }),
      ]);
      forEverybody(reply);
      return reply.send({
        live: await shown.all(live),
        recordings: await shown.all(recordings.broadcasts),
        ...(recordings.nextCursor === undefined ? {} : { nextCursor: recordings.nextCursor }),
      });
    },
  });

  app.route({
    method: 'GET',
    url: '/healthz',
    schema: {
      tags: ['Operations'],
      summary: 'The process answers. Asks nobody else, so that their trouble does not end this task',
      response: { 200: time, ...problems },
    },
    handler: () => ({ nowMs: clock.now() }),
  });
}
