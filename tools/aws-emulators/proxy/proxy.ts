import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { Faults, refusalOf, transformed } from './faults.ts';
import { AwsRefusal, refusal, understand, type Answer, type Call, type Service } from './wire.ts';

/** Something that an emulator gets wrong, put right. `document`: where AWS says how it really is. */
export interface Gap {
  readonly name: string;
  readonly document: string;
  readonly service: Service;
  readonly operations: readonly string[];
  /** @throws AwsRefusal: answered in the protocol of the service. */
  handle(call: Call, next: (call: Call) => Promise<Answer>): Promise<Answer>;
}

export interface Proxy {
  readonly url: string;
  readonly faults: Faults;
  /** Every call but observers' since the last `forget`, in order, with what was answered (undefined: the caller got nothing). */
  readonly calls: readonly { readonly call: Call; readonly status: number | undefined }[];
  forget(): void;
  stop(): Promise<void>;
}

const hopHeaders = new Set([
  'connection',
  'host',
  'content-length',
  'transfer-encoding',
  'keep-alive',
  'expect',
]);

function forward(base: string, call: Call): Promise<Answer> {
  const { method, path, headers, body } = call.request;
  return new Promise((resolve, reject) => {
    const kept = Object.entries(headers).filter(([name]) => !hopHeaders.has(name));
    const upstream = httpRequest(new URL(path, base), {
      method,
      headers: { ...Object.fromEntries(kept), 'content-length': body.length },
    });
    upstream.on('error', reject);
    upstream.on('response', (response) => {
      buffer(response).then((bytes) => {
        const answered = Object.entries(response.headers).filter(([name]) => !hopHeaders.has(name));
        resolve({
          status: response.statusCode ?? 500,
          headers: Object.fromEntries(answered.map(([name, value]) => [name, String(value)])),
          body: bytes,
        });
      }, reject);
    });
    upstream.end(body);
  });
}

/** Tests look on by these keys: nothing breaks for them. `local` is that of createTableClient with an endpoint. */
const observers = /Credential=(?:observer|local)\//;

/** moto answers what it can't do with an HTML page; AWS never does. */
function spoken(call: Call, answer: Answer): Answer {
  const isHtml = answer.headers['content-type']?.startsWith('text/html') === true;
  if (
    answer.status < 500 &&
    !(isHtml && answer.body.toString('utf8', 0, 15).toLowerCase().includes('<!doctype'))
  )
    return answer;
  const text = answer.body
    .toString()
    .replaceAll(/<[^>]*>/g, ' ')
    .slice(0, 300);
  return refusal(call.service, new AwsRefusal(500, 'InternalFailure', `${call.operation}: ${text}`));
}

/** One call at a time: moto loses acknowledged writes otherwise. */
function oneByOne(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
}

/**
 * Stands between the SDK and the emulators: sends each service to its emulator, one call at a time, puts right
 * what they get wrong, breaks what a test wants broken, and remembers every call.
 */
export async function startProxy(options: {
  readonly route: (service: Service) => string;
  readonly gaps: readonly Gap[];
}): Promise<Proxy> {
  const { route, gaps } = options;
  const faults = new Faults();
  const calls: { readonly call: Call; readonly status: number | undefined }[] = [];
  const inTurn = oneByOne();

  const upstream = async (call: Call): Promise<Answer> =>
    spoken(call, await forward(route(call.service), call));

  async function answer(call: Call): Promise<Answer> {
    const chain = gaps
      .filter((gap) => gap.service === call.service && gap.operations.includes(call.operation))
      .reduceRight<(call: Call) => Promise<Answer>>(
        (next, gap) => (inner) => gap.handle(inner, next),
        upstream,
      );
    try {
      return await chain(call);
    } catch (error) {
      if (error instanceof AwsRefusal) return refusal(call.service, error);
      throw error;
    }
  }

  /** Undefined: the connection breaks. */
  async function serve(call: Call): Promise<Answer | undefined> {
    const fault = faults.meet(call);
    switch (fault?.kind) {
      case 'reset':
        return undefined;
      case 'error':
        return refusal(call.service, refusalOf(fault));
      case 'lost-reply':
        await inTurn(() => answer(call));
        return undefined;
      case 'delay':
        await delay(fault.ms);
        return inTurn(() => answer(call));
      case 'rewrite':
        return transformed(fault, call, await inTurn(() => answer(call)));
      default:
        return inTurn(() => answer(call));
    }
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    );
    const call = understand({
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers,
      body,
    });
    const isObserved = !observers.test(headers['authorization'] ?? '');
    const answered = await (isObserved ? serve(call) : inTurn(() => answer(call)));
    if (isObserved) calls.push({ call, status: answered?.status });
    if (answered === undefined) request.socket.destroy();
    else response.writeHead(answered.status, answered.headers).end(answered.body);
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      // A fault of the proxy itself must not look like one of AWS.
      console.error('proxy:', error);
      request.socket.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    faults,
    calls,
    forget: () => {
      calls.length = 0;
      faults.clear();
    },
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
