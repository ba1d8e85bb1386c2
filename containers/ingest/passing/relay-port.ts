import type { Socket } from 'node:net';
import type { Logger } from '../../../runtime/telemetry/log.ts';
import { readProxyLine } from './proxy-line.ts';

/** Both ends are in one network, and the line is in the first packet. */
const defaultLineDeadlineMs = 2_000;
/** Connections whose line is awaited: more than all tasks of a fleet pass on in two seconds. */
const maxAwaited = 256;

/**
 * What happens to a connection on the port that is for other tasks: its first line says whose it is, the rest
 * is the client's. Whoever sends anything else has no business there.
 */
export function relayPort(options: {
  /** Nothing of what the client sent has been read. */
  readonly onClient: (socket: Socket, address: string) => void;
  readonly log: Logger;
  readonly lineDeadlineMs?: number;
}): (socket: Socket) => void {
  const { onClient, log, lineDeadlineMs = defaultLineDeadlineMs } = options;
  const awaited = new Set<Socket>();

  return (socket) => {
    let head: Buffer = Buffer.alloc(0);
    const hangUp = (why: string): void => {
      log.warn({ remoteAddress: socket.remoteAddress, why }, 'connection to the relay port closed');
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
      socket.pause();
      if (head.length > line.bytes) socket.unshift(head.subarray(line.bytes));
      onClient(socket, line.from.client);
      socket.resume();
    };
    // Stays for the time in which nobody else listens.
    socket.on('error', () => {});
    socket.on('data', read).on('close', leave).on('end', end);
    awaited.add(socket);
    if (awaited.size > maxAwaited) hangUp('too many connections without a PROXY line');
  };
}
