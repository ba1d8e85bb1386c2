import type { Socket } from 'node:net';
import type { Logger } from '../../../runtime/telemetry/log.ts';
import { readProxyLine } from './proxy-line.ts';

/** Both ends are in one network, and the line is in the first packet. */
const defaultLineDeadlineMs = 2_000;
/** Connections whose line is awaited: more than all tasks of a fleet pass on in two seconds. */
const maxAwaited = 256;
/** Who floods the port must not fill the log as well: one line in so long, with the number of those left out. */
const quietMs = 1_000;

/** The one byte that says that the connection is taken; RTMP comes after it. */
export const welcome = Buffer.from('+');

/**
 * What happens to a connection on the port that is for other tasks: its first line says whose it is, the rest
 * is the client's. Whoever sends anything else has no business there.
 */
export function relayPort(options: {
  /** There is room for one more. */
  readonly takes: () => boolean;
  /** Nothing of what the client sent has been read. */
  readonly onClient: (socket: Socket, address: string) => void;
  readonly log: Logger;
  readonly lineDeadlineMs?: number;
}): (socket: Socket) => void {
  const { takes, onClient, log, lineDeadlineMs = defaultLineDeadlineMs } = options;
  /** Each with how it is hung up on, oldest first. */
  const awaited = new Map<Socket, (why: string) => void>();
  let quietUntil = -Infinity;
  let unsaid = 0;
  const warn = (remoteAddress: string | undefined, why: string): void => {
    const now = performance.now();
    if (now < quietUntil) {
      unsaid += 1;
      return;
    }
    log.warn({ remoteAddress, why, unsaid }, 'connection to the relay port closed');
    quietUntil = now + quietMs;
    unsaid = 0;
  };

  return (socket) => {
    let head: Buffer = Buffer.alloc(0);
    const hangUp = (why: string): void => {
      warn(socket.remoteAddress, why);
      leave();
      socket.destroy();
    };
    const late = setTimeout(() => hangUp('no PROXY line in time'), lineDeadlineMs);
    const leave = (): void => {
      clearTimeout(late);
      awaited.delete(socket);
      socket.off('data', read).off('close', leave).off('end', end);
    };
    const end = (): void => hangUp('it ended before its PROXY line');
    const read = (bytes: Buffer): void => {
      head = head.length === 0 ? bytes : Buffer.concat([head, bytes]);
      const line = readProxyLine(head);
      if (line.kind === 'incomplete') return;
      if (line.kind === 'garbage') {
        hangUp('no PROXY line');
        return;
      }
      leave();
      // Without an answer the other task tries the next one, as nothing of the client's has been read yet.
      if (!takes()) {
        socket.destroy();
        return;
      }
      socket.write(welcome);
      socket.pause();
      if (head.length > line.bytes) socket.unshift(head.subarray(line.bytes));
      onClient(socket, line.from.client);
      socket.resume();
    };
    // Stays for the time in which nobody else listens.
    socket.on('error', () => {});
    socket.on('data', read).on('close', leave).on('end', end);
    awaited.set(socket, hangUp);
    // The oldest makes room: another task's line comes at once, so that those who say nothing displace themselves.
    const [oldest] = awaited.values();
    if (awaited.size > maxAwaited) oldest?.('too many connections without a PROXY line');
  };
}
