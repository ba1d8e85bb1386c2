import { isIP } from 'node:net';

/**
 * The first line on a connection from another task: whose it is, as in version 1 of HAProxy's PROXY protocol.
 * `PROXY TCP4 198.51.100.7 203.0.113.9 50112 1935\r\n`
 */
export interface ProxiedConnection {
  readonly client: string;
  readonly clientPort: number;
  /** What the client had connected to. */
  readonly server: string;
  readonly serverPort: number;
}

export type ProxyLine =
  /** So far it may become one. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'garbage' }
  /** `bytes`: length of the line. What follows is the client's. */
  | { readonly kind: 'line'; readonly from: ProxiedConnection; readonly bytes: number };

/** The longest line of version 1, with its CRLF. */
export const proxyLineBytes = 107;

const start = Buffer.from('PROXY TCP', 'latin1');
const lineFeed = 0x0a;
const incomplete: ProxyLine = { kind: 'incomplete' };
const garbage: ProxyLine = { kind: 'garbage' };

// UNKNOWN is legal, and of no use: a task always knows whom it passes on.
const form = /^PROXY TCP([46]) ([\da-fA-F:.]+) ([\da-fA-F:.]+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})\r\n$/;

/** Reads what came first on a connection. Strict: whoever is allowed to speak to this port writes as below. */
export function readProxyLine(bytes: Uint8Array): ProxyLine {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, proxyLineBytes));
  const known = Math.min(head.length, start.length);
  if (!head.subarray(0, known).equals(start.subarray(0, known))) return garbage;
  const end = head.indexOf(lineFeed);
  if (end < 0) return head.length < proxyLineBytes ? incomplete : garbage;
  const [, family, client = '', server = '', clientPort, serverPort] =
    form.exec(head.toString('latin1', 0, end + 1)) ?? [];
  const from = { client, server, clientPort: Number(clientPort), serverPort: Number(serverPort) };
  const isSound =
    isIP(client) === Number(family) &&
    isIP(server) === Number(family) &&
    from.clientPort <= 65_535 &&
    from.serverPort <= 65_535;
  return isSound ? { kind: 'line', from, bytes: end + 1 } : garbage;
}

/** @throws RangeError when the addresses are not two of one kind. */
export function writeProxyLine({ client, server, clientPort, serverPort }: ProxiedConnection): Buffer {
  const family = isIP(client);
  const line = Buffer.from(
    `PROXY TCP${family} ${client} ${server} ${clientPort} ${serverPort}\r\n`,
    'latin1',
  );
  if (readProxyLine(line).kind !== 'line') throw new RangeError('no PROXY line can be made of this');
  return line;
}
