/** Viewers as Socket.IO's own client makes them, with all its defaults: polling first, then an upgrade; back after 1 s ± half. */
import { io, type Socket } from 'socket.io-client';
import type { ReturnFigures } from './crowd.ts';
import { percentile, sleep, wallMs } from './clock.ts';
import { answerQuestions } from './pinned.ts';

export type StockQuestion =
  | { readonly do: 'join'; readonly port: number; readonly viewers: number }
  /** Answers at once; from then on it counts who comes back. */
  | { readonly do: 'expect' }
  | { readonly do: 'returned'; readonly deadlineMs: number };

const sockets: Socket[] = [];
const backAt = new Map<Socket, number>();
let failed = 0;
let cutAt = 0;

const atOnce = 50;

async function join(port: number, viewers: number): Promise<void> {
  let begun = 0;
  const one = async (): Promise<void> => {
    while (begun < viewers) {
      begun += 1;
      const socket = io(`http://127.0.0.1:${port}`, { forceNew: true });
      // A rate that nobody reads here: only whether it comes back.
      await new Promise<void>((resolve) => void socket.once('connect', () => resolve()));
      socket.on('connect', () => backAt.set(socket, wallMs()));
      socket.io.on('reconnect_error', () => (failed += 1));
      // The handshake is over when the upgrade is: a cut before it is another case.
      while (socket.io.engine.transport.name !== 'websocket') await sleep(20);
      sockets.push(socket);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}

async function returned(deadlineMs: number): Promise<ReturnFigures> {
  while (backAt.size < sockets.length && wallMs() - cutAt < deadlineMs) await sleep(20);
  const joinMs = [...backAt.values()].map((at) => at - cutAt);
  return {
    allBackMs: backAt.size < sockets.length ? deadlineMs : Math.max(...joinMs),
    p99JoinMs: percentile(joinMs, 0.99),
    failed,
    missing: sockets.length - backAt.size,
  };
}

answerQuestions((question: StockQuestion) => {
  if (question.do === 'join') return join(question.port, question.viewers);
  if (question.do === 'returned') return returned(question.deadlineMs);
  backAt.clear();
  failed = 0;
  cutAt = wallMs();
  return undefined;
});
