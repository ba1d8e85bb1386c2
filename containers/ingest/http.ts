import { createServer, type Server } from 'node:http';
import type { Logger } from '../../runtime/telemetry/log.ts';
import type { Broadcasts } from './broadcast/broadcasts.ts';
import type { Clock } from './broadcast/ports.ts';
import { createLiveHandler } from './live/http.ts';
import type { IngestMetrics } from './metrics.ts';

/** Live windows for the load balancer, beside what looks after the task itself. */
export function createHttp(
  broadcasts: Broadcasts,
  metrics: IngestMetrics,
  clock: Clock,
  log: Logger,
): Server {
  const live = createLiveHandler({
    find: (slot, broadcastId, isPrivate) => broadcasts.find(slot, broadcastId, isPrivate),
    clock,
    log,
  });
  // Longer than a load balancer keeps idle connections (60 s): it must never pick one that is being closed.
  return createServer({ keepAliveTimeout: 72_000 }, (request, response) => {
    if (request.url === '/healthz') {
      response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-store' }).end('ok\n');
    } else if (request.url === '/metrics') {
      metrics.registry.metrics().then(
        (text) => response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text),
        (error: unknown) => {
          log.error({ err: error }, 'could not collect the metrics');
          response.writeHead(500).end();
        },
      );
    } else live(request, response);
  });
}

export async function listen(server: Server, host: string, port: number): Promise<Server> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // Node's default backlog of 511 is less than the viewers that come back at once after a reconnect.
    server.listen({ port, host, backlog: 4096 }, resolve);
  });
  return server;
}
