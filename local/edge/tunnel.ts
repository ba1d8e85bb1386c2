import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { answerHeaders } from './origins/headers.ts';

/** The longest refusal of a task that is passed on. */
const maxRefusalBytes = 16 * 1024;

/** A task that is full says so in a plain answer, with the time to try again. */
export function passRefusal(answer: IncomingMessage, viewer: Socket): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const { 'content-length': _length, ...headers } = answerHeaders(answer.headers);
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((each) => `${name}: ${each}\r\n`),
  );
  answer.on('error', () => viewer.destroy());
  answer.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxRefusalBytes) answer.destroy(new Error('the refusal is too long'));
  });
  answer.on('end', () => {
    const body = Buffer.concat(chunks);
    viewer.write(
      `HTTP/1.1 ${answer.statusCode ?? 502} ${answer.statusMessage ?? ''}\r\nconnection: close\r\n` +
        `${lines.join('')}content-length: ${body.length}\r\n\r\n`,
    );
    viewer.end(body, () => viewer.destroy());
  });
}

/**
 * Passes the task's agreement on, then all bytes both ways, until one side has gone. With backpressure: of a
 * viewer who reads slowly the edge holds a buffer or two, and the task sees that its socket is full.
 */
export function joinSockets(sides: {
  readonly viewer: Socket;
  readonly task: Socket;
  readonly answer: IncomingMessage;
  /** What the task sent behind its agreement. */
  readonly first: Buffer;
  readonly idleMs: number;
}): void {
  const { viewer, task, answer, first, idleMs } = sides;
  const lines: string[] = [];
  for (let i = 0; i + 1 < answer.rawHeaders.length; i += 2)
    lines.push(`${answer.rawHeaders[i] ?? ''}: ${answer.rawHeaders[i + 1] ?? ''}\r\n`);
  viewer.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`);
  if (first.length > 0) viewer.write(first);
  for (const socket of [viewer, task]) socket.setNoDelay(true);
  task.setTimeout(idleMs, () => task.destroy());
  task.on('error', () => task.destroy());
  // What the task said last, why it closes for example, still reaches a viewer who reads it.
  task.once('close', () => viewer.destroySoon());
  viewer.once('close', () => task.destroy());
  task.pipe(viewer);
  viewer.pipe(task);
}
