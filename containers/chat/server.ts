import { createServer } from 'node:http';
import type { Registry } from 'prom-client';
import { Server } from 'socket.io';
import type { FanIn } from '../../core/chat/bus.ts';
import { chatPath } from '../../core/chat/protocol.ts';
import type { Logger } from '../../runtime/telemetry/log.ts';
import { DeliveryCounts } from './delivery/audience.ts';
import { dontLinger, endLater, forgetRequest, keepNoInflater, withoutRooms } from './delivery/wire.ts';
import { Admission } from './door/admission.ts';
import { createDoor } from './door/door.ts';
import { createFloodGuard } from './door/flood.ts';
import { createHttp, listen } from './door/http.ts';
import { Slices } from './door/slices.ts';
import { createFarewell } from './duty/farewell.ts';
import { Presence } from './duty/presence.ts';
import type { Desk } from './join/desk.ts';
import { createChatMetrics } from './metrics.ts';
import { RoomCounts } from './room/room.ts';
import { Rooms } from './room/rooms.ts';
import { Ticker } from './room/ticker.ts';
import { createSockets, joinWithinMs, type SocketData } from './sockets.ts';

export interface ServerOptions {
  readonly shard: string;
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly transports: 'websocket' | 'all';
  /** `emit`: without writing past the engine, should a new version of it not bear that. */
  readonly delivery: 'direct' | 'emit';
  readonly shortestTickMs: number;
  readonly maxSockets: number;
  readonly admitPerS: number;
  readonly admitQueue: number;
  readonly drainMs: number;
}

export interface ServerParts {
  /** Closed by whoever opened it, after the server. */
  readonly fanIn: FanIn;
  readonly desk: Desk;
  /** 0 ≤ x < 1 */
  readonly random: () => number;
  readonly log: Logger;
}

export interface ChatServer {
  readonly port: number;
  /** Connected now, joined or not. */
  readonly sockets: number;
  readonly registry: Registry;
  /** Messages of viewers a second that a channel shows. */
  shownPerS: number;
  /** Of what this task has heard of a broadcast; undefined where it hears nothing of it, or nothing was said. */
  newestId(broadcastId: string): string | undefined;
  /** Takes nobody in any more and sends everybody away in slices. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** A join with a token has at most 8 kB; nothing else that a client says has more than a few bytes. */
const longestPacketBytes = 10_240;
/** Below the 60 s after which a load balancer closes what is idle (notes chat 7.14). */
const pingIntervalMs = 25_000;
const sweepMs = 5_000;
/** Ends of connections that are dealt with in one turn of the loop: some hundred. */
const endingsMs = 5;

export async function serveChat(options: ServerOptions, parts: ServerParts): Promise<ChatServer> {
  const { fanIn, desk, random, log } = parts;
  const path = chatPath(options.shard);
  const now = (): number => performance.now();
  const deliveryCounts = new DeliveryCounts();
  const roomCounts = new RoomCounts();
  let isLeaving = false;

  const io = new Server<object, object, object, SocketData>({
    path,
    transports: options.transports === 'all' ? ['polling', 'websocket'] : ['websocket'],
    serveClient: false,
    connectTimeout: joinWithinMs,
    pingInterval: pingIntervalMs,
    maxHttpBufferSize: longestPacketBytes,
    httpCompression: false,
    perMessageDeflate: options.delivery === 'direct' && {
      // Only frames that were compressed once for all (delivery/frame.ts); ws itself never compresses.
      threshold: Infinity,
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      zlibInflateOptions: { chunkSize: 1_024 },
    },
  });
  // The engine is given to a server that never listens: the door stands before it.
  io.attach(createServer());
  withoutRooms(io);

  const rooms = new Rooms({
    fanIn,
    delivery: options.delivery,
    counts: deliveryCounts,
    roomCounts,
    now,
    freed: (channelId) => desk.freed(channelId),
    failed: (error) => log.error({ err: error }, 'a broadcast could not be served or let go'),
  });
  const admission = new Admission({ perS: options.admitPerS, queue: options.admitQueue, now });
  const metrics = createChatMetrics({
    delivery: deliveryCounts,
    rooms: roomCounts,
    broadcasts: () => rooms.count,
    sockets: () => io.engine.clientsCount,
    waiting: () => admission.waiting,
    lagMs: () => fanIn.lagMs,
    link: () => fanIn.link,
    tickMs: () => ticker.intervalMs,
  });
  const { refused } = metrics;
  const door = createDoor({
    engine: io.engine,
    path,
    admission,
    maxSockets: options.maxSockets,
    random,
    refused,
  });
  const flood = createFloodGuard({ now, flooded: metrics.flooded });
  const endings = new Slices({
    now,
    sliceMs: endingsMs,
    failed: (error) => log.error({ err: error }, 'a connection did not end cleanly'),
  });
  const endInSlices = endLater((work) => endings.add(work));
  io.engine.on('connection', (conn) => {
    endInSlices(conn);
    forgetRequest(conn);
    keepNoInflater(conn);
    dontLinger(conn);
    flood.watch(conn);
  });
  const sockets = createSockets({
    desk,
    rooms,
    isLeaving: () => isLeaving,
    random,
    log,
    joined: metrics.joined,
    refused,
  });
  io.use(sockets.admit);
  io.on('connection', sockets.connected);

  const ticker = new Ticker({
    shortestMs: options.shortestTickMs,
    sockets: () => io.engine.clientsCount,
    now,
    tick: () => rooms.tick(),
    late: metrics.tickLate,
  });
  const sweeper = setInterval(() => rooms.sweep(), sweepMs);
  const presence = new Presence({
    fanIn,
    rooms,
    failed: (error) => log.warn({ err: error }, 'could not tell who watches'),
  });
  const farewell = createFarewell({ sockets: () => io.sockets.sockets.values(), random });
  fanIn.onOrder((order) => {
    log.info({ order }, 'an order');
    if (order.type === 'drill') {
      farewell.drill(order.share);
      return;
    }
    const room = rooms.get(order.broadcastId);
    if (order.type === 'move') {
      desk.moved(order.broadcastId, order.path);
      if (room !== undefined) farewell.move(room, order.path);
    } else {
      desk.changed(order.broadcastId);
      if (room !== undefined) farewell.hide(room);
    }
  });

  const http = createHttp({ door, registry: metrics.registry, isLeaving: () => isLeaving, log });
  const port = await listen(http, options.host, options.port);

  const shut = (): void => {
    isLeaving = true;
    door.shut();
  };
  return {
    port,
    get sockets() {
      return io.engine.clientsCount;
    },
    registry: metrics.registry,
    newestId: (broadcastId) => rooms.get(broadcastId)?.newestId,
    get shownPerS() {
      return rooms.shownPerS;
    },
    set shownPerS(shownPerS) {
      rooms.shownPerS = shownPerS;
    },
    async drain() {
      shut();
      await farewell.sendAway(options.drainMs);
    },
    async close() {
      shut();
      ticker.stop();
      clearInterval(sweeper);
      farewell.stop();
      await io.close();
      await Promise.all([
        presence.stop(),
        new Promise<void>((resolve) => {
          http.close(() => resolve());
          http.closeAllConnections();
        }),
      ]);
    },
  };
}
