import type { Shown } from '../chat/shown.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { cursorQuery, directory, publicConfig, time } from '../schemas.ts';
import { forEverybody, problems, type Api } from './route.ts';

/** A page of cards. */
const recordingsOnPage = 24;

/** Without a domain broadcasters need the address of a host: any of the front set takes them. */
async function frontUrl({ fleet, log }: ApiDependencies): Promise<string | undefined> {
  try {
    // As planned: there is no name that could answer otherwise.
    const ip = (await fleet.report())?.plan.figures.front[0];
    return ip === undefined ? undefined : `rtmp://${ip}/live`;
  } catch (error) {
    // The pages need the rest: signing in does not depend on the fleet.
    log.warn({ err: error }, 'could not read where broadcasts go');
    return undefined;
  }
}

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
    handler: async (_request, reply) => {
      const rtmpUrl = config.rtmpUrl ?? (await frontUrl(deps));
      forEverybody(reply);
      return reply.send({ ...config, ...(rtmpUrl === undefined ? {} : { rtmpUrl }) });
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
