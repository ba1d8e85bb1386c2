import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

/** What becomes of one request on its way to DynamoDB. */
export type Fate =
  | { readonly kind: 'pass' }
  | { readonly kind: 'error'; readonly code: string; readonly status: number }
  /** The connection breaks before anything is done. */
  | { readonly kind: 'cut' }
  /** Done, but the connection breaks before the answer. */
  | { readonly kind: 'lost-reply' }
  /** The connection breaks, and it is done later. */
  | { readonly kind: 'late'; readonly until: () => Promise<unknown> }
  /** No answer at all, and nothing is done. */
  | { readonly kind: 'silent' }
  /** BatchWriteItem does the first so many, and leaves the others over. */
  | { readonly kind: 'partly'; readonly items: number };

export interface Asked {
  readonly operation: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface FaultProxy {
  readonly url: string;
  /** Everything that was asked, in order. */
  readonly asked: readonly Asked[];
  /** All pass from here on. */
  heal(): void;
  /** Nothing is on its way any more, late ones included. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

type Batch = Readonly<Record<string, readonly unknown[]>>;

/** Stands in front of DynamoDB and breaks what it is told to break. */
export async function startFaultProxy(
  target: string,
  fateOf: (asked: Asked, n: number) => Fate,
): Promise<FaultProxy> {
  const asked: Asked[] = [];
  const underWay = new Set<Promise<unknown>>();
  const isOver = new AbortController();
  let isHealed = false;

  const forward = async (request: IncomingMessage, body: string): Promise<Response> => {
    const headers = Object.fromEntries(
      ['x-amz-target', 'content-type', 'authorization', 'x-amz-date'].map((name) => [
        name,
        String(request.headers[name] ?? ''),
      ]),
    );
    return fetch(target, { method: 'POST', headers, body });
  };

  const answer = (response: ServerResponse, status: number, body: string): void => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(body);
  };

  const pass = async (request: IncomingMessage, response: ServerResponse, body: string): Promise<void> => {
    const reply = await forward(request, body);
    answer(response, reply.status, await reply.text());
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = (await buffer(request)).toString();
    const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
    const call = { operation, body: JSON.parse(text) as Asked['body'] };
    asked.push(call);
    const fate: Fate = isHealed ? { kind: 'pass' } : fateOf(call, asked.length - 1);
    switch (fate.kind) {
      case 'pass':
        return pass(request, response, text);
      case 'error':
        return answer(response, fate.status, JSON.stringify({ __type: `com.amazonaws#${fate.code}` }));
      case 'cut':
        request.socket.destroy();
        return;
      case 'lost-reply':
        await forward(request, text);
        request.socket.destroy();
        return;
      case 'late':
        request.socket.destroy();
        await fate.until();
        await forward(request, text);
        return;
      case 'silent':
        await delay(60_000, undefined, isOver).catch(() => undefined);
        return;
      case 'partly': {
        const [[table, items] = ['', []]] = Object.entries(call.body['RequestItems'] as Batch);
        const done = items.slice(0, fate.items);
        const over = items.slice(fate.items);
        if (done.length > 0)
          await forward(request, JSON.stringify({ ...call.body, RequestItems: { [table]: done } }));
        answer(response, 200, JSON.stringify({ UnprocessedItems: { [table]: over } }));
        return;
      }
    }
  }

  const server = createServer((request, response) => {
    const handled = handle(request, response).catch(() => request.socket.destroy());
    underWay.add(handled);
    void handled.then(() => underWay.delete(handled));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    heal: () => {
      isHealed = true;
    },
    idle: async () => {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    stop: async () => {
      if (!server.listening) return;
      isOver.abort();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

export const throttled: Fate = {
  kind: 'error',
  code: 'ProvisionedThroughputExceededException',
  status: 400,
};
