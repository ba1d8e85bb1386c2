/** Socket.IO's own client. Loaded when the picture plays: it is a fifth of the player's size. */
import { io } from 'socket.io-client';
import type { ChatSocket, OpenOptions } from './connection.ts';

export const openSocket = (origin: string, { path, transports, auth }: OpenOptions): ChatSocket =>
  io(origin, {
    path,
    transports: [...transports],
    auth: { ...auth },
    // connection.ts comes back in its own way.
    reconnection: false,
    forceNew: true,
    // A task that paces its joins holds the handshake for some seconds.
    timeout: 15_000,
  });
