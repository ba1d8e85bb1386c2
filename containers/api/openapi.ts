import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';

interface Components {
  readonly paths?: unknown;
  readonly components?: { readonly schemas?: Readonly<Record<string, unknown>> };
}

const prefix = '#/components/schemas/';

const namesIn = (value: unknown): string[] =>
  [...(JSON.stringify(value) ?? '').matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference = '']) =>
    reference.slice(prefix.length),
  );

/** The schemas that a path leads to. Every one is offered as input and as output, though most are only one. */
function usedSchemas({ paths, components }: Components): Record<string, unknown> {
  const all = components?.schemas ?? {};
  const used: Record<string, unknown> = {};
  const waiting = namesIn(paths);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (Object.hasOwn(used, name)) continue;
    used[name] = all[name];
    waiting.push(...namesIn(all[name]));
  }
  return used;
}

/** How the document is made from the routes and their schemas. */
export const openApiOptions: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'Tidecast API',
      version: '1',
      description: 'Channels, broadcasts, where to play them. Times are ms since 1970.',
    },
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  },
  transform: jsonSchemaTransform,
  transformObject: (made) => {
    const document = jsonSchemaTransformObject(made);
    // Always OpenAPI 3 here: the types also know Swagger 2, which has no components.
    if ('components' in document)
      Object.assign(document.components ?? {}, { schemas: usedSchemas(document) });
    return document;
  },
};
