/**
 * The local edge: a small CDN for one machine. It does with the table of routes what CloudFront does with
 * it, so that what is wrong with a cache rule or a header is seen here first.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pageHeaders } from '../../core/pages.ts';
import { findRoute, routes as theRoutes, type Route } from '../../core/routes.ts';
import type { GateTools } from '../../lambda/gate/event.ts';
import type { Logger } from '../../runtime/telemetry/log.ts';
import { barredBecause } from './access.ts';
import { Cache } from './cache.ts';
import { zeroCounters, type Counters } from './exchange.ts';
import type { Outcome } from './fetch.ts';
import { Flights } from './flights.ts';
import { guardConnections, serverLimits } from './guard.ts';
import { createPageGate } from './gate.ts';
import { createOrigins, type OriginAddresses } from './origins/origins.ts';
import { createReader } from './read.ts';
import { refuse, sendAlone } from './respond.ts';
import { readTarget } from './target.ts';
import { createUpgrader } from './upgrade.ts';
import { createWriter } from './write.ts';

/** Answers everything below its path prefix in the edge's place, for example the local OIDC issuer. */
export type Mount = (request: IncomingMessage, response: ServerResponse) => void;

export interface EdgeOptions {
  readonly host: string;
  readonly port: number;
  readonly routes?: readonly Route[];
  readonly origins: OriginAddresses;
  /** Public keys (PEM) for signed cookies, by key pair id. */
  readonly cookieKeys: ReadonlyMap<string, string>;
  /** The address that viewers use and cookies are signed for. Without it the request's Host counts. */
  readonly publicUrl?: string;
  /** OIDC issuer, which pages may connect to. */
  readonly issuer: string;
  /** What the gate's function is given; without it everybody is let in. */
  readonly gate?: GateTools;
  readonly mounts?: ReadonlyMap<string, Mount>;
  readonly clock: { now(): number };
  readonly log: Logger;
  readonly cacheBytes?: number;
  /** How long an origin may be silent; 30 s as CloudFront's default. */
  readonly originTimeoutMs?: number;
  /** How long both sides of a WebSocket may be silent. */
  readonly socketIdleMs?: number;
}

export interface EdgeStats extends Readonly<Counters> {
  readonly cacheBytes: number;
  readonly cacheEntries: number;
  readonly flights: number;
  /** WebSockets. */
  readonly sockets: number;
}

export interface Edge {
  readonly port: number;
  stats(): EdgeStats;
  close(): Promise<void>;
}

const defaultCacheBytes = 256 * 1024 ** 2;
/** A 2 s segment of 1080p has 1.3 MB; what is larger than this streams through and is not kept. */
const maxWholeBytes = 32 * 1024 ** 2;

/** CloudFront's two sets of methods. */
const methods = {
  read: ['GET', 'HEAD'],
  all: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'POST', 'PATCH', 'DELETE'],
} as const satisfies Record<Route['methods'], readonly string[]>;

/** CloudFront neither keeps such answers nor gives one to several who ask at the same time. */
const neverKept = ({ ttl }: Route): boolean => ttl.maxS === 0;

export async function startEdge(options: EdgeOptions): Promise<Edge> {
  const { clock, log, cookieKeys, mounts = new Map<string, Mount>() } = options;
  const table = options.routes ?? theRoutes;
  const cacheBytes = options.cacheBytes ?? defaultCacheBytes;
  const cache = new Cache(cacheBytes);
  const flights = new Flights<Outcome>();
  const counters = zeroCounters();
  const timeoutMs = options.originTimeoutMs ?? 30_000;
  const gate = options.gate === undefined ? undefined : createPageGate(options.gate);
  const origins = createOrigins({
    addresses: options.origins,
    pageHeaders: pageHeaders(options.issuer),
    timeoutMs,
  });
  const read = createReader({
    cache,
    flights,
    origins,
    counters,
    clock,
    log,
    maxWholeBytes: Math.min(maxWholeBytes, cacheBytes),
  });
  const write = createWriter({ origins, counters, log });
  const upgrader = createUpgrader({
    routes: table,
    groups: options.origins.chat,
    counters,
    log,
    answerMs: timeoutMs,
    ...(options.socketIdleMs === undefined ? {} : { idleMs: options.socketIdleMs }),
  });

  const deny = (response: ServerResponse, status: number, text: string, headers = {}): void => {
    counters.refused += 1;
    refuse(response, status, text, headers);
  };

  /** The address that the viewer's cookies must be for. */
  const viewerUrl = (request: IncomingMessage, path: string): string =>
    `${(options.publicUrl ?? `http://${request.headers.host ?? ''}`).replace(/\/$/, '')}${path}`;

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    counters.requests += 1;
    const method = request.method ?? '';
    const target = readTarget(request.url ?? '');
    if (!target.ok) return deny(response, target.status, target.text, { connection: 'close' });
    const { path, query } = target;
    for (const [prefix, mount] of mounts)
      if (path === prefix || path.startsWith(`${prefix}/`)) return mount(request, response);

    const route = findRoute(path, table);
    if (route === undefined) return deny(response, 404, 'No route has this path.');
    const allowed: readonly string[] = methods[route.methods];
    if (!allowed.includes(method))
      return deny(response, 405, `This path takes ${allowed.join(', ')}.`, { allow: allowed.join(', ') });
    if (route.access === 'signed-cookie') {
      const reason = barredBecause({
        cookieHeader: request.headers.cookie,
        url: viewerUrl(request, path),
        nowMs: clock.now(),
        publicKeys: cookieKeys,
      });
      if (reason !== undefined)
        return deny(response, 403, `Signed cookies are needed for this path: ${reason}.`);
    }
    const admission = route.name === 'pages' ? await gate?.(request, path) : undefined;
    if (admission?.isLetIn === false) {
      counters.refused += 1;
      return sendAlone(
        { request, response, result: 'Error', viewerHeaders: {} },
        { status: admission.status, headers: admission.headers, body: Buffer.from(admission.body) },
        false,
      );
    }
    const exchange = { request, response, route, path, query, headers: admission?.headers ?? {} };
    if (method !== 'GET' && method !== 'HEAD') return write(exchange);
    const { 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers;
    if (length !== '0' || encoding !== undefined)
      return deny(response, 400, `A ${method} request has no body.`, { connection: 'close' });
    return neverKept(route) ? write(exchange) : read(exchange);
  };

  const limits = { ...serverLimits, shouldUpgradeCallback: upgrader.isWanted };
  const server = createServer(limits, (request, response) => {
    handle(request, response).catch((error: unknown) => {
      // The viewer or the origin broke off in the middle: there is nobody to tell, or no way to.
      if (!response.headersSent && !response.destroyed) {
        log.error({ path: request.url?.split('?', 1)[0], err: error }, 'request failed');
        return refuse(response, 500, 'The edge failed.');
      }
      log.debug({ err: error }, 'answer broken off');
      response.destroy();
    });
  });
  server.on('upgrade', upgrader.upgrade);
  guardConnections(server);
  // Node's 511 make a crowd that comes at once wait a second for its second try.
  server.listen({ port: options.port, host: options.host, backlog: 4096 });
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    stats: () => ({
      ...counters,
      cacheBytes: cache.bytes,
      cacheEntries: cache.size,
      flights: flights.size,
      sockets: upgrader.open,
    }),
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      upgrader.close();
      origins.close();
      await closed;
    },
  };
}
