import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { JoinRefusal } from '../../../core/chat/protocol.ts';

/** What is said to one who is not let in: the status, and why as JSON. */
export interface NoEntry {
  readonly status: 400 | 404 | 503;
  readonly body: JoinRefusal;
}

function headersOf({ body }: NoEntry, length: number): Readonly<Record<string, string>> {
  const { retryAfterMs } = body;
  return {
    'content-type': 'application/json',
    'content-length': String(length),
    'cache-control': 'no-store',
    connection: 'close',
    ...(retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1_000)) }),
  };
}

export function refuseRequest(response: ServerResponse, no: NoEntry): void {
  const body = Buffer.from(JSON.stringify(no.body));
  response.writeHead(no.status, headersOf(no, body.length)).end(body);
}

/** To one who wanted a WebSocket: there is no response yet, only the connection. */
export function refuseUpgrade(socket: Duplex, no: NoEntry): void {
  const body = Buffer.from(JSON.stringify(no.body));
  const lines = Object.entries(headersOf(no, body.length)).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${no.status} ${STATUS_CODES[no.status] ?? ''}\r\n${lines.join('')}\r\n`;
  socket.on('error', () => {});
  socket.once('finish', () => socket.destroy());
  socket.end(Buffer.concat([Buffer.from(head), body]));
}
