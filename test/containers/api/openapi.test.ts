import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { startTestApi, type TestApi } from './harness.ts';

let api: TestApi;
const routes: { method: string; url: string }[] = [];
let document: z.output<typeof openApi>;

const schema: z.ZodType<Record<string, unknown>> = z.record(z.string(), z.unknown());
const content = z.record(z.string().regex(/^[a-z]+\/[a-z+]+$/), z.strictObject({ schema }));
/** The parts of OpenAPI 3.1.0 that are used here, strictly: a key out of place fails. */
const openApi = z.strictObject({
  openapi: z.literal('3.1.0'),
  info: z.strictObject({ title: z.string(), version: z.string(), description: z.string() }),
  components: z.strictObject({
    schemas: z.record(z.string().regex(/^[\w.-]+$/), schema),
    securitySchemes: z.strictObject({
      token: z.strictObject({ type: z.literal('http'), scheme: z.string(), bearerFormat: z.string() }),
    }),
  }),
  paths: z.record(
    z.string().startsWith('/'),
    z
      .partialRecord(
        z.enum(['get', 'post', 'put', 'patch', 'delete', 'head']),
        z.strictObject({
          summary: z.string().min(1),
          tags: z.array(z.string()).min(1),
          security: z
            .array(z.record(z.literal('token'), z.array(z.never())).or(z.strictObject({})))
            .optional(),
          parameters: z
            .array(
              z.strictObject({
                name: z.string(),
                in: z.enum(['path', 'query', 'header']),
                required: z.boolean(),
                schema,
                description: z.string().optional(),
                example: z.string().optional(),
              }),
            )
            .optional(),
          requestBody: z.strictObject({ required: z.literal(true), content }).optional(),
          responses: z.record(
            z.string().regex(/^(\d{3}|default)$/),
            z.strictObject({ description: z.string(), content: content.optional() }),
          ),
        }),
      )
      .refine((methods) => Object.keys(methods).length > 0),
  ),
});

beforeAll(async () => {
  api = await startTestApi();
  document = openApi.parse((await api.ask(null, 'GET', '/api/openapi.json')).json());
  // As find-my-way has them, not as our own code remembers them.
  const tree = api.app.printRoutes({ commonPrefix: false });
  const path: string[] = [];
  for (const line of tree.split('\n')) {
    const [, indent = '', name = '', methods = ''] = /^([│├└─ ]*)(\S*) \(([A-Z, ]+)\)$/.exec(line) ?? [];
    if (methods === '') continue;
    path.length = Math.max(0, indent.length / 4 - 1);
    path.push(name);
    for (const method of methods.split(', ')) routes.push({ method, url: path.join('') });
  }
});
afterAll(() => api.close());

describe('the OpenAPI document', () => {
  it('covers every route', () => {
    const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
    );
    const served = routes
      .filter(({ method }) => method !== 'HEAD')
      .map(({ method, url }) => `${method} ${url}`);
    expect(served.length).toBeGreaterThanOrEqual(20);
    expect(documented.filter((each) => !each.startsWith('HEAD')).sort()).toEqual(served.sort());
  });

  it('has a schema behind every reference', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1]);
    expect(references.length).toBeGreaterThan(10);
    for (const reference of references)
      expect(Object.keys(document.components.schemas)).toContain(
        reference?.replace('#/components/schemas/', ''),
      );
  });

  it('has no schema that nothing leads to, and one name for each', () => {
    const names = Object.keys(document.components.schemas);
    expect(names).toContain('BroadcastView');
    expect(names).not.toContain('BroadcastViewInput');
    for (const name of names) expect(JSON.stringify(document)).toContain(`/${name}"`);
  });

  it('has every parameter of a path', () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      const wanted = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      for (const operation of Object.values(methods))
        expect(
          (operation.parameters ?? []).filter((each) => each.in === 'path').map((each) => each.name),
        ).toEqual(wanted);
    }
  });

  it('says of every body that unknown properties are refused', () => {
    for (const name of [
      'NewChannel',
      'ChannelChanges',
      'BroadcastChanges',
      'OperatorWish',
      'ForceStopWish',
      'NewMessage',
      'ChatSettingsChanges',
      'ChatBanWish',
      'ChatModeratorWish',
      'ChatLimitChanges',
      'PlatformChatChanges',
      'ChatDrill',
      'ChatMove',
    ])
      expect(document.components.schemas[`${name}Input`] ?? document.components.schemas[name]).toMatchObject({
        additionalProperties: false,
      });
  });

  it('says how errors look', () => {
    for (const methods of Object.values(document.paths))
      for (const operation of Object.values(methods))
        expect(operation.responses['default']?.content).toHaveProperty(['application/problem+json']);
  });
});

describe('the page for people', () => {
  it('names every path and needs nothing from elsewhere', async () => {
    const answer = await api.ask(null, 'GET', '/api/docs');
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    for (const path of Object.keys(document.paths)) expect(answer.body).toContain(path);
    expect(answer.body).not.toMatch(/https?:\/\/|<script/);
  });

  it('has a target for every link to a type', async () => {
    const { body } = await api.ask(null, 'GET', '/api/docs');
    const links = [...body.matchAll(/href="#(\w+)"/g)].map((match) => match[1]);
    expect(links.length).toBeGreaterThan(5);
    for (const link of links) expect(body).toContain(`id="${link}"`);
  });
});
