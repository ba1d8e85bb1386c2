import { setTimeout as delay } from 'node:timers/promises';
import type { Socket } from 'socket.io';
import { pickShare } from '../../../core/chat/pick.ts';
import { controlFrame } from '../delivery/frame.ts';
import { cut } from '../delivery/wire.ts';
import type { Room } from '../room/room.ts';
import type { SocketData } from '../sockets.ts';

export interface FarewellOptions {
  /** All that are connected, joined or not. */
  readonly sockets: () => Iterable<Socket & { readonly data: SocketData }>;
  /** 0 ≤ x < 1 */
  readonly random: () => number;
}

/** Slices are so far apart. */
const sliceMs = 250;
/** One that polls hears its goodbye with its next poll, a slow one when it has read the rest. */
const lastWordMs = 2_000;
/** A slice comes back within so long, each at a time of its own. */
const backWithinMs = 2_000;
/** People of a moved broadcast that arrive at the other shard in a second, and how long it takes at most. */
const movesPerS = 1_000;
const longestMoveMs = 30_000;
/** After the last was to be gone. */
const patienceMs = 5_000;
/** Different answers to “when”: each is encoded once. */
const turns = 32;

/** Closes below Socket.IO, so that every stock client comes back by itself: a `disconnect` it takes for final. */
const close = (socket: Socket): void => {
  socket.conn.close();
};

export interface Farewell {
  /** Sends everybody away over this time. */
  sendAway(overMs: number): Promise<void>;
  /** A share of the sockets, to within one, loses its connection at once. Answers how many. */
  drill(share: number): number;
  /** Everybody in this room goes there. */
  move(room: Room, path: string): void;
  /** Nobody but the broadcaster stays in this room. */
  hide(room: Room): void;
  stop(): void;
}

export function createFarewell({ sockets, random }: FarewellOptions): Farewell {
  const timers = new Set<NodeJS.Timeout>();

  const after = (ms: number, what: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      what();
    }, ms);
    timers.add(timer);
  };

  const sayLeave = (socket: Socket & { readonly data: SocketData }): void => {
    const { room, viewer } = socket.data;
    const afterMs = Math.round(random() * backWithinMs);
    if (viewer !== undefined) room?.toOne(viewer, controlFrame({ type: 'leave', afterMs }));
    close(socket);
  };

  return {
    async sendAway(overMs) {
      const endMs = performance.now() + overMs;
      for (;;) {
        const left = [...sockets()];
        if (left.length === 0) return;
        const slices = Math.max(1, Math.ceil((endMs - performance.now()) / sliceMs));
        // Those who came first are first to go, as they stand first in the map.
        for (const socket of left.slice(0, Math.ceil(left.length / slices))) sayLeave(socket);
        if (performance.now() > endMs + lastWordMs) return;
        await delay(sliceMs);
      }
    },

    drill(share) {
      const chosen = pickShare(sockets(), share, random);
      for (const socket of chosen) cut(socket.conn);
      return chosen.length;
    },

    move(room, path) {
      const overMs = Math.min(longestMoveMs, (room.size / movesPerS) * 1_000 + backWithinMs);
      const frames = Array.from({ length: turns }, (_, turn) =>
        controlFrame({ type: 'moved', path, afterMs: Math.round((turn / turns) * overMs) }),
      );
      [...room].forEach((viewer, index) => {
        const frame = frames[index % turns];
        if (frame !== undefined) room.toOne(viewer, frame);
      });
      after(overMs + patienceMs, () => {
        for (const { socket } of [...room]) close(socket);
      });
    },

    hide(room) {
      for (const { you, socket } of [...room]) if (you?.role !== 'broadcaster') close(socket);
    },

    stop() {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
