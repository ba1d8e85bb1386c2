import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { JoinRefusalCode } from '../../../core/chat/protocol.ts';
import { busy, refusal } from '../join/refusals.ts';
import type { Admission, Waiting } from './admission.ts';
import { refuseRequest, refuseUpgrade, type NoEntry } from './refuse.ts';

/** Engine.IO, as far as the door lets anybody in. */
export interface Engine {
  readonly clientsCount: number;
  handleRequest(request: IncomingMessage, response: ServerResponse): void;
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export interface DoorOptions {
  readonly engine: Engine;
  readonly path: string;
  readonly admission: Admission;
  readonly maxSockets: number;
  readonly random: () => number;
  readonly refused: (code: JoinRefusalCode) => void;
}

export interface Door {
  request(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Nobody comes in any more, and who waits is told. */
  shut(): void;
}

interface Asked {
  readonly path: string;
  readonly query: URLSearchParams;
}

/** Not by `new URL`: it throws at what strangers send. */
function read({ url = '/' }: IncomingMessage): Asked {
  const [path = '', ...query] = url.split('?');
  return { path, query: new URLSearchParams(query.join('?')) };
}

/** Stands before Engine.IO: newcomers wait in line, those who are in pass. */
export function createDoor(options: DoorOptions): Door {
  const { engine, path, admission, maxSockets, random } = options;
  const refusals = new Map<Waiting, () => void>();
  let isShut = false;

  const full = (): NoEntry => {
    const body = busy(random).refusal;
    const retryAfterMs = Math.round((body.retryAfterMs ?? 0) + admission.waitMs);
    return { status: 503, body: { ...body, retryAfterMs } };
  };

  /** Undefined: may go to the line, or is in already (`sid`). */
  const objection = (asked: Asked): NoEntry | undefined => {
    if (asked.path !== path) return { status: 404, body: refusal('not-found', { text: 'not here' }).refusal };
    if (asked.query.has('token'))
      return {
        status: 400,
        body: refusal('bad-request', {
          text: 'a token must not stand in an address, which is logged: say it in auth',
        }).refusal,
      };
    if (asked.query.has('sid')) return undefined;
    // Engine.IO would say so on a WebSocket after it agreed to one, in plain HTTP.
    if (asked.query.get('EIO') !== '4')
      return {
        status: 400,
        body: refusal('bad-request', { text: 'this chat speaks Engine.IO 4: use Socket.IO 3 or newer' })
          .refusal,
      };
    if (isShut || engine.clientsCount + admission.waiting >= maxSockets) return full();
    return undefined;
  };

  /** Lets in now or later. \`hold\` is told how to leave the line. */
  const line = (
    enter: () => void,
    refuse: (no: NoEntry) => void,
    hold: (leave: () => void) => void,
  ): void => {
    let isIn = false;
    const waiting: Waiting = {
      enter() {
        isIn = true;
        refusals.delete(waiting);
        enter();
      },
    };
    if (!admission.come(waiting)) return say(full(), refuse);
    if (isIn) return;
    refusals.set(waiting, () => say(full(), refuse));
    hold(() => {
      refusals.delete(waiting);
      admission.leave(waiting);
    });
  };

  const say = (no: NoEntry, refuse: (no: NoEntry) => void): void => {
    options.refused(no.body.code);
    refuse(no);
  };

  return {
    request(request, response) {
      const asked = read(request);
      const refuse = (no: NoEntry): void => refuseRequest(response, no);
      const no = objection(asked);
      if (no !== undefined) return say(no, refuse);
      if (asked.query.has('sid') || request.method !== 'GET') return engine.handleRequest(request, response);
      line(
        () => engine.handleRequest(request, response),
        refuse,
        (leave) => response.once('close', leave),
      );
    },

    upgrade(request, socket, head) {
      const asked = read(request);
      const refuse = (no: NoEntry): void => refuseUpgrade(socket, no);
      const no = objection(asked);
      if (no !== undefined) return say(no, refuse);
      if (asked.query.has('sid')) return engine.handleUpgrade(request, socket, head);
      let release = (): void => {};
      line(
        () => {
          release();
          engine.handleUpgrade(request, socket, head);
        },
        (no) => {
          release();
          refuse(no);
        },
        (leave) => {
          release = holdUpgrade(socket, leave);
        },
      );
    },

    shut() {
      isShut = true;
      admission.stop();
      for (const refuse of refusals.values()) refuse();
      refusals.clear();
    },
  };
}

/**
 * Notices when one who waits goes away, which takes reading. Before its handshake is answered a client has
 * nothing to say (RFC 6455 4.1): one that talks all the same is cut off.
 * @returns gives the connection back as it was.
 */
function holdUpgrade(socket: Duplex, gone: () => void): () => void {
  const end = (): void => {
    socket.destroy();
  };
  const ignore = (): void => {};
  socket.on('error', ignore);
  socket.on('close', gone);
  socket.on('end', end);
  socket.on('data', end);
  return () => {
    socket.off('data', end);
    socket.off('end', end);
    socket.off('close', gone);
    socket.off('error', ignore);
    socket.pause();
    // Flows again once whoever has got it listens: in this same turn, or it is destroyed by then.
    queueMicrotask(() => socket.resume());
  };
}
