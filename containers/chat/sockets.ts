import type { Socket } from 'socket.io';
import { BusError } from '../../core/chat/bus.ts';
import type { JoinAnswer, JoinRefusal, JoinRefusalCode } from '../../core/chat/protocol.ts';
import type { Logger } from '../../runtime/telemetry/log.ts';
import { Viewer } from './delivery/viewer.ts';
import { forgetHandshake } from './delivery/wire.ts';
import type { Admitted, Desk } from './join/desk.ts';
import { refusal, unavailable } from './join/refusals.ts';
import type { Room } from './room/room.ts';
import type { Rooms } from './room/rooms.ts';

/** How long one may be connected without having joined. */
export const joinWithinMs = 10_000;

export interface SocketsOptions {
  readonly desk: Desk;
  readonly rooms: Rooms;
  readonly isLeaving: () => boolean;
  readonly random: () => number;
  readonly log: Logger;
  readonly joined: () => void;
  readonly refused: (code: JoinRefusalCode) => void;
}

interface Entrance {
  readonly room: Room;
  readonly admitted: Admitted;
}

type Answer =
  | { readonly ok: true; readonly entrance: Entrance }
  | { readonly ok: false; readonly refusal: JoinRefusal };

/** What hangs on a socket: first how it may enter, then where it sits. */
export interface SocketData {
  entrance?: Entrance | undefined;
  room?: Room;
  viewer?: Viewer;
  deadline?: NodeJS.Timeout | undefined;
  isAsking?: boolean;
}

type ChatSocket = Socket & { data: SocketData };

/** Socket.IO tells the client `data` of an error that a middleware gives it. */
class RefusedJoin extends Error {
  readonly data: JoinRefusal;

  constructor(data: JoinRefusal) {
    super(data.text);
    this.data = data;
  }
}

type Next = (error?: Error) => void;

export interface Sockets {
  /** Before Socket.IO says that the connection stands: for joins in `auth`. */
  readonly admit: (socket: Socket, next: Next) => void;
  readonly connected: (socket: Socket) => void;
}

/** Takes sockets from their first packet into their room, and out of it. */
export function createSockets(options: SocketsOptions): Sockets {
  const { desk, rooms, isLeaving, random, log, joined, refused } = options;

  const ask = async (said: unknown): Promise<Answer> => {
    if (isLeaving()) return unavailable(random);
    const decision = await desk.ask(said);
    if (!decision.ok) return decision;
    try {
      const { admitted } = decision;
      return { ok: true, entrance: { admitted, room: await rooms.open(admitted.place) } };
    } catch (error) {
      if (!(error instanceof BusError)) log.error({ err: error }, 'could not open a room');
      return unavailable(random);
    }
  };

  const decide = async (said: unknown): Promise<Answer> => {
    const answer = await ask(said);
    if (!answer.ok) refused(answer.refusal.code);
    return answer;
  };

  const enter = (socket: ChatSocket, { room, admitted }: Entrance): void => {
    const viewer = new Viewer(socket, admitted.you);
    clearTimeout(socket.data.deadline);
    socket.data = { room, viewer };
    room.enter(viewer, admitted);
    joined();
  };

  /** Shared by all sockets, as every function of their own would be memory. */
  function left(this: ChatSocket): void {
    const { room, viewer, deadline } = this.data;
    clearTimeout(deadline);
    if (room !== undefined && viewer !== undefined) room.leave(viewer);
    // Nobody needs the connection without the socket.
    this.conn.close();
  }

  async function join(this: ChatSocket, ...said: readonly unknown[]): Promise<void> {
    const answer = said.at(-1);
    const say = (what: JoinAnswer): void => {
      if (typeof answer === 'function') answer(what);
    };
    if (this.data.viewer !== undefined || this.data.isAsking === true)
      return say({ ok: false, ...refusal('bad-request', { text: 'this socket has joined' }).refusal });
    this.data.isAsking = true;
    const decision = await decide(said[0]);
    this.data.isAsking = false;
    if (!this.connected) return;
    if (!decision.ok) return say({ ok: false, ...decision.refusal });
    say({ ok: true });
    enter(this, decision.entrance);
  }

  const admitAs = async (socket: ChatSocket, auth: unknown, next: Next): Promise<void> => {
    const answer = await decide(auth);
    if (answer.ok) socket.data.entrance = answer.entrance;
    next(answer.ok ? undefined : new RefusedJoin(answer.refusal));
  };

  return {
    admit: (socket, next) => {
      const { auth } = socket.handshake;
      forgetHandshake(socket);
      if ('broadcast' in auth) void admitAs(socket as ChatSocket, auth, next);
      else next();
    },

    connected: (socket) => {
      const chatSocket = socket as ChatSocket;
      chatSocket.on('disconnect', left);
      chatSocket.on('join', join);
      const { entrance } = chatSocket.data;
      if (entrance !== undefined) return enter(chatSocket, entrance);
      chatSocket.data.deadline = setTimeout(() => socket.conn.close(), joinWithinMs);
    },
  };
}
