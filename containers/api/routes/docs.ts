import { z } from 'zod';
import { docsPage, docsPolicy, type OpenApiDocument } from '../docs-page.ts';
import { forEverybody, problems, type Api } from './route.ts';

export function docsRoutes(app: Api): void {
  // Made once, when all routes are there: it never changes while the program runs.
  let made: { readonly json: OpenApiDocument; readonly html: string } | undefined;
  const documents = (): NonNullable<typeof made> => {
    const json = app.swagger() as unknown as OpenApiDocument;
    made ??= { json, html: docsPage(json) };
    return made;
  };

  app.route({
    method: 'GET',
    url: '/api/openapi.json',
    schema: {
      tags: ['Documentation'],
      summary: 'This API as an OpenAPI 3.1 document',
      response: { 200: z.record(z.string(), z.unknown()), ...problems },
    },
    handler: (_request, reply) => {
      forEverybody(reply);
      return { ...documents().json };
    },
  });

  app.route({
    method: 'GET',
    url: '/api/docs',
    schema: {
      tags: ['Documentation'],
      summary: 'This API for people to read',
      response: {
        200: { description: 'A page', content: { 'text/html': { schema: z.string() } } },
        ...problems,
      },
    },
    handler: (_request, reply) => {
      forEverybody(reply);
      reply
        .header('content-security-policy', docsPolicy)
        .type('text/html; charset=utf-8')
        .serializer((html: string) => html);
      return documents().html;
    },
  });
}
