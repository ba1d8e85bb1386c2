import { ProtocolError } from './protocol-error.ts';

/** A timestamp field of 24 ones says that 32 bits follow the header. */
export const extendedMark = 0xffffff;

/** Basic header 3 bytes, message header 11, extended timestamp 4. */
export const maxHeaderBytes = 18;

/** Bytes of the message header by format (RTMP 1.0 section 5.3.1.2). */
const messageHeaderBytes = [11, 7, 3, 0] as const;

/** What the reader keeps for each chunk stream. */
export interface ChunkStream {
  /** Absolute, 32 bit. */
  timestampMs: number;
  /** Timestamp or delta of the last header that had one, as a chunk of format 3 repeats it. */
  timestampField: number;
  /** That header had an extended timestamp, so chunks of format 3 have one too. */
  extended: boolean;
  /** This encoder leaves it out there nevertheless. */
  omitsExtended: boolean;
  type: number;
  length: number;
  streamId: number;
  /** The message under way: undefined between messages. May be shorter than `length`: grows with what arrives. */
  payload: Buffer | undefined;
  received: number;
}

export const newChunkStream = (): ChunkStream => ({
  timestampMs: 0,
  timestampField: 0,
  extended: false,
  omitsExtended: false,
  type: 0,
  length: 0,
  streamId: 0,
  payload: undefined,
  received: 0,
});

/** Length of the basic header and the chunk stream it names; undefined when more bytes are needed. */
export function readBasicHeader(
  bytes: Buffer,
  offset: number,
  end: number,
): { readonly format: number; readonly chunkStreamId: number; readonly size: number } | undefined {
  const available = end - offset;
  if (available < 1) return undefined;
  const first = bytes.readUInt8(offset);
  const format = first >> 6;
  const low = first & 0x3f;
  if (low >= 2) return { format, chunkStreamId: low, size: 1 };
  if (low === 0) {
    return available < 2 ? undefined : { format, chunkStreamId: 64 + bytes.readUInt8(offset + 1), size: 2 };
  }
  // Little endian: the third byte counts 256.
  return available < 3 ? undefined : { format, chunkStreamId: 64 + bytes.readUInt16LE(offset + 1), size: 3 };
}

/**
 * Reads the rest of a chunk's header (after the basic header) into its stream and returns the bytes it took,
 * or -1, with nothing changed, when it is not all there.
 */
export function readMessageHeader(
  stream: ChunkStream,
  format: number,
  fresh: boolean,
  bytes: Buffer,
  offset: number,
  end: number,
): number {
  const size = messageHeaderBytes[format] ?? 0;
  if (end - offset < size) return -1;
  const first = stream.payload === undefined;
  // librtmp (OBS) opens its control chunk stream with format 1, so that is tolerated; 2 and 3 lack a length.
  if (fresh && format > 1) throw new ProtocolError(`chunk of format ${format} opens a chunk stream`);
  if (!first && format !== 3) throw new ProtocolError(`chunk of format ${format} inside a message`);

  const field = size >= 3 ? bytes.readUIntBE(offset, 3) : stream.timestampField;
  const extended = size >= 3 ? field === extendedMark : stream.extended;
  const extension = extended ? readExtension(stream, format, first, bytes, offset + size, end) : 0;
  if (extension < 0) return -1;
  const value = extension === 4 ? bytes.readUInt32BE(offset + size) : field;
  if (size >= 7) {
    stream.length = bytes.readUIntBE(offset + 3, 3);
    stream.type = bytes.readUInt8(offset + 6);
  }
  if (size === 11) stream.streamId = bytes.readUInt32LE(offset + 7);
  if (first) {
    stream.extended = extended;
    stream.timestampField = value;
    // A format 3 that starts a message repeats the last delta; after a format 0 that is the timestamp itself
    // (section 5.3.1.2.4). ffmpeg relies on it.
    stream.timestampMs = format === 0 ? value : (stream.timestampMs + value) >>> 0;
  }
  return size + extension;
}

/**
 * Bytes of an extended timestamp: 4, or 0 where the encoder leaves it out; -1 when too few bytes are there.
 * A chunk of format 3 repeats the field. Old librtmp and its heirs leave it out inside a message: what stands
 * there differs from the field then, since it is payload.
 */
function readExtension(
  stream: ChunkStream,
  format: number,
  first: boolean,
  bytes: Buffer,
  offset: number,
  end: number,
): number {
  // Inside a message the format is always 3.
  if (!first && stream.omitsExtended) return 0;
  const available = Math.min(4, end - offset);
  if (!first || (format === 3 && stream.omitsExtended)) {
    for (let index = 0; index < available; index++) {
      // Decided by the first byte that differs: four may never come.
      if (bytes.readUInt8(offset + index) !== ((stream.timestampField >>> (24 - 8 * index)) & 0xff)) {
        stream.omitsExtended = true;
        return 0;
      }
    }
  }
  return available < 4 ? -1 : 4;
}
