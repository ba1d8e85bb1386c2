import { extendedMark } from './chunk-header.ts';
import type { RtmpMessage } from './message.ts';

/** Chunk streams that we speak on, as other servers do. */
export const controlChunkStream = 2;
export const commandChunkStream = 3;

/**
 * A message as chunks: format 0, then format 3. What a server says to an encoder is a handful of short
 * messages, so headers are not compressed.
 */
export function encodeChunks(message: RtmpMessage, chunkStreamId: number, chunkSize: number): Buffer {
  const pieces: Uint8Array[] = [];
  const extended = message.timestampMs >= extendedMark;
  const extension = Buffer.alloc(extended ? 4 : 0);
  if (extended) extension.writeUInt32BE(message.timestampMs);

  const header = Buffer.alloc(11);
  header.writeUIntBE(extended ? extendedMark : message.timestampMs, 0, 3);
  header.writeUIntBE(message.payload.length, 3, 3);
  header.writeUInt8(message.type, 6);
  header.writeUInt32LE(message.streamId, 7);
  pieces.push(basicHeader(0, chunkStreamId), header, extension);

  for (let offset = 0; offset < message.payload.length; offset += chunkSize) {
    if (offset > 0) pieces.push(basicHeader(3, chunkStreamId), extension);
    pieces.push(message.payload.subarray(offset, offset + chunkSize));
  }
  return Buffer.concat(pieces);
}

/** The shortest of the three forms. */
export function basicHeader(format: number, chunkStreamId: number): Buffer {
  if (chunkStreamId < 64) return Buffer.of((format << 6) | chunkStreamId);
  const rest = chunkStreamId - 64;
  if (rest < 256) return Buffer.of(format << 6, rest);
  return Buffer.of((format << 6) | 1, rest & 0xff, rest >> 8);
}
