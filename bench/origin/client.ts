/**
 * The viewers of bench/origin.ts, in a process of their own so that their CPU time is not the server's.
 * Raw sockets and the least parsing that is right for our answers: what is measured is the server.
 */
import { connect, type Socket } from 'node:net';
import type { ClientOrder, ClientReport } from './protocol.ts';

const headEnd = Buffer.from('\r\n\r\n');

/** One keep-alive connection, one request at a time. */
class Connection {
  readonly #socket: Socket;
  #received: Buffer[] = [];
  #missing = -1;
  onAnswer: (status: number) => void = () => {};
  #status = 0;

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => {
      this.#read(chunk);
    });
    this.#socket.on('error', (error) => {
      throw error;
    });
  }

  opened(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.once('connect', resolve);
    });
  }

  get(path: string): void {
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n`);
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    if (this.#missing < 0) {
      const bytes = this.#received.length === 0 ? chunk : Buffer.concat([...this.#received, chunk]);
      const end = bytes.indexOf(headEnd);
      if (end < 0) {
        this.#received = [bytes];
        return;
      }
      this.#received = [];
      const head = bytes.toString('latin1', 0, end);
      const length = /content-length: (\d+)/i.exec(head)?.[1];
      if (length === undefined) throw new Error(`an answer without length: ${head}`);
      this.#status = Number(head.slice(9, 12));
      this.#missing = Number(length) - (bytes.length - end - headEnd.length);
    } else this.#missing -= chunk.length;
    if (this.#missing > 0) return;
    this.#missing = -1;
    this.onAnswer(this.#status);
  }
}

async function view(order: ClientOrder): Promise<void> {
  const { base, viewers, firstMsn, partsPerSegment, rounds, together } = order;
  const connections = Array.from({ length: viewers }, () => new Connection(order.port));
  await Promise.all(connections.map((connection) => connection.opened()));
  const wokenNs = Array.from({ length: rounds }, () => [] as string[]);
  let errors = 0;
  let done = 0;
  const waiting = Array.from({ length: rounds }, () => 0);
  const asked = (round: number): void => {
    waiting[round] = (waiting[round] ?? 0) + 1;
    // All requests of the round have been written; the server is asked whether it has them.
    if (waiting[round] === viewers) process.send?.({ kind: 'asked', round } satisfies ClientReport);
  };
  const finish = (): void => {
    for (const connection of connections) connection.close();
    // A channel closed too early loses what is still in its buffer.
    process.send?.({ kind: 'done', wokenNs, errors } satisfies ClientReport, () => {
      process.disconnect();
    });
  };
  /** What the viewers do next, held back until all have been woken. */
  let heldBack: (() => void)[] = [];
  for (const connection of connections) {
    let round = 0;
    let phase: 'playlist' | 'part' = 'playlist';
    const ask = (): void => {
      const msn = firstMsn + Math.floor(round / partsPerSegment);
      const part = round % partsPerSegment;
      if (phase === 'playlist') {
        connection.get(`${base}/index.m3u8?_HLS_msn=${msn}&_HLS_part=${part}`);
        asked(round);
      } else connection.get(`${base}/1-1-${msn}.${part}.m4s`);
    };
    connection.onAnswer = (status) => {
      if (status !== 200) errors += 1;
      if (phase === 'playlist') {
        wokenNs[round]?.push(String(process.hrtime.bigint()));
        phase = 'part';
        if (!together) return ask();
        heldBack.push(ask);
        if (heldBack.length < viewers) return undefined;
        const acting = heldBack;
        heldBack = [];
        for (const act of acting) act();
        return undefined;
      }
      phase = 'playlist';
      round += 1;
      if (round < rounds) return ask();
      done += 1;
      return done === viewers ? finish() : undefined;
    };
    ask();
  }
}

process.once('message', (order: ClientOrder) => {
  void view(order);
});
process.send?.({ kind: 'ready' } satisfies ClientReport);
