import { controlChunkStream, encodeChunks } from './chunk-writer.ts';
import { messageType, type RtmpMessage } from './message.ts';
import { ProtocolError } from './protocol-error.ts';

/** Protocol control and user control messages (RTMP 1.0 sections 5.4 and 6.2). */
export type Control =
  | { readonly kind: 'chunk-size'; readonly bytes: number }
  | { readonly kind: 'abort'; readonly chunkStreamId: number }
  | { readonly kind: 'window'; readonly bytes: number }
  | { readonly kind: 'ping'; readonly value: number }
  | { readonly kind: 'pong'; readonly value: number }
  /** Acknowledgements, peer bandwidth and events that change nothing for a publish-only server. */
  | { readonly kind: 'nothing' };

const userEvent = { streamBegin: 0, pingRequest: 6, pingResponse: 7 } as const;
const nothing: Control = { kind: 'nothing' };

export function readControl(message: RtmpMessage): Control {
  const { payload } = message;
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  switch (message.type) {
    case messageType.setChunkSize: {
      // 31 bits, at least 1. There is no upper limit to check: a chunk ends with its message at the latest.
      const size = word(bytes, 0);
      if (size < 1 || size > 0x7fffffff) throw new ProtocolError(`chunk size ${size}`);
      return { kind: 'chunk-size', bytes: size };
    }
    case messageType.abort:
      return { kind: 'abort', chunkStreamId: word(bytes, 0) };
    case messageType.windowAcknowledgementSize:
      // 0 would ask for an acknowledgement of nothing.
      return { kind: 'window', bytes: Math.max(1, word(bytes, 0)) };
    case messageType.userControl:
      return readUserControl(bytes);
    default:
      return nothing;
  }
}

function readUserControl(bytes: Buffer): Control {
  if (bytes.length < 2) throw new ProtocolError('user control message cut short');
  const event = bytes.readUInt16BE(0);
  if (event === userEvent.pingRequest) return { kind: 'ping', value: word(bytes, 2) };
  if (event === userEvent.pingResponse) return { kind: 'pong', value: word(bytes, 2) };
  return nothing;
}

function word(bytes: Buffer, offset: number): number {
  if (bytes.length < offset + 4) throw new ProtocolError('control message cut short');
  return bytes.readUInt32BE(offset);
}

export const setChunkSize = (bytes: number): Buffer => control(messageType.setChunkSize, uint32(bytes));
/** The sequence number is the count of bytes received, which wraps at 32 bits. */
export const acknowledgement = (received: number): Buffer =>
  control(messageType.acknowledgement, uint32(received % 2 ** 32));
export const windowAcknowledgementSize = (bytes: number): Buffer =>
  control(messageType.windowAcknowledgementSize, uint32(bytes));
/** Limit type 2: dynamic. */
export const setPeerBandwidth = (bytes: number): Buffer =>
  control(messageType.setPeerBandwidth, uint32(bytes), Buffer.of(2));
export const streamBegin = (streamId: number): Buffer => user(userEvent.streamBegin, streamId);
export const pingRequest = (value: number): Buffer => user(userEvent.pingRequest, value);
export const pingResponse = (value: number): Buffer => user(userEvent.pingResponse, value);

const user = (event: number, value: number): Buffer =>
  control(messageType.userControl, Buffer.of(0, event), uint32(value));

/** Control messages are shorter than the smallest chunk size in use, 128 bytes. */
const control = (type: number, ...pieces: readonly Buffer[]): Buffer =>
  encodeChunks(
    { type, streamId: 0, timestampMs: 0, payload: Buffer.concat(pieces) },
    controlChunkStream,
    128,
  );

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
