import { extendedMark } from '../../../../containers/ingest/rtmp/chunk-header.ts';
import { basicHeader } from '../../../../containers/ingest/rtmp/chunk-writer.ts';
import type { RtmpMessage } from '../../../../containers/ingest/rtmp/message.ts';

interface Sent {
  readonly message: RtmpMessage;
  /** Timestamp or delta of the last header that had one. */
  readonly field: number;
}

/** An encoder of chunks written independently of the reader: all formats, all forms, interleaved as told. */
export class ChunkedWriter {
  readonly #sent = new Map<number, Sent>();
  readonly #chunkSize: number;
  /** As old librtmp: no extended timestamp inside a message. */
  readonly #omitExtended: boolean;

  constructor(chunkSize: number, omitExtended = false) {
    this.#chunkSize = chunkSize;
    this.#omitExtended = omitExtended;
  }

  /** The chunks of a message; `format` is used if the state of the chunk stream allows it, else the next lower. */
  chunks(message: RtmpMessage, chunkStreamId: number, format: number): Buffer[] {
    const last = this.#sent.get(chunkStreamId);
    const delta = last === undefined ? 0 : (message.timestampMs - last.message.timestampMs) >>> 0;
    const highest = highestFormat(message, last, delta, this.#omitExtended);
    const used = Math.min(format, highest);
    const field = used === 0 ? message.timestampMs : delta;
    this.#sent.set(chunkStreamId, { message, field });

    const extended = field >= extendedMark;
    const extension = Buffer.alloc(extended ? 4 : 0);
    if (extended) extension.writeUInt32BE(field);
    const header = Buffer.alloc(11);
    header.writeUIntBE(extended ? extendedMark : field, 0, 3);
    header.writeUIntBE(message.payload.length, 3, 3);
    header.writeUInt8(message.type, 6);
    header.writeUInt32LE(message.streamId, 7);
    const shown = header.subarray(0, [11, 7, 3, 0][used]);

    const chunks: Buffer[] = [];
    for (let offset = 0; offset === 0 || offset < message.payload.length; offset += this.#chunkSize) {
      const piece = message.payload.subarray(offset, offset + this.#chunkSize);
      const head =
        offset === 0
          ? [basicHeader(used, chunkStreamId), shown, extension]
          : [basicHeader(3, chunkStreamId), this.#omitExtended ? Buffer.alloc(0) : extension];
      chunks.push(Buffer.concat([...head, piece]));
    }
    return chunks;
  }
}

function highestFormat(message: RtmpMessage, last: Sent | undefined, delta: number, omit: boolean): number {
  if (last?.message.streamId !== message.streamId) return 0;
  if (last.message.type !== message.type || last.message.payload.length !== message.payload.length) return 1;
  // A message that starts with format 3 and leaves the extended timestamp out can't be told from one that doesn't.
  return delta === last.field && !(omit && delta >= extendedMark) ? 3 : 2;
}

/** Takes the chunks of several chunk streams in the order that `picks` says, wrapping around. */
export function interleave(streams: readonly Buffer[][], picks: readonly number[]): Buffer {
  const left = streams.map((chunks) => [...chunks]);
  const pieces: Buffer[] = [];
  for (let turn = 0; left.some((chunks) => chunks.length > 0); turn++) {
    const open = left.filter((chunks) => chunks.length > 0);
    const chunk = open[(picks[turn % picks.length] ?? 0) % open.length]?.shift();
    if (chunk !== undefined) pieces.push(chunk);
  }
  return Buffer.concat(pieces);
}

/** Cuts bytes into pieces of these sizes, again and again. */
export function* split(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  for (let offset = 0, turn = 0; offset < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    yield bytes.subarray(offset, offset + size);
    offset += size;
  }
}
