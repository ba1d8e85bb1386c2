import { describe, expect, it } from 'vitest';
import { ChunkReader } from '../../../../containers/ingest/rtmp/chunk-reader.ts';
import {
  acknowledgement,
  pingRequest,
  pingResponse,
  readControl,
  setChunkSize,
  setPeerBandwidth,
  streamBegin,
  windowAcknowledgementSize,
} from '../../../../containers/ingest/rtmp/control.ts';
import type { RtmpMessage } from '../../../../containers/ingest/rtmp/message.ts';

function messageOf(bytes: Buffer): RtmpMessage {
  const messages: RtmpMessage[] = [];
  const limits = { chunkStreams: 1, bufferedBytes: 100, messageBytes: () => 100 };
  new ChunkReader(limits, (message) => void messages.push(message)).push(bytes);
  const [message] = messages;
  if (message === undefined) throw new Error('not one message');
  return message;
}

const control = (type: number, ...payload: readonly number[]): RtmpMessage => ({
  type,
  streamId: 0,
  timestampMs: 0,
  payload: Buffer.from(payload),
});

describe('control messages', () => {
  it.each([
    [setChunkSize(4_096), { kind: 'chunk-size', bytes: 4_096 }],
    [windowAcknowledgementSize(2_500_000), { kind: 'window', bytes: 2_500_000 }],
    [pingRequest(0xfffffffe), { kind: 'ping', value: 0xfffffffe }],
    [pingResponse(5), { kind: 'pong', value: 5 }],
    [acknowledgement(1), { kind: 'nothing' }],
    [setPeerBandwidth(1), { kind: 'nothing' }],
    [streamBegin(1), { kind: 'nothing' }],
  ])('are read as they were written (%#)', (bytes, expected) => {
    expect(readControl(messageOf(bytes))).toStrictEqual(expected);
  });

  it('are read though we never write them: abort', () => {
    expect(readControl(control(2, 0, 0, 0, 7))).toStrictEqual({ kind: 'abort', chunkStreamId: 7 });
  });

  it('count acknowledged bytes modulo 32 bits', () => {
    expect(Buffer.from(messageOf(acknowledgement(2 ** 32 + 3)).payload).readUInt32BE()).toBe(3);
  });

  it.each([
    ['chunk size 0', control(1, 0, 0, 0, 0)],
    ['a chunk size with the top bit', control(1, 0x80, 0, 0, 1)],
    ['a short chunk size', control(1, 0, 0, 1)],
    ['an empty abort', control(2)],
    ['an empty user control message', control(4)],
    ['a ping without its time', control(4, 0, 6)],
  ])('are refused: %s', (_, message) => {
    expect(() => readControl(message)).toThrow(/chunk size|cut short/);
  });

  it('never ask for an acknowledgement of nothing', () => {
    expect(readControl(control(5, 0, 0, 0, 0))).toStrictEqual({ kind: 'window', bytes: 1 });
  });
});
