/**
 * The servers that are measured, in a process pinned to a core: `ours` (the chat task's server, whole but for
 * Redis), `default` (Socket.IO as its first page of documentation has it) and `raw` (frames made once and written
 * to plain sockets: what Node itself can do). Messages are made inside, so that only delivering is measured.
 */
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createHash } from 'node:crypto';
import { pino } from 'pino';
import { Server } from 'socket.io';
import { chatsFrame } from '../../containers/chat/delivery/frame.ts';
import { keepYoungSpaceSmall } from '../../containers/chat/memory.ts';
import { serveChat } from '../../containers/chat/server.ts';
import { chatEnvironment } from '../../core/environment/chat.ts';
import type { ChatMessage } from '../../core/chat/message.ts';
import { FakeShard } from '../../test/containers/chat/fake-fan-in.ts';
import { broadcastId, openDesk } from '../../test/containers/chat/harness.ts';
import { percentile, sleep, wallMs } from './clock.ts';
import { answerQuestions } from './pinned.ts';
import { createSpeaker } from './said.ts';

export type SubjectName = 'ours' | 'default' | 'raw';

export type SubjectQuestion =
  | { readonly do: 'open'; readonly admitPerS?: number }
  | { readonly do: 'speak'; readonly perS: number; readonly messageBytes: number }
  | { readonly do: 'silence' }
  | { readonly do: 'begin' }
  | { readonly do: 'end' }
  | { readonly do: 'cut'; readonly sockets: number };

export interface SubjectFigures {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly said: number;
  /** How long a timer of 50 ms was kept waiting, by the sweep over the sockets as well. */
  readonly lateP99Ms: number;
  readonly lateMaxMs: number;
  /** How late the ticks began, by our task's own metric (of its buckets, a line between their ends); absent for the others. */
  readonly tickLateP99Ms?: number;
  readonly rssBytes: number;
}

interface Subject {
  readonly port: number;
  readonly path: string;
  say(messages: readonly ChatMessage[]): void;
  /** Ticks so far that were at most so late, rising. */
  tickLates?(): Promise<readonly LateBucket[]>;
  /** Tears so many connections, as a broken network does. */
  cut(sockets: number): void;
}

interface LateBucket {
  readonly upToMs: number;
  readonly count: number;
}

const openFiles = 65_535;

function portOf(server: HttpServer): Promise<number> {
  return new Promise((resolve) => {
    server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () =>
      resolve((server.address() as AddressInfo).port),
    );
  });
}

async function ours(admitPerS: number | undefined): Promise<Subject> {
  // As its program does.
  keepYoungSpaceSmall();
  const usual = chatEnvironment.parse({
    SHARD: 'a',
    REDIS_URL: 'redis://none:0',
    TABLE_PREFIX: 'bench',
    OBJECT_STORE: 'file:///none',
    OIDC_ISSUER: 'http://none.invalid',
    OIDC_CLIENT_ID: 'bench',
  });
  const shard = new FakeShard();
  const fanIn = shard.fanIn();
  const server = await serveChat(
    {
      shard: 'a',
      host: '127.0.0.1',
      port: 0,
      transports: 'all',
      delivery: 'direct',
      shortestTickMs: usual.TICK_MS,
      maxSockets: openFiles,
      admitPerS: admitPerS ?? usual.ADMIT_PER_S,
      admitQueue: usual.ADMIT_QUEUE,
      drainMs: 0,
    },
    { fanIn, desk: openDesk, random: Math.random, log: pino({ level: 'warn' }) },
  );
  // What is measured is what the sockets bear, not what people can read.
  server.shownPerS = 1e9;
  return {
    port: server.port,
    path: '/chat/a/',
    say: (messages) => fanIn.listeners.get(broadcastId)?.messages(messages),
    async tickLates() {
      const { values = [] } =
        (await server.registry.getSingleMetric('tidecast_chat_tick_late_seconds')?.get()) ?? {};
      return values.flatMap(({ labels, value: count }) =>
        'le' in labels
          ? [{ upToMs: Number(labels['le'] === '+Inf' ? Infinity : labels['le']) * 1_000, count }]
          : [],
      );
    },
    cut: () => {
      throw new Error('the clients of this one cut themselves off');
    },
  };
}

async function socketIoDefault(): Promise<Subject> {
  const http = createServer();
  const io = new Server(http);
  io.on('connection', (socket) => void socket.join(broadcastId));
  return {
    port: await portOf(http),
    path: '/socket.io/',
    say: (messages) => {
      for (const message of messages) io.to(broadcastId).emit('chat', message);
    },
    cut: (sockets) => {
      // Whoever came last.
      for (const { conn } of [...io.sockets.sockets.values()].slice(-sockets)) {
        const { transport } = conn as unknown as {
          readonly transport: { readonly socket?: { readonly _socket?: Socket } };
        };
        transport.socket?._socket?.destroy();
      }
    },
  };
}

/** The same frames on the same tick, without a WebSocket library, rooms, joins or limits. */
async function raw(): Promise<Subject> {
  const http = createServer();
  const sockets: Socket[] = [];
  http.on('upgrade', (request, socket: Socket) => {
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key'] ?? ''}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    const say = (text: string): boolean =>
      socket.write(Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]));
    say('0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000}');
    // Whatever the client says first is its join.
    socket.once('data', () => {
      say('40{"sid":"x"}');
      sockets.push(socket);
      socket.resume();
    });
    socket.on('error', () => socket.destroy());
  });
  let waiting: ChatMessage[] = [];
  // As ours ticks for so many: see core/chat/tick.ts.
  const tick = (): void => {
    setTimeout(tick, sockets.length > 2_500 ? 100 : 50);
    if (waiting.length === 0) return;
    const { plain } = chatsFrame(waiting.map((message) => JSON.stringify(message)));
    waiting = [];
    for (const socket of sockets) socket.write(plain);
  };
  tick();
  return {
    port: await portOf(http),
    path: '/raw/',
    say: (messages) => waiting.push(...messages),
    cut: () => {
      throw new Error('nothing cuts the raw server');
    },
  };
}

const makers = { ours, default: socketIoDefault, raw } as const;
const make = makers[process.argv[2] as SubjectName];

let subject: Subject | undefined;
let said = 0;
let speaking: NodeJS.Timeout | undefined;
let begun = { cpu: process.cpuUsage(), at: wallMs(), lates: [] as readonly LateBucket[] };
let lates: number[] = [];

function lateP99(before: readonly LateBucket[], after: readonly LateBucket[]): number {
  const grown = after.map(({ upToMs, count }, index) => ({
    upToMs,
    count: count - (before[index]?.count ?? 0),
  }));
  const wanted = (grown.at(-1)?.count ?? 0) * 0.99;
  const at = grown.findIndex(({ count }) => count >= wanted);
  const { upToMs: fromMs = 0, count: below = 0 } = grown[at - 1] ?? {};
  const { upToMs = Number.NaN, count = 0 } = grown[at] ?? {};
  return count === below ? upToMs : fromMs + ((upToMs - fromMs) * (wanted - below)) / (count - below);
}

/** A server that can't keep up must come to its other work between two turns; 10 in 5 ms are 2,000 a second. */
const mostATurn = 10;

/** Says what is due every 5 ms: a batch of Redis' publications, not a call for each. */
function speak(perS: number, messageBytes: number): void {
  const speaker = createSpeaker(messageBytes);
  const startedAt = wallMs();
  let count = 0;
  speaking = setInterval(() => {
    const due = Math.floor(((wallMs() - startedAt) * perS) / 1_000);
    const messages: ChatMessage[] = [];
    const end = Math.min(due, count + mostATurn);
    for (; count < end; count += 1) messages.push(speaker.say(startedAt + (count * 1_000) / perS));
    if (messages.length === 0) return;
    said += messages.length;
    subject?.say(messages);
  }, 5);
}

const beatMs = 50;
let beatDueAt = performance.now() + beatMs;
setInterval(() => {
  const now = performance.now();
  lates.push(Math.max(0, now - beatDueAt));
  beatDueAt = now + beatMs;
}, beatMs);

answerQuestions(async (question: SubjectQuestion) => {
  switch (question.do) {
    case 'open':
      subject = await make(question.admitPerS);
      return { port: subject.port, path: subject.path };
    case 'speak':
      return speak(question.perS, question.messageBytes);
    case 'silence':
      return clearInterval(speaking);
    case 'cut':
      return subject?.cut(question.sockets);
    case 'begin':
      said = 0;
      lates = [];
      begun = { cpu: process.cpuUsage(), at: wallMs(), lates: (await subject?.tickLates?.()) ?? [] };
      return undefined;
    case 'end': {
      const { user, system } = process.cpuUsage(begun.cpu);
      const figures = { cpuMs: (user + system) / 1_000, wallMs: wallMs() - begun.at, said };
      const late = { lateP99Ms: percentile(lates, 0.99), lateMaxMs: Math.max(0, ...lates) };
      const ticks = await subject?.tickLates?.();
      globalThis.gc?.();
      await sleep(50);
      globalThis.gc?.();
      const answer: SubjectFigures = {
        ...figures,
        ...late,
        ...(ticks === undefined ? {} : { tickLateP99Ms: lateP99(begun.lates, ticks) }),
        rssBytes: process.memoryUsage().rss,
      };
      return answer;
    }
  }
});
