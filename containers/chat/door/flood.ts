import { cut, webSocketOf, type Connection, type WebSocketInside } from '../delivery/wire.ts';

/**
 * A viewer says something once when it joins, then a pong every 25 s. Upgrading takes a handful more; nobody
 * who means well comes near this.
 */
const mostPacketsPerS = 20;

/** The second, and how many packets in it, as one number: there are very many of these. */
const counted = Symbol('packets');
interface Counted {
  [counted]?: number;
}
const base = 1_000;

function isFlood(by: Counted, nowMs: number): boolean {
  const second = Math.floor(nowMs / 1_000) % 1_000_000;
  const before = by[counted] ?? 0;
  const count = Math.floor(before / base) === second ? (before % base) + 1 : 1;
  by[counted] = second * base + Math.min(count, base - 1);
  return count > mostPacketsPerS;
}

export interface FloodGuard {
  watch(conn: Connection): void;
}

/** Cuts off who sends more than any client has a reason to. The listeners are the same for all connections. */
export function createFloodGuard(options: {
  readonly now: () => number;
  readonly flooded: () => void;
}): FloodGuard {
  const { now, flooded } = options;

  function heardPacket(this: Connection): void {
    if (!isFlood(this as Counted, now())) return;
    flooded();
    // Closed first: what has been read of it already is not looked at any more.
    this.close(true);
    cut(this);
  }

  /** Pings of the WebSocket itself are answered below Engine.IO, which never sees them. */
  function heardPing(this: WebSocketInside): void {
    if (!isFlood(this as Counted, now())) return;
    flooded();
    this._socket?.destroy();
  }

  function watchWebSocket(this: Connection): void {
    webSocketOf(this)?.on('ping', heardPing);
  }

  return {
    watch(conn) {
      conn.on('packet', heardPacket);
      if (webSocketOf(conn) === undefined) conn.once('upgrade', watchWebSocket);
      else watchWebSocket.call(conn);
    },
  };
}
