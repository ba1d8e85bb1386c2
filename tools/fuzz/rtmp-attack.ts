import { connect } from 'node:net';
import type { RtmpInput } from './rtmp-inputs.ts';

export type AttackOutcome =
  /** The server let it in, then closed after our FIN or before. */
  | 'published'
  /** Closed without having let it in. */
  | 'closed'
  /** Still open long after our FIN: must not happen. */
  | 'stuck'
  /** The server took no connection: must not happen. */
  | 'no-connection';

/** A damaged start gets no answer; undamaged ones are answered in about a millisecond. */
const answerWaitMs = 15;
const stuckAfterMs = 10_000;

/** Plays one input against a server and waits until the connection is gone. */
export function attack(port: number, { start, media }: RtmpInput): Promise<AttackOutcome> {
  const { promise, resolve } = Promise.withResolvers<AttackOutcome>();
  const socket = connect({ port, host: '127.0.0.1' });
  let connected = false;
  let published = false;
  let sentMedia = false;

  const sendMedia = (): void => {
    if (sentMedia || socket.destroyed) return;
    sentMedia = true;
    socket.end(media);
  };
  let answered: NodeJS.Timeout | undefined;
  const stuck = setTimeout(() => {
    finish('stuck');
    socket.destroy();
  }, stuckAfterMs);
  const finish = (outcome: AttackOutcome): void => {
    clearTimeout(stuck);
    clearTimeout(answered);
    resolve(outcome);
  };

  socket.on('connect', () => {
    connected = true;
    socket.write(start);
    answered = setTimeout(sendMedia, answerWaitMs);
  });
  socket.on('data', (bytes) => {
    if (bytes.includes('onStatus') && bytes.includes('NetStream.Publish.Start')) {
      published = true;
      sendMedia();
    }
  });
  socket.on('error', () => {});
  socket.on('close', () => finish(!connected ? 'no-connection' : published ? 'published' : 'closed'));
  return promise;
}
