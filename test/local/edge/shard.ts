/** Tasks of a chat shard for tests of the edge: real servers behind a real target group. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { expect } from 'vitest';
import { checkHealth } from '../../../local/edge/balancer/health.ts';
import { TargetGroup } from '../../../local/edge/balancer/target-group.ts';
import { atEnd, type Handler } from './harness.ts';

export interface TestTask {
  readonly url: URL;
  readonly server: Server;
  readonly seen: readonly IncomingMessage[];
  /** What GET /healthz answers. */
  health: number;
  close(): Promise<void>;
}

export type OnUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export async function startTask(
  handler: Handler | undefined,
  onUpgrade?: OnUpgrade,
  port = 0,
): Promise<TestTask> {
  const seen: IncomingMessage[] = [];
  const task = { health: 200 };
  const server = createServer();
  server.on('request', (request, response) => {
    if (request.url === '/healthz') return response.writeHead(task.health).end();
    seen.push(request);
    handler?.(request, response);
    return undefined;
  });
  const sockets = new Set<Duplex>();
  server.on('connection', (socket) => sockets.add(socket));
  if (onUpgrade !== undefined)
    server.on('upgrade', (request, socket: Duplex, head: Buffer) => {
      seen.push(request);
      socket.on('error', () => undefined);
      // Node's servers leave their half open.
      socket.once('end', () => socket.end());
      onUpgrade(request, socket, head);
    });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    for (const socket of sockets) socket.destroy();
    await once(server, 'close');
  };
  atEnd(close);
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return Object.assign(task, { url, server, seen, close });
}

export interface TestShard {
  readonly group: TargetGroup;
  /** For the edge: this shard is called `a`, and there is no other. */
  readonly chat: (name: string) => TargetGroup | undefined;
  healthy(count: number): Promise<void>;
}

export async function startShard(...tasks: readonly TestTask[]): Promise<TestShard> {
  let ids = 0;
  const group = new TargetGroup({ check: checkHealth(500), everyMs: 20, newId: () => `task-${(ids += 1)}` });
  atEnd(() => group.close());
  for (const { url } of tasks) group.register(url);
  const healthy = (count: number): Promise<void> =>
    expect
      .poll(() => group.targets.filter(({ state }) => state === 'healthy').length, {
        interval: 5,
        timeout: 5_000,
      })
      .toBe(count);
  await healthy(tasks.length);
  return { group, chat: (name) => (name === 'a' ? group : undefined), healthy };
}
