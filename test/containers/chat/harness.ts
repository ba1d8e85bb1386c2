import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import { pino } from 'pino';
import { vi } from 'vitest';
import { serveChat, type ChatServer, type ServerOptions } from '../../../containers/chat/server.ts';
import type { Decision, Desk } from '../../../containers/chat/join/desk.ts';
import type { ChatAuthor, ChatMessage } from '../../../core/chat/message.ts';
import type { Control, History, Joined, Sampled } from '../../../core/chat/protocol.ts';
import { FakeShard, type FakeFanIn } from './fake-fan-in.ts';

export const broadcastId = '01k0000000000000000000000a';
export const channelId = '01k0000000000000000000000c';

/** Lets everybody in; a token is the JSON of who they are. */
export const openDesk: Desk = {
  async ask(said): Promise<Decision> {
    const { broadcast, token, after, ban } = said as {
      broadcast: string;
      token?: string;
      after?: string;
      ban?: { until?: number };
    };
    if (broadcast === 'nowhere')
      return { ok: false, refusal: { code: 'not-found', text: 'there is no such broadcast' } };
    return {
      ok: true,
      admitted: {
        place: { broadcastId: broadcast, channelId },
        ...(token === undefined ? {} : { you: JSON.parse(token) as ChatAuthor }),
        ...(after === undefined ? {} : { after }),
        ...(ban === undefined ? {} : { ban }),
      },
    };
  },
  moved: () => {},
  changed: () => {},
  freed: () => {},
};

export interface TestChat {
  readonly shard: FakeShard;
  readonly fanIn: FakeFanIn;
  readonly server: ChatServer;
  readonly origin: string;
  readonly logLines: string[];
  metric(name: string): Promise<number>;
  close(): Promise<void>;
}

export async function startTestChat(
  options: Partial<ServerOptions> & { readonly onShard?: FakeShard; readonly desk?: Desk } = {},
): Promise<TestChat> {
  const { onShard: shard = new FakeShard(), desk = openDesk, ...more } = options;
  const fanIn = shard.fanIn();
  const logLines: string[] = [];
  const server = await serveChat(
    {
      shard: 'a',
      host: '127.0.0.1',
      port: 0,
      transports: 'all',
      delivery: 'direct',
      shortestTickMs: 10,
      maxSockets: 10_000,
      admitPerS: 100_000,
      admitQueue: 1_000,
      drainMs: 0,
      ...more,
    },
    {
      fanIn,
      desk,
      random: Math.random,
      log: pino({ level: 'debug' }, { write: (line) => logLines.push(line) }),
    },
  );
  // Sampling is what one test is about; the others count messages.
  server.shownPerS = 1e9;
  const origin = `http://127.0.0.1:${server.port}`;
  return {
    shard,
    fanIn,
    server,
    origin,
    logLines,
    async metric(name) {
      const text = await (await fetch(`${origin}/metrics`)).text();
      const line = text
        .split('\n')
        .find((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
      return Number(line?.split(' ').at(-1));
    },
    async close() {
      shard.tasks.delete(fanIn);
      await server.close();
    },
  };
}

/** A stock client, and what it has heard. */
export interface Fan {
  readonly socket: Socket;
  readonly joined: Joined[];
  readonly histories: History[];
  readonly batches: { readonly messages: readonly ChatMessage[]; readonly sampled?: Sampled }[];
  readonly controls: Control[];
  /** In the order in which it came. */
  readonly events: string[];
  /** Texts of the first history and everything after it. */
  texts(): readonly string[];
  leave(): void;
}

export type FanOptions = Partial<ManagerOptions & SocketOptions> & {
  readonly broadcast?: string;
  readonly you?: ChatAuthor;
  readonly after?: string;
  readonly ban?: { readonly until?: number };
};

export function openFan(origin: string, options: FanOptions = {}): Fan {
  const { broadcast = broadcastId, you, after, ban, ...more } = options;
  const socket = io(origin, {
    path: '/chat/a/',
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
    auth: {
      broadcast,
      ...(you === undefined ? {} : { token: JSON.stringify(you) }),
      ...(after === undefined ? {} : { after }),
      ...(ban === undefined ? {} : { ban }),
    },
    ...more,
  });
  const fan: Fan = {
    socket,
    joined: [],
    histories: [],
    batches: [],
    controls: [],
    events: [],
    texts: () =>
      [...(fan.histories[0]?.messages ?? []), ...fan.batches.flatMap(({ messages }) => messages)].map(
        ({ text }) => text,
      ),
    leave: () => socket.disconnect(),
  };
  socket.onAny((event: string) => fan.events.push(event));
  socket.on('joined', (joined: Joined) => fan.joined.push(joined));
  socket.on('history', (history: History) => fan.histories.push(history));
  socket.on('chats', (messages: readonly ChatMessage[], sampled?: Sampled) =>
    fan.batches.push(sampled === undefined ? { messages } : { messages, sampled }),
  );
  socket.on('control', (control: Control) => fan.controls.push(control));
  return fan;
}

/** Resolves once it has joined. */
export async function joinFan(origin: string, options: FanOptions = {}): Promise<Fan> {
  const fan = openFan(origin, options);
  await new Promise<void>((resolve, reject) => {
    fan.socket.once('history', () => resolve());
    fan.socket.once('connect_error', reject);
  });
  return fan;
}

/** Waits until it holds: longer than a busy machine takes, and no longer than it needs. */
export const until = <T>(check: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 20_000, interval: 5 });

export const names = (count: number, prefix = 'm'): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);
