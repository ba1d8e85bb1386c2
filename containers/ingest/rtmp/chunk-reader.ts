import {
  type ChunkStream,
  maxHeaderBytes,
  newChunkStream,
  readBasicHeader,
  readMessageHeader,
} from './chunk-header.ts';
import { isData, isMedia, type RtmpMessage } from './message.ts';
import { ProtocolError } from './protocol-error.ts';

/** What a peer may make us hold. Replaced by wider ones once it has been let in. */
export interface ReaderLimits {
  readonly chunkStreams: number;
  /** All messages under way together. */
  readonly bufferedBytes: number;
  /** By message type. Data over it is skipped, anything else over it is a violation. */
  messageBytes(type: number): number;
}

/** RTMP 1.0 section 5.4.1. */
const initialChunkSize = 128;
/** A message starts with as much memory as this, then doubles: announcing 10 MiB costs nothing until they are sent. */
const firstAllocationBytes = 64 * 1024;
/** Stands for the payload of a message that is only counted: told by identity, never written to. */
const skipped = Buffer.alloc(0);

/**
 * Takes the bytes of a connection as they come, in any pieces, and calls `onMessage` for each whole message.
 * Payload bytes are copied once, from the receive buffer into the message's own.
 */
export class ChunkReader {
  readonly #onMessage: (message: RtmpMessage) => void;
  readonly #streams = new Map<number, ChunkStream>();
  /** A header that came in two pieces. */
  readonly #scratch = Buffer.alloc(maxHeaderBytes);
  #scratched = 0;
  /** The chunk under way. */
  #current: ChunkStream | undefined;
  #chunkRemaining = 0;
  #chunkSize = initialChunkSize;
  #bufferedBytes = 0;
  #mediaBytes = 0;
  #limits: ReaderLimits;

  constructor(limits: ReaderLimits, onMessage: (message: RtmpMessage) => void) {
    this.#limits = limits;
    this.#onMessage = onMessage;
  }

  /** Payload bytes of audio, video and data so far: a peer that only answers pings is idle. */
  get mediaBytes(): number {
    return this.#mediaBytes;
  }

  /** Memory held for messages under way. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  set limits(limits: ReaderLimits) {
    this.#limits = limits;
  }

  /** For the peer's Set Chunk Size: holds from the next chunk on. */
  set chunkSize(bytes: number) {
    this.#chunkSize = bytes;
  }

  /** Abort Message: forgets the message under way on a chunk stream. */
  abort(chunkStreamId: number): void {
    const stream = this.#streams.get(chunkStreamId);
    if (stream?.payload !== undefined) this.#release(stream, stream.payload);
  }

  push(bytes: Buffer): void {
    let offset = 0;
    while (offset < bytes.length) {
      if (this.#current !== undefined) {
        offset = this.#takePayload(this.#current, bytes, offset);
      } else if (this.#scratched === 0) {
        const taken = this.#takeHeader(bytes, offset, bytes.length);
        if (taken < 0) {
          this.#scratched = bytes.copy(this.#scratch, 0, offset);
          return;
        }
        offset += taken;
      } else {
        offset += this.#completeHeader(bytes, offset);
      }
    }
  }

  /** Puts a header together from the scratch and the new bytes; returns how many of the new bytes are used up. */
  #completeHeader(bytes: Buffer, offset: number): number {
    const before = this.#scratched;
    const copied = bytes.copy(this.#scratch, before, offset);
    const filled = before + copied;
    const taken = this.#takeHeader(this.#scratch, 0, filled);
    if (taken < 0) {
      this.#scratched = filled;
      return copied;
    }
    this.#scratched = 0;
    if (taken >= before) return taken - before;
    // An extended timestamp was looked for and is not there: what was kept of it is payload, and comes first.
    this.push(Buffer.from(this.#scratch.subarray(taken, before)));
    return 0;
  }

  /** Reads a chunk's header and makes it the current chunk; -1 when it is not all there. */
  #takeHeader(bytes: Buffer, offset: number, end: number): number {
    const basic = readBasicHeader(bytes, offset, end);
    if (basic === undefined) return -1;
    const known = this.#streams.get(basic.chunkStreamId);
    if (known === undefined && this.#streams.size >= this.#limits.chunkStreams) {
      throw new ProtocolError(`more than ${this.#limits.chunkStreams} chunk streams`);
    }
    const stream = known ?? newChunkStream();
    const size = readMessageHeader(
      stream,
      basic.format,
      known === undefined,
      bytes,
      offset + basic.size,
      end,
    );
    if (size < 0) return -1;
    if (known === undefined) this.#streams.set(basic.chunkStreamId, stream);
    if (stream.payload === undefined) this.#startMessage(stream);
    if (stream.length === 0) this.#finishMessage(stream);
    else {
      this.#current = stream;
      this.#chunkRemaining = Math.min(this.#chunkSize, stream.length - stream.received);
    }
    return basic.size + size;
  }

  #startMessage(stream: ChunkStream): void {
    const limit = this.#limits.messageBytes(stream.type);
    stream.received = 0;
    if (stream.length > limit) {
      // Metadata can be done without; an encoder that loses its connection for it would try again for ever.
      if (isData(stream.type)) {
        stream.payload = skipped;
        return;
      }
      throw new ProtocolError(`message of type ${stream.type} with ${stream.length} bytes, over ${limit}`);
    }
    stream.payload = this.#allocate(Math.min(stream.length, firstAllocationBytes));
  }

  #takePayload(stream: ChunkStream, bytes: Buffer, offset: number): number {
    const count = Math.min(this.#chunkRemaining, bytes.length - offset);
    if (stream.payload !== skipped) {
      const payload = this.#room(stream, stream.received + count);
      bytes.copy(payload, stream.received, offset, offset + count);
    }
    stream.received += count;
    this.#chunkRemaining -= count;
    if (isMedia(stream.type)) this.#mediaBytes += count;
    if (this.#chunkRemaining === 0) {
      this.#current = undefined;
      if (stream.received === stream.length) this.#finishMessage(stream);
    }
    return offset + count;
  }

  /** The message's memory, at least `needed` bytes of it. */
  #room(stream: ChunkStream, needed: number): Buffer {
    const payload = stream.payload ?? this.#allocate(0);
    if (payload.length >= needed) return payload;
    const grown = this.#allocate(Math.min(stream.length, Math.max(needed, 2 * payload.length)));
    payload.copy(grown, 0, 0, stream.received);
    this.#bufferedBytes -= payload.length;
    stream.payload = grown;
    return grown;
  }

  #allocate(bytes: number): Buffer {
    this.#bufferedBytes += bytes;
    if (this.#bufferedBytes > this.#limits.bufferedBytes) {
      throw new ProtocolError(`more than ${this.#limits.bufferedBytes} bytes in unfinished messages`);
    }
    return Buffer.allocUnsafe(bytes);
  }

  #finishMessage(stream: ChunkStream): void {
    const payload = stream.payload ?? Buffer.alloc(0);
    this.#release(stream, payload);
    if (payload === skipped) return;
    this.#onMessage({
      type: stream.type,
      streamId: stream.streamId,
      timestampMs: stream.timestampMs,
      payload,
    });
  }

  #release(stream: ChunkStream, payload: Buffer): void {
    this.#bufferedBytes -= payload.length;
    stream.payload = undefined;
    stream.received = 0;
  }
}
