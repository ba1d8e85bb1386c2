import { connect, type Socket } from 'node:net';

/** `10.0.1.5:1937`, `[fd00::5]:1937`. */
const form = /^(?:\[([\da-fA-F:]+)\]|([\w.-]+)):(\d{1,5})$/;

export function parseRelay(relay: string): { readonly host: string; readonly port: number } | undefined {
  const [, ipv6, name, digits] = form.exec(relay) ?? [];
  const host = ipv6 ?? name;
  const port = Number(digits);
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

/** A connection to a peer, or undefined when it does not answer in time or nobody waits for it any more. */
export function dial(
  relay: string,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
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
      socket.off('connect', connected);
      if (found === undefined) socket.destroy();
      resolve(found);
    };
    const giveUp = (): void => give(undefined);
    const connected = (): void => give(socket);
    const timer = setTimeout(giveUp, options.timeoutMs);
    options.signal.addEventListener('abort', giveUp);
    socket.once('connect', connected);
    // Stays on: errors of the whole connection end in its `close`.
    socket.on('error', giveUp);
  });
}
