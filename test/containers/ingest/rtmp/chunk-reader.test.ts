import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkReader, type ReaderLimits } from '../../../../containers/ingest/rtmp/chunk-reader.ts';
import { encodeChunks } from '../../../../containers/ingest/rtmp/chunk-writer.ts';
import type { RtmpMessage } from '../../../../containers/ingest/rtmp/message.ts';
import { ProtocolError } from '../../../../containers/ingest/rtmp/protocol-error.ts';
import { ChunkedWriter, interleave, split } from './chunked.ts';

const wide: ReaderLimits = { chunkStreams: 100, bufferedBytes: 1 << 24, messageBytes: () => 1 << 24 };

function readerOf(limits: ReaderLimits = wide) {
  const messages: RtmpMessage[] = [];
  return { reader: new ChunkReader(limits, (message) => void messages.push(message)), messages };
}

function read(bytes: Buffer, sizes: readonly number[] = [bytes.length], chunkSize = 128): RtmpMessage[] {
  const { reader, messages } = readerOf();
  reader.chunkSize = chunkSize;
  for (const piece of split(bytes, sizes)) reader.push(piece);
  return messages;
}

/** The payload tells messages apart and shows bytes that were swapped or lost. */
const payloadOf = (length: number, seed: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, index) => (index * 7 + seed) & 0x7f));

const message = (over: Partial<RtmpMessage> = {}): RtmpMessage => ({
  type: 9,
  streamId: 1,
  timestampMs: 0,
  payload: payloadOf(10, 1),
  ...over,
});

const messageArbitrary = fc
  .record({
    type: fc.constantFrom(8, 9, 18, 20),
    streamId: fc.constantFrom(0, 1, 0xfedcba98),
    timestampMs: fc.oneof(
      fc.nat(5),
      fc.integer({ min: 0xfffff0, max: 0x100000f }),
      fc.integer({ min: 0xfffffff0, max: 0xffffffff }),
    ),
    length: fc.oneof(fc.nat(5), fc.nat(400)),
    seed: fc.nat(127),
  })
  .map(({ type, streamId, timestampMs, length, seed }): RtmpMessage => ({
    type,
    streamId,
    timestampMs,
    payload: payloadOf(length, seed),
  }));

/** Messages on distinct chunk streams with ids of one, two and three bytes. */
const streamsArbitrary = fc.uniqueArray(
  fc.record({
    id: fc.constantFrom(2, 3, 63, 64, 65, 319, 320, 321, 0x1234, 65_599),
    messages: fc.array(fc.record({ message: messageArbitrary, format: fc.nat(3) }), {
      minLength: 1,
      maxLength: 6,
    }),
  }),
  { selector: ({ id }) => id, minLength: 1, maxLength: 5 },
);

describe('the chunk reader', () => {
  it.each([false, true])(
    'gives back what was sent, however interleaved, compressed and cut (extended timestamps left out: %s)',
    (omitExtended) => {
      fc.assert(
        fc.property(
          streamsArbitrary,
          fc.constantFrom(1, 2, 7, 128, 4096),
          fc.array(fc.nat(10), { minLength: 1 }),
          fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }),
          (streams, chunkSize, picks, sizes) => {
            const writer = new ChunkedWriter(chunkSize, omitExtended);
            const chunks = streams.map(({ id, messages }) =>
              messages.flatMap(({ message, format }) => writer.chunks(message, id, format)),
            );
            const received = read(interleave(chunks, picks), sizes, chunkSize);
            const sent = streams.flatMap(({ messages }) => messages.map(({ message }) => message));
            // Between chunk streams the order is that of completion: compare as bags, and each stream in order below.
            const key = (m: RtmpMessage): string =>
              `${m.type}/${m.streamId}/${m.timestampMs}/${Buffer.from(m.payload).toString('hex')}`;
            expect(received.map(key).toSorted()).toStrictEqual(sent.map(key).toSorted());
            const [only] = streams;
            if (streams.length === 1 && only !== undefined)
              expect(received.map(key)).toStrictEqual(sent.map(key));
          },
        ),
        { numRuns: 400 },
      );
    },
  );

  it('reads what the chunk writer wrote', () => {
    fc.assert(
      fc.property(
        messageArbitrary,
        fc.constantFrom(2, 64, 65_599),
        fc.integer({ min: 1, max: 500 }),
        (sent, id, size) => {
          const [received] = read(encodeChunks(sent, id, size), [3], size);
          expect(received).toStrictEqual(sent);
        },
      ),
    );
  });

  it('ends with its own error or not at all on random bytes, and holds no more than it may', () => {
    const limits: ReaderLimits = { chunkStreams: 8, bufferedBytes: 5_000, messageBytes: () => 4_096 };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), fc.integer({ min: 1, max: 2_000 }), (bytes, size) => {
        const { reader } = readerOf(limits);
        try {
          for (const piece of split(Buffer.from(bytes), [size])) reader.push(piece);
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
        }
        expect(reader.bufferedBytes).toBeLessThanOrEqual(5_000 + 4_096);
      }),
      { numRuns: 1_000 },
    );
  });

  it('repeats the timestamp of a format 0 as delta of the format 3 that follows, as ffmpeg means it', () => {
    const first = encodeChunks(message({ timestampMs: 23 }), 4, 128);
    const second = Buffer.concat([Buffer.of(0xc4), payloadOf(10, 2)]);
    expect(read(Buffer.concat([first, second])).map((m) => m.timestampMs)).toStrictEqual([23, 46]);
  });

  it('lets timestamps wrap at 32 bits', () => {
    const writer = new ChunkedWriter(128);
    const chunks = [0xfffffff0, 16].flatMap((timestampMs) => writer.chunks(message({ timestampMs }), 4, 1));
    expect(read(Buffer.concat(chunks)).map((m) => m.timestampMs)).toStrictEqual([0xfffffff0, 16]);
  });

  it('tolerates a chunk stream that opens with format 1, as librtmp sends control messages', () => {
    const bytes = Buffer.concat([Buffer.of(0x42, 0, 0, 5, 0, 0, 4, 3), Buffer.alloc(4)]);
    expect(read(bytes)).toMatchObject([{ type: 3, streamId: 0, timestampMs: 5 }]);
  });

  it.each([
    ['format 2', Buffer.of(0x84, 0, 0, 0)],
    ['format 3', Buffer.of(0xc4)],
  ])('refuses a chunk stream that opens with %s', (_, bytes) => {
    expect(() => read(bytes)).toThrow(ProtocolError);
  });

  it('refuses a new header inside a message', () => {
    const [start = Buffer.alloc(0)] = new ChunkedWriter(128).chunks(
      message({ payload: payloadOf(300, 0) }),
      4,
      0,
    );
    expect(() => read(Buffer.concat([start, start]))).toThrow('inside a message');
  });

  it('forgets an aborted message and takes the next one on that chunk stream', () => {
    const { reader, messages } = readerOf();
    const [start = Buffer.alloc(0)] = new ChunkedWriter(128).chunks(
      message({ payload: payloadOf(300, 0) }),
      4,
      0,
    );
    reader.push(start);
    expect(reader.bufferedBytes).toBe(300);
    reader.abort(4);
    expect(reader.bufferedBytes).toBe(0);
    reader.push(encodeChunks(message(), 4, 128));
    expect(messages).toStrictEqual([message()]);
  });

  it('uses a new chunk size from the next chunk on', () => {
    const { reader, messages } = readerOf();
    const [first, ...rest] = new ChunkedWriter(128).chunks(message({ payload: payloadOf(256, 0) }), 4, 0);
    reader.push(first ?? Buffer.alloc(0));
    reader.chunkSize = 1_000;
    reader.push(Buffer.concat(rest));
    reader.push(encodeChunks(message({ payload: payloadOf(900, 0) }), 6, 1_000));
    expect(messages.map((m) => m.payload.length)).toStrictEqual([256, 900]);
  });

  it('refuses a message over the limit of its type as soon as it is announced', () => {
    const { reader } = readerOf({ ...wide, messageBytes: (type) => (type === 9 ? 100 : 10) });
    reader.push(encodeChunks(message({ payload: payloadOf(100, 0) }), 4, 128));
    const header = encodeChunks(message({ type: 20, payload: payloadOf(11, 0) }), 5, 128).subarray(0, 12);
    expect(() => reader.push(header)).toThrow('type 20 with 11 bytes');
  });

  it.each([15, 18])('skips data (type %i) over the limit without keeping it, and goes on', (type) => {
    const { reader, messages } = readerOf({ ...wide, messageBytes: (t) => (t === 9 ? 100 : 64 * 1024) });
    const long = encodeChunks(message({ type, payload: payloadOf(100_000, 0) }), 4, 128);
    for (const piece of split(long, [1_000])) {
      reader.push(piece);
      expect(reader.bufferedBytes).toBe(0);
    }
    const short = message({ type, payload: payloadOf(300, 0) });
    reader.push(Buffer.concat([encodeChunks(short, 4, 128), encodeChunks(message(), 6, 128)]));
    expect(messages).toStrictEqual([short, message()]);
    expect(reader.bufferedBytes).toBe(0);
  });

  it('takes another message on a chunk stream whose skipped one is aborted', () => {
    const { reader, messages } = readerOf({ ...wide, messageBytes: () => 100 });
    reader.push(encodeChunks(message({ type: 18, payload: payloadOf(300, 0) }), 4, 128).subarray(0, 140));
    reader.abort(4);
    reader.push(encodeChunks(message(), 4, 128));
    expect(messages).toStrictEqual([message()]);
  });

  it('refuses more chunk streams than allowed', () => {
    const { reader } = readerOf({ ...wide, chunkStreams: 2 });
    for (const id of [2, 3, 2]) reader.push(encodeChunks(message(), id, 128));
    expect(() => reader.push(encodeChunks(message(), 4, 128))).toThrow('more than 2 chunk streams');
  });

  it('holds little for a large message that was only announced', () => {
    const { reader } = readerOf();
    const large = encodeChunks(message({ payload: Buffer.alloc(10 << 20) }), 4, 128);
    reader.push(large.subarray(0, 200));
    expect(reader.bufferedBytes).toBe(64 * 1024);
  });

  it('refuses more unfinished bytes than allowed over all chunk streams', () => {
    const { reader } = readerOf({ ...wide, bufferedBytes: 1_000 });
    const start = (id: number): Buffer =>
      encodeChunks(message({ payload: payloadOf(600, 0) }), id, 128).subarray(0, 12 + 128);
    reader.push(start(4));
    expect(() => reader.push(start(5))).toThrow('unfinished messages');
  });

  it('gives messages memory of their own', () => {
    const bytes = encodeChunks(message({ payload: payloadOf(5_000, 0) }), 4, 8_192);
    const [received] = read(bytes, [bytes.length], 8_192);
    bytes.fill(0);
    expect(received?.payload).toStrictEqual(payloadOf(5_000, 0));
  });

  it('counts media bytes and not those of control and commands', () => {
    const { reader } = readerOf();
    reader.push(encodeChunks(message({ type: 20 }), 3, 128));
    expect(reader.mediaBytes).toBe(0);
    reader.push(encodeChunks(message({ type: 8 }), 4, 128));
    expect(reader.mediaBytes).toBe(10);
  });
});
