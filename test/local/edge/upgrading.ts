/** WebSocket handshakes by hand, for tests of the edge. */
import { once } from 'node:events';
import type { Socket as TcpSocket } from 'node:net';
import { expect } from 'vitest';
import { open, startTestEdge, type TestEdge } from './harness.ts';
import { startShard, type OnUpgrade, type TestTask } from './shard.ts';

export const wish = (path = '/chat/a/?EIO=4', more = ''): string =>
  `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n` +
  `sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n${more}\r\n`;
export const agreement =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Own: 1\r\n\r\n';

export const agree: OnUpgrade = (_request, socket) => void socket.write(agreement);
export const echo: OnUpgrade = (_request, socket) => {
  socket.write(agreement);
  socket.pipe(socket);
};

export async function edgeWith(...tasks: readonly TestTask[]): Promise<TestEdge> {
  const { chat } = await startShard(...tasks);
  return startTestEdge({ chat });
}

/** Opens one through the edge; resolves when both sides have agreed. */
export async function upgraded(edge: { readonly port: number }, more = ''): Promise<TcpSocket> {
  const socket = await open(edge);
  socket.on('error', () => undefined);
  socket.write(wish(undefined, more));
  let text = '';
  while (!text.includes('\r\n\r\n')) text += String((await once(socket, 'data'))[0]);
  expect(text).toMatch(/^HTTP\/1\.1 101 /);
  socket.pause();
  return socket;
}
