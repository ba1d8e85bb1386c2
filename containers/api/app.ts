import swagger from '@fastify/swagger';
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { createAskers } from './asker.ts';
import { createChat } from './chat/chat.ts';
import type { ApiDependencies } from './dependencies.ts';
import { recordMethods } from './methods.ts';
import { openApiOptions } from './openapi.ts';
import { HttpProblem, maxBodyBytes, sendProblem, toProblem } from './problems.ts';
import { levelOf, requestLine } from './request-log.ts';
import { broadcastRoutes } from './routes/broadcasts.ts';
import { channelRoutes } from './routes/channels.ts';
import { chatChannelRoutes } from './routes/chat-channel.ts';
import { chatOpsRoutes } from './routes/chat-ops.ts';
import { chatRoutes } from './routes/chat.ts';
import { docsRoutes } from './routes/docs.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { opsRoutes } from './routes/ops.ts';
import { publicRoutes } from './routes/public.ts';
import { forTheAskerOnly } from './routes/route.ts';

/** On every answer. What it carries is data: nothing in it may run, be framed or be taken for something else. */
const securityHeaders = {
  'content-security-policy': `default-src 'none'; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
} as const;

/** The HTTP API, ready to listen. */
export async function createApi(deps: ApiDependencies): Promise<FastifyInstance> {
  // As Fastify's own type, or every route would carry pino's in its type.
  const loggerInstance: FastifyBaseLogger = deps.log;
  const app = Fastify({
    loggerInstance,
    // One line a request, below.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: maxBodyBytes,
    // A request of 64 KiB in 15 s is 4 KiB/s: slower ones hold connections on purpose.
    requestTimeout: 15_000,
    // Longer than a load balancer keeps idle connections (60 s), so that it never writes into a closed one.
    keepAliveTimeout: 72_000,
    frameworkErrors: (error, request, reply) => {
      sendProblem(reply, toProblem(error, request));
    },
  }).withTypeProvider<ZodTypeProvider>();

  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.removeContentTypeParser('text/plain');

  app.addHook('onSend', async (_request, reply) => {
    for (const [name, value] of Object.entries(securityHeaders)) {
      if (!reply.hasHeader(name)) reply.header(name, value);
    }
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', forTheAskerOnly);
  });
  app.addHook('onResponse', async (request, reply) => {
    const line = requestLine(request, reply);
    deps.log[levelOf(line)](line, 'request');
  });

  app.setErrorHandler((error, request, reply) => {
    const problem = toProblem(error, request);
    // A chat that is away refuses thousands of posts a second: the metrics count them.
    if (problem.status >= 500 && problem.chat === undefined)
      deps.log.error({ err: error, request: request.id }, 'request failed');
    return sendProblem(reply, problem);
  });
  const methodsOf = recordMethods(app);
  app.setNotFoundHandler((request, reply) => {
    const allowed = methodsOf(request.url);
    return sendProblem(
      reply,
      allowed.length === 0
        ? new HttpProblem(404, 'There is nothing at this path: /api/docs lists what there is.')
        : new HttpProblem(405, `This path takes ${allowed.join(', ')}.`, {
            headers: { allow: allowed.join(', ') },
          }),
    );
  });

  await app.register(swagger, openApiOptions);

  const askers = createAskers(deps.verifier);
  const chat = createChat(deps);
  app.addHook('onClose', () => chat.close());
  publicRoutes(app, deps, chat.shown);
  broadcastRoutes(app, deps, askers, chat);
  channelRoutes(app, deps, askers, chat.shown);
  opsRoutes(app, deps, askers);
  chatRoutes(app, deps, askers, chat);
  chatChannelRoutes(app, deps, askers, chat);
  chatOpsRoutes(app, deps, askers, chat);
  metricsRoutes(app, chat.metrics.registry);
  docsRoutes(app);
  await app.ready();
  return app;
}
