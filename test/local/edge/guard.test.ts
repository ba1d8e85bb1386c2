import { once } from 'node:events';
import { createServer, type ServerOptions } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { guardConnections, serverLimits } from '../../../local/edge/guard.ts';
import { atEnd, open, raw } from './harness.ts';

async function guarded(limits: ServerOptions): Promise<{ port: number }> {
  const server = createServer(
    { ...serverLimits, connectionsCheckingInterval: 10, ...limits },
    (request, response) => {
      request.resume().on('end', () => response.end('x'));
    },
  );
  guardConnections(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => void server.close());
  atEnd(() => server.closeAllConnections());
  return { port: (server.address() as AddressInfo).port };
}

test('headers that do not come to an end are a 408', async () => {
  const server = await guarded({ headersTimeout: 50 });
  expect(await raw(server, 'GET / HTTP/1.1\r\nx: ')).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
});

test('a body that does not come to an end closes the connection', async () => {
  const server = await guarded({ headersTimeout: 40, requestTimeout: 50 });
  expect(await raw(server, 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf')).toBe('');
});

test('an idle connection is closed after its time', async () => {
  const server = await guarded({ keepAliveTimeout: 20, keepAliveTimeoutBuffer: 10 });
  const socket = await open(server);
  const closed = once(socket, 'close');
  socket.resume().write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await closed;
});

test('the edge gives a viewer 10 s for headers and 30 s for a whole request', () => {
  expect(serverLimits).toMatchObject({
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    maxHeaderSize: 20_480,
  });
});
