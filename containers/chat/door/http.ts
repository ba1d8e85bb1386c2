import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import type { Logger } from '../../../runtime/telemetry/log.ts';
import type { Door } from './door.ts';

export interface HttpOptions {
  readonly door: Door;
  readonly registry: Registry;
  /** The load balancer shall send nobody any more. */
  readonly isLeaving: () => boolean;
  readonly log: Logger;
}

/** The chat for the load balancer, beside what looks after the task itself. */
export function createHttp({ door, registry, isLeaving, log }: HttpOptions): Server {
  // Longer than a load balancer keeps idle connections (60 s): it must never pick one that is being closed.
  const server = createServer({ keepAliveTimeout: 72_000 }, (request, response) => {
    if (request.url === '/healthz') {
      response
        .writeHead(isLeaving() ? 503 : 200, { 'content-type': 'text/plain', 'cache-control': 'no-store' })
        .end(isLeaving() ? 'leaving\n' : 'ok\n');
    } else if (request.url === '/metrics') {
      registry.metrics().then(
        (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
        (error: unknown) => {
          log.error({ err: error }, 'could not collect the metrics');
          response.writeHead(500).end();
        },
      );
    } else door.request(request, response);
  });
  server.on('upgrade', (request, socket, head) => door.upgrade(request, socket, head));
  return server;
}

/** @returns the port. */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // Node's own backlog of 511 is less than the viewers that come back at once (notes chat 3).
    server.listen({ port, host, backlog: 4_096 }, resolve);
  });
  return (server.address() as AddressInfo).port;
}
