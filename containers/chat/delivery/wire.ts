/**
 * All that this task knows of the insides of socket.io 4.8, engine.io 6.6 and ws 8, in one place. The versions are
 * pinned, a contract test runs the stock client over it, and DELIVERY=emit does without (see `wireOf`).
 */
import type { Socket as NetSocket } from 'node:net';
import type { Server, Socket } from 'socket.io';

/** The connection of Engine.IO below a socket. */
export type Connection = Socket['conn'];

export interface WebSocketInside {
  readonly readyState: number;
  readonly _socket: NetSocket | null;
  readonly _extensions: {
    readonly 'permessage-deflate'?: {
      readonly params: { readonly server_max_window_bits?: number } | null;
      /** Releases its streams; they are made again when they are needed. */
      cleanup(): void;
    };
  };
  on(event: 'ping' | 'message', heard: (this: WebSocketInside) => void): void;
}

interface ConnectionInside {
  readonly readyState: string;
  readonly writeBuffer: readonly { readonly data?: string }[];
  readonly transport: { readonly name: string; readonly socket?: WebSocketInside };
  request: unknown;
  write(packet: string, options: { readonly compress: boolean; readonly wsPreEncodedFrame?: Buffer[] }): void;
}

const inside = (conn: Connection): ConnectionInside => conn as unknown as ConnectionInside;

/** `readyState` of a WebSocket that is neither closing nor closed. */
export const openState = 1;

export interface Wire {
  readonly socket: NetSocket;
  readonly ws: Pick<WebSocketInside, 'readyState'>;
  readonly takesDeflated: boolean;
}

export const webSocketOf = (conn: Connection): WebSocketInside | undefined => {
  const { transport } = inside(conn);
  return transport.name === 'websocket' ? transport.socket : undefined;
};

/**
 * Where whole WebSocket frames can be written past the engine. Not while it polls, closes, or has packets of its
 * own waiting: a frame must not overtake them. ws writes each of its frames in one go and never compresses here
 * (`threshold`), so frames that are written between them can't fall into one.
 */
export function wireOf(conn: Connection): Wire | undefined {
  const { readyState, writeBuffer } = inside(conn);
  const ws = webSocketOf(conn);
  const socket = ws?._socket;
  if (ws === undefined || socket === null || socket === undefined) return undefined;
  if (readyState !== 'open' || writeBuffer.length > 0 || ws.readyState !== openState) return undefined;
  const params = ws._extensions['permessage-deflate']?.params;
  // The shared bytes look back 32 kB; who takes less gets them plain.
  const takesDeflated =
    params !== null && params !== undefined && (params.server_max_window_bits ?? 15) === 15;
  return { socket, ws, takesDeflated };
}

/** Packets and bytes that the engine keeps until it can write them. */
export function waitingIn(conn: Connection): { readonly packets: number; readonly chars: number } {
  const { writeBuffer } = inside(conn);
  return {
    packets: writeBuffer.length,
    chars: writeBuffer.reduce((sum, { data }) => sum + (data?.length ?? 0), 0),
  };
}

/** As socket.io's own adapter broadcasts; `frame` spares ws its own encoding. */
export function writeThroughEngine(conn: Connection, packet: string, frame: Buffer | undefined): void {
  inside(conn).write(packet, {
    compress: false,
    ...(frame === undefined ? {} : { wsPreEncodedFrame: [frame] }),
  });
}

/**
 * A browser compresses even its pongs, and ws then keeps an inflater for each connection, 10 kB and more, although
 * it is of no use for the next message (no context takeover).
 */
export function keepNoInflater(conn: Connection): void {
  const ws = webSocketOf(conn);
  if (ws?._extensions['permessage-deflate'] !== undefined) ws.on('message', dropInflater);
}

function dropInflater(this: WebSocketInside): void {
  this._extensions['permessage-deflate']?.cleanup();
}

/** The first request stays in memory otherwise (socket.io docs, “Memory usage”): 5 kB for each connection. */
export function forgetRequest(conn: Connection): void {
  inside(conn).request = null;
}

const nothing = { headers: {}, query: {}, auth: {}, time: '', address: '', issued: 0, url: '' };

/** The handshake holds the token, and 2 kB. */
export function forgetHandshake(socket: Socket): void {
  (socket as { handshake: unknown }).handshake = nothing;
}

/** Viewers are kept in this task's own lists: a room of one for each socket would only cost memory. */
export function withoutRooms(io: Server): void {
  Object.assign(io.sockets.adapter, { addAll: () => {} });
}

/** A client answers a close frame in one round trip; ws would wait 30 s, and go on reading. */
const answerCloseMs = 2_000;

/** Lets go of who does not answer the close of their WebSocket. */
export function dontLinger(conn: Connection): void {
  // It comes once; `once` would keep a wrapper for each.
  conn.on('close', hangUpSoon);
}

function hangUpSoon(this: Connection): void {
  const socket = webSocketOf(this)?._socket;
  if (socket === null || socket === undefined || socket.destroyed) return;
  setTimeout(() => socket.destroy(), answerCloseMs).unref();
}

/** Cuts the connection as a network does: without a goodbye. */
export function cut(conn: Connection): void {
  const socket = webSocketOf(conn)?._socket;
  if (socket === null || socket === undefined) conn.close(true);
  else socket.destroy();
}

type Heard = (this: NetSocket) => void;

/**
 * Takes what ws does at the end of a connection (`socketOnEnd`, `socketOnClose`: 40 µs with all that hangs on it) out
 * of the turn in which the end was heard. When a network breaks, thousands end in one turn: 0.2 s for 5,000, in which
 * nobody gets their tick. Meanwhile the socket only looks open: what is written to it is lost, as on the way.
 * @param later does its work soon, in the order in which it was given.
 */
export function endLater(later: (work: () => void) => void): (conn: Connection) => void {
  // The same functions for all sockets, as ws has them, too.
  const originals: { end?: Heard; close?: Heard } = {};
  function atEnd(this: NetSocket): void {
    later(() => originals.end?.call(this));
  }
  function atClose(this: NetSocket): void {
    later(() => originals.close?.call(this));
  }
  const replace = (socket: NetSocket, event: 'end' | 'close', name: string, by: Heard): void => {
    for (const listener of socket.listeners(event) as Heard[]) {
      if (listener.name !== name) continue;
      originals[event] = listener;
      socket.off(event, listener);
      socket.on(event, by);
    }
  };
  const watch = (conn: Connection): void => {
    const socket = webSocketOf(conn)?._socket;
    if (socket === null || socket === undefined) return;
    replace(socket, 'end', 'socketOnEnd', atEnd);
    replace(socket, 'close', 'socketOnClose', atClose);
  };
  return (conn) => {
    watch(conn);
    if (webSocketOf(conn) === undefined) conn.once('upgrade', () => watch(conn));
  };
}
