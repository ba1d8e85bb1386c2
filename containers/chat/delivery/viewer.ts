import type { Socket } from 'socket.io';
import type { ChatAuthor } from '../../../core/chat/message.ts';

/** Where a viewer is written to; see audience.ts. */
export type Seat = 'none' | 'plain' | 'deflated' | 'engine' | 'slow';

/** One socket that has joined. There are very many: a field more is a megabyte for a hundred thousand. */
export class Viewer {
  readonly socket: Socket;
  /** Absent for anonymous viewers. */
  readonly you: ChatAuthor | undefined;
  seat: Seat = 'none';
  /** Where in the lane. */
  place = 0;

  constructor(socket: Socket, you: ChatAuthor | undefined) {
    this.socket = socket;
    this.you = you;
  }
}
