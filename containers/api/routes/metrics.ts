import type { Registry } from 'prom-client';
import { z } from 'zod';
import { problems, type Api } from './route.ts';

/** For Prometheus, inside the network: the edge leads only /api/ here. */
export function metricsRoutes(app: Api, registry: Registry): void {
  app.route({
    method: 'GET',
    url: '/metrics',
    schema: {
      tags: ['Operations'],
      summary: 'Figures of this task, in the text format of Prometheus',
      response: {
        200: {
          description: 'Figures',
          content: { 'text/plain': { schema: z.string() } },
        },
        ...problems,
      },
    },
    handler: async (_request, reply) => {
      const text = await registry.metrics();
      return reply.type(registry.contentType).serializer(String).send(text);
    },
  });
}
