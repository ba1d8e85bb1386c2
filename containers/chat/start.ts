import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { chatPath } from '../../core/chat/protocol.ts';
import type { ChatEnvironment } from '../../core/environment/chat.ts';
import type { Logger } from '../../runtime/telemetry/log.ts';

export interface RunningChat {
  readonly port: number;
  /** Sends everybody away in slices. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** The chat task with everything real, as its environment says. */
export async function startChat(options: {
  readonly environment: ChatEnvironment;
  readonly taskId: string;
  readonly log: Logger;
}): Promise<RunningChat> {
  const { environment } = options;
  const server = createServer((request, response) => {
    if (request.url === '/healthz') response.writeHead(200, { 'content-type': 'text/plain' }).end('ok\n');
    else response.writeHead(404).end();
  });
  const io = new Server(server, {
    path: chatPath(environment.SHARD),
    transports: environment.TRANSPORTS === 'all' ? ['polling', 'websocket'] : ['websocket'],
    serveClient: false,
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: environment.HTTP_PORT, host: environment.HTTP_HOST, backlog: 4096 }, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    drain: async () => {},
    close: () => io.close(),
  };
}
