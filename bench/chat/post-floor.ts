/** What the API's own framework takes for a post at least: Fastify reads it, the token is checked, an id is answered. */
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { knowTokens } from '../../runtime/identity/known-tokens.ts';
import { createTokenVerifier } from '../../runtime/identity/tokens.ts';
import { announceReady } from '../../runtime/lifecycle/ready.ts';
import { onShutdown } from '../../runtime/lifecycle/shutdown.ts';

const { OIDC_ISSUER: issuer = '', OIDC_CLIENT_ID: clientId = '' } = process.env;
const verifier = knowTokens(createTokenVerifier({ issuer, clientId, clock: Date }), Date.now);
const app = Fastify();
app.post('/api/broadcasts/:id/messages', async (request, reply) => {
  await verifier.verify((request.headers.authorization ?? '').slice('Bearer '.length));
  return reply.code(201).send({ id: String(Date.now() * 1_000), at: Date.now() });
});
await app.listen({ host: '127.0.0.1', port: 0 });
onShutdown(() => app.close());
announceReady({ http: (app.server.address() as AddressInfo).port });
