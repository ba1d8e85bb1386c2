import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** A short answer and the end of a connection that Node's server does not, or no longer, answer on. */
export function endWith(
  socket: Duplex,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nconnection: close\r\ncontent-type: text/plain\r\n` +
      `cache-control: no-store\r\n${lines.join('')}` +
      `content-length: ${Buffer.byteLength(text) + 1}\r\n\r\n${text}\n`,
    () => socket.destroy(),
  );
}
