/** WebSockets to the chat tasks: who may have one, with which task, and what both say until they agree. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { findRoute, type Route } from '../../core/routes.ts';
import type { Logger } from '../../runtime/telemetry/log.ts';
import type { Lease } from './balancer/target-group.ts';
import { stickyId } from './balancer/stickiness.ts';
import { forward } from './cache-key.ts';
import { forwardedFor, type Counters } from './exchange.ts';
import { isRefused, noShard, noTask, retryAfter, shardOf, type ShardGroups } from './origins/chat.ts';
import { endWith } from './raw-answer.ts';
import { readTarget } from './target.ts';
import { joinSockets, passRefusal } from './tunnel.ts';

/**
 * Each takes two of the process's file descriptors, of which a Debian gives 20,000 or more; the crowds of the
 * benches go to the tasks themselves.
 */
const maxOpen = 8_192;
/** Three of Socket.IO's pings (25 s); as long as the edge's other connections. */
const defaultIdleMs = 75_000;

/** What a viewer and a task have to tell each other to agree on a WebSocket. */
const handshakeHeaders = [
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
] as const;

export interface Upgrader {
  /** Node asks this of each request with an Upgrade header; what is no WebSocket to the chat is a plain request. */
  readonly isWanted: (request: IncomingMessage) => boolean;
  readonly upgrade: (request: IncomingMessage, viewer: Duplex, early: Buffer) => void;
  readonly open: number;
  close(): void;
}

export function createUpgrader(dependencies: {
  readonly routes: readonly Route[];
  readonly groups: ShardGroups;
  readonly counters: Counters;
  readonly log: Logger;
  /** How long a task may be silent before it agrees: it may hold a crowd's handshakes back for seconds. */
  readonly answerMs: number;
  readonly idleMs?: number;
}): Upgrader {
  const { routes, groups, counters, log, answerMs, idleMs = defaultIdleMs } = dependencies;
  const viewers = new Set<Duplex>();

  const chatTarget = (
    request: IncomingMessage,
  ): { readonly route: Route; readonly path: string; readonly query: string } | undefined => {
    const target = readTarget(request.url ?? '');
    const route = target.ok ? findRoute(target.path, routes) : undefined;
    return target.ok && route?.origin === 'chat'
      ? { route, path: target.path, query: target.query }
      : undefined;
  };

  const deny = (viewer: Duplex, status: number, text: string, headers = {}): void => {
    counters.refused += 1;
    endWith(viewer, status, text, headers);
  };

  const upgrade: Upgrader['upgrade'] = (request, duplex, early) => {
    // Node's servers give their own sockets.
    const viewer = duplex as Socket;
    counters.requests += 1;
    viewer.on('error', () => viewer.destroy());
    viewer.setTimeout(idleMs, () => viewer.destroy());
    const target = chatTarget(request);
    if (target === undefined) return deny(viewer, 404, noShard);
    const { route, path, query } = target;
    const group = groups(shardOf(path));
    if (group === undefined) return deny(viewer, 404, noShard);
    if (early.length > 0) return deny(viewer, 400, 'Nothing may be sent before the answer.');
    if (viewers.size >= maxOpen) return deny(viewer, 503, 'The edge is full.', retryAfter);
    viewers.add(viewer);
    viewer.once('close', () => viewers.delete(viewer));

    const forwarded = forward(route, path, query, request.headers);
    const handshake = handshakeHeaders.flatMap((name) => {
      const value = request.headers[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    const headers = {
      ...forwarded.headers,
      ...Object.fromEntries(handshake),
      ...forwardedFor(request),
      'user-agent': 'tidecast-edge',
      connection: 'Upgrade',
      upgrade: 'websocket',
    };

    const tryNext = (): void => {
      const lease = group.take(stickyId(request.headers.cookie));
      if (lease === undefined) return deny(viewer, 503, noTask, retryAfter);
      counters.originRequests += 1;
      viewer.once('close', lease.release);
      ask(lease);
    };

    const ask = (lease: Lease): void => {
      const { hostname, port } = lease.target.url;
      const asked = httpRequest({
        agent: false,
        hostname,
        port,
        path: forwarded.query === '' ? path : `${path}?${forwarded.query}`,
        headers,
        timeout: answerMs,
      });
      const giveUp = (): void => {
        asked.destroy();
        viewer.destroy();
      };
      const listening = { data: giveUp, end: giveUp, close: giveUp };
      // Reading is the only way to hear that the viewer has gone. Bytes before the answer are nobody's.
      for (const [name, listener] of Object.entries(listening)) viewer.on(name, listener);
      const settle = (): void => {
        for (const [name, listener] of Object.entries(listening)) viewer.off(name, listener);
        viewer.pause();
      };
      asked.on('timeout', () => asked.destroy(new Error(`the task was silent for ${answerMs / 1000} s`)));
      asked.on('error', (error) => {
        settle();
        if (viewer.destroyed) return;
        if (isRefused(error)) {
          lease.refused();
          return tryNext();
        }
        counters.originFailures += 1;
        log.warn({ route: route.name, path, err: error }, 'no WebSocket');
        endWith(viewer, 502, 'The task of this chat shard failed.', retryAfter);
      });
      asked.on('response', (answer) => {
        settle();
        passRefusal(answer, viewer);
      });
      asked.on('upgrade', (answer, task, first: Buffer) => {
        settle();
        asked.setTimeout(0);
        joinSockets({ viewer, task, answer, first, idleMs });
      });
      asked.end();
    };
    tryNext();
  };

  return {
    isWanted: (request) =>
      request.method === 'GET' &&
      request.headers.upgrade?.toLowerCase() === 'websocket' &&
      chatTarget(request) !== undefined,
    upgrade,
    get open() {
      return viewers.size;
    },
    close: () => {
      for (const viewer of viewers) viewer.destroy();
    },
  };
}
