import { connect, type Socket } from 'node:net';
import { welcome } from './relay-port.ts';

/** `10.0.1.5:1937`, `[fd00::5]:1937`. */
const form = /^(?:\[([\da-fA-F:]+)\]|([\w.-]+)):(\d{1,5})$/;

export function parseRelay(relay: string): { readonly host: string; readonly port: number } | undefined {
  const [, ipv6, name, digits] = form.exec(relay) ?? [];
  const host = ipv6 ?? name;
  const port = Number(digits);
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

/**
 * A connection to a peer that has said that it takes it, or undefined: it does not answer in time, has no room by
 * now, or nobody waits for it any more.
 */
export function dial(
  relay: string,
  options: { readonly line: Buffer; readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Socket | undefined> {
  const to = parseRelay(relay);
  if (to === undefined || options.signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const socket = connect({
      ...to,
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 10_000,
    });
    const give = (found: Socket | undefined): void => {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', giveUp);
      socket.off('connect', connected).off('data', answered).off('end', giveUp).off('close', giveUp);
      if (found === undefined) socket.destroy();
      resolve(found);
    };
    const giveUp = (): void => give(undefined);
    const connected = (): void => void socket.write(options.line);
    const answered = (bytes: Buffer): void => {
      if (bytes[0] !== welcome[0]) {
        giveUp();
        return;
      }
      socket.pause();
      if (bytes.length > 1) socket.unshift(bytes.subarray(1));
      give(socket);
    };
    const timer = setTimeout(giveUp, options.timeoutMs);
    options.signal.addEventListener('abort', giveUp);
    // `end`: the peer has no room. The socket may stay half open, so that it would not close by itself.
    socket.once('connect', connected).on('data', answered).on('end', giveUp).on('close', giveUp);
    // Stays on: errors of the whole connection end in its `close`.
    socket.on('error', giveUp);
  });
}
