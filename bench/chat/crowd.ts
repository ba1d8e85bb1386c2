/**
 * Thousands of viewers in one process. They speak WebSocket, Engine.IO and Socket.IO by hand: as little as
 * a client can do, because what is measured is the server. Every frame of every viewer is counted, and every
 * message in it; one viewer in fifty reads what it says and takes the time.
 */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { inflateRawSync } from 'node:zlib';
import { percentile, sleep, wallMs } from './clock.ts';
import { answerQuestions } from './pinned.ts';
import { countedByte, dueOf } from './said.ts';

export type CrowdQuestion =
  | {
      readonly do: 'join';
      readonly port: number;
      readonly path: string;
      readonly auth: object;
      readonly viewers: number;
      readonly deflate: boolean;
      readonly at?: number;
    }
  /** Everybody's connection is torn; all come back at once, and try again until they are in. */
  | { readonly do: 'return'; readonly deadlineMs: number }
  | { readonly do: 'begin' }
  | { readonly do: 'end' };

export interface CrowdFigures {
  readonly frames: number;
  readonly messages: number;
  readonly bytes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMs: number;
  /** Viewers whose connection has ended. */
  readonly lost: number;
}

export interface ReturnFigures {
  /** From the cut to the last one who was back; the deadline when somebody is missing. */
  readonly allBackMs: number;
  readonly p99JoinMs: number;
  /** Attempts that were refused or broke off. */
  readonly failed: number;
  /** Not back by the deadline. */
  readonly missing: number;
}

const readEvery = 50;
/** Handshakes that are under way at once: a crowd that is there already, not a storm. */
const atOnce = 100;
const chunkBytes = 128 * 1024;
/** One buffer for everybody who only counts: nobody keeps what is in it. */
const shared = Buffer.allocUnsafe(chunkBytes);

const totals = { frames: 0, messages: 0, bytes: 0, lost: 0 };
let latencies: number[] = [];
let counting = false;
let cpuAtStart = process.cpuUsage();
const viewers: Viewer[] = [];

function masked(text: string): Buffer {
  const payload = Buffer.from(text);
  const mask = randomBytes(4);
  const head =
    payload.length < 126
      ? Buffer.from([0x81, 0x80 | payload.length])
      : Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 0xff]);
  return Buffer.concat([head, mask, payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0))]);
}

/** In payloads only: the length of a frame may look like anything. */
function countIn(payload: Buffer): void {
  for (let at = payload.indexOf(countedByte); at !== -1; at = payload.indexOf(countedByte, at + 1))
    totals.messages += 1;
}

interface ViewerOptions {
  readonly port: number;
  readonly path: string;
  readonly auth: object;
  readonly deflate: boolean;
  readonly reads: boolean;
}

class Viewer {
  readonly #socket: Socket;
  readonly #reads: boolean;
  readonly #options: ViewerOptions;
  /** Bytes of the current frame's payload that are still to come. */
  #left = 0;
  /** A head that came in pieces, or while small frames are read: whole frames. */
  #kept = Buffer.alloc(0);
  #upgraded = false;
  #joined = false;
  readonly joined: Promise<void>;
  #resolve: () => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  constructor(options: ViewerOptions) {
    this.#reads = options.reads;
    this.#options = options;
    this.joined = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#socket = connect({
      host: '127.0.0.1',
      port: options.port,
      onread: {
        buffer: shared,
        callback: (size, buffer) => {
          this.#read((buffer as Buffer).subarray(0, size));
          return true;
        },
      },
    });
    this.#socket.on('connect', () => {
      this.#socket.write(
        `GET ${options.path}?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
          `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n` +
          `${options.deflate ? 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n' : ''}\r\n`,
      );
    });
    this.#socket.on('error', (error) => this.#reject(error));
    this.#socket.on('close', () => {
      totals.lost += 1;
      this.#reject(new Error('closed before it had joined'));
    });
  }

  leave(): void {
    this.#socket.destroy();
  }

  /** The same person, on a new connection. */
  again(): Viewer {
    return new Viewer(this.#options);
  }

  #read(chunk: Buffer): void {
    if (!this.#upgraded || !this.#joined || this.#reads) return this.#readWhole(chunk);
    if (counting) totals.bytes += chunk.length;
    let at = 0;
    if (this.#kept.length > 0) {
      // A head in two pieces is rare: join them.
      chunk = Buffer.concat([this.#kept, chunk]);
      this.#kept = Buffer.alloc(0);
    }
    while (at < chunk.length) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, chunk.length - at);
        if (counting) countIn(chunk.subarray(at, at + taken));
        this.#left -= taken;
        at += taken;
        continue;
      }
      const head = headOf(chunk, at);
      if (head === undefined) {
        this.#kept = Buffer.from(chunk.subarray(at));
        return;
      }
      if (counting) totals.frames += 1;
      this.#left = head.length;
      at += head.size;
      // A ping of Engine.IO is the one character 2.
      if (head.length === 1 && chunk[at] === 0x32) this.#socket.write(masked('3'));
    }
  }

  /** The handshake, and viewers that read what is said. */
  #readWhole(chunk: Buffer): void {
    if (counting && this.#joined) totals.bytes += chunk.length;
    this.#kept = this.#kept.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#kept, chunk]);
    if (!this.#upgraded) {
      const end = this.#kept.indexOf('\r\n\r\n');
      if (end === -1) return;
      const status = this.#kept.subarray(0, 12).toString();
      if (!status.endsWith('101')) return this.#reject(new Error(`refused: ${status}`));
      this.#upgraded = true;
      this.#kept = Buffer.from(this.#kept.subarray(end + 4));
    }
    for (;;) {
      const head = headOf(this.#kept, 0);
      if (head === undefined || this.#kept.length < head.size + head.length) return;
      const payload = this.#kept.subarray(head.size, head.size + head.length);
      this.#kept = this.#kept.subarray(head.size + head.length);
      if (counting && this.#joined) {
        totals.frames += 1;
        countIn(payload);
      }
      this.#hear((head.deflated ? inflate(payload) : payload).toString());
      if (this.#joined && !this.#reads) {
        const rest = this.#kept;
        this.#kept = Buffer.alloc(0);
        if (rest.length > 0) this.#read(Buffer.from(rest));
        return;
      }
    }
  }

  #hear(text: string): void {
    if (text.startsWith('0')) this.#socket.write(masked(`40${JSON.stringify(this.#options.auth)}`));
    else if (text === '2') this.#socket.write(masked('3'));
    else if (text.startsWith('44')) this.#reject(new Error(text));
    else if (text.startsWith('40')) {
      this.#joined = true;
      this.#resolve();
    } else if (counting && text.includes('~')) {
      const now = wallMs();
      const [event, said] = JSON.parse(text.slice(2)) as [string, { text: string } | { text: string }[]];
      if (event !== 'chats' && event !== 'chat') return;
      for (const message of [said].flat()) latencies.push(now - dueOf(message.text));
    }
  }
}

/** permessage-deflate, RFC 7692 7.2.2: what the sender has cut off its end is put back. */
const inflate = (payload: Buffer): Buffer =>
  inflateRawSync(Buffer.concat([payload, Buffer.from([0, 0, 0xff, 0xff])]), { finishFlush: 2 });

function headOf(
  bytes: Buffer,
  at: number,
): { readonly size: number; readonly length: number; readonly deflated: boolean } | undefined {
  if (bytes.length < at + 2) return undefined;
  const deflated = ((bytes[at] ?? 0) & 0x40) !== 0;
  const short = (bytes[at + 1] ?? 0) & 0x7f;
  if (short < 126) return { size: 2, length: short, deflated };
  if (short === 126)
    return bytes.length < at + 4 ? undefined : { size: 4, length: bytes.readUInt16BE(at + 2), deflated };
  return bytes.length < at + 10
    ? undefined
    : { size: 10, length: Number(bytes.readBigUInt64BE(at + 2)), deflated };
}

async function join(question: Extract<CrowdQuestion, { do: 'join' }>): Promise<void> {
  let begun = 0;
  const one = async (): Promise<void> => {
    while (begun < question.viewers) {
      const viewer = new Viewer({ ...question, reads: begun % readEvery === 0 });
      begun += 1;
      await viewer.joined;
      viewers.push(viewer);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}

async function comeBack(deadlineMs: number): Promise<ReturnFigures> {
  const cutAt = wallMs();
  const left = viewers.splice(0);
  for (const viewer of left) viewer.leave();
  let failed = 0;
  let missing = 0;
  const joinMs: number[] = [];
  const one = async (before: Viewer): Promise<void> => {
    while (wallMs() - cutAt < deadlineMs) {
      const viewer = before.again();
      try {
        await viewer.joined;
        joinMs.push(wallMs() - cutAt);
        viewers.push(viewer);
        return;
      } catch {
        failed += 1;
        viewer.leave();
        // As the page does after its first failure: 1 s with full jitter.
        await sleep(Math.random() * 1_000);
      }
    }
    missing += 1;
  };
  await Promise.all(left.map(one));
  const allBackMs = missing > 0 ? deadlineMs : Math.max(...joinMs);
  return { allBackMs, p99JoinMs: percentile(joinMs, 0.99), failed, missing };
}

answerQuestions(async (question: CrowdQuestion) => {
  if (question.do === 'join') return join(question);
  if (question.do === 'return') return comeBack(question.deadlineMs);
  if (question.do === 'begin') {
    Object.assign(totals, { frames: 0, messages: 0, bytes: 0, lost: 0 });
    latencies = [];
    cpuAtStart = process.cpuUsage();
    counting = true;
    return undefined;
  }
  counting = false;
  const { user, system } = process.cpuUsage(cpuAtStart);
  // What is on its way still.
  await sleep(0);
  const figures: CrowdFigures = {
    ...totals,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    cpuMs: (user + system) / 1_000,
  };
  return figures;
});
