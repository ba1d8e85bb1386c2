import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { encodeChunks } from '../../containers/ingest/rtmp/chunk-writer.ts';

/** What an encoder sent before and after Publish.Start; a replay waits for that in between. */
export interface RtmpInput {
  readonly start: Buffer;
  readonly media: Buffer;
}

type Part = keyof RtmpInput;

const corpus = new URL('../../test/containers/ingest/rtmp/corpus/', import.meta.url);
const read = (name: string): Buffer => readFileSync(new URL(name, corpus));

/** Recorded by rtmp-record.ts from Debian 12's ffmpeg 5.1 and OBS 29, with a made-up key. */
export const captures: readonly RtmpInput[] = ['ffmpeg', 'obs'].map((name) => ({
  start: read(`${name}-start.bin`),
  media: read(`${name}-media.bin`),
}));

/** The handshake is 3,073 of the bytes of `start` and hardly ever worth damaging. */
const handshakeBytes = 3_073;
const startLength = Math.max(...captures.map(({ start }) => start.length));
const mediaLength = Math.max(...captures.map(({ media }) => media.length));

interface Edit {
  readonly part: Part;
  readonly at: number;
  /** Bytes taken away at `at`. */
  readonly remove: number;
  readonly insert: Uint8Array;
}

const partArbitrary = fc.constantFrom<Part>('start', 'media');

/** Mostly where headers and commands are, else anywhere. */
const placeArbitrary = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      part: fc.constant<Part>('start'),
      at: fc.integer({ min: handshakeBytes, max: startLength }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ part: fc.constant<Part>('media'), at: fc.nat(700) }) },
  { weight: 2, arbitrary: fc.record({ part: partArbitrary, at: fc.nat(mediaLength) }) },
  { weight: 1, arbitrary: fc.record({ part: fc.constant<Part>('start'), at: fc.nat(handshakeBytes) }) },
);

/** One byte, or a few that mean something: lengths, markers, chunk headers. */
const bytesArbitrary = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 1 }),
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom(
    Uint8Array.of(0xff, 0xff, 0xff),
    Uint8Array.of(0xff, 0xff, 0xff, 0xff),
    Uint8Array.of(0, 0, 0),
    Uint8Array.of(0x7f, 0xff, 0xff, 0xff),
    Uint8Array.of(0x01, 0xff, 0xff),
    Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff),
  ),
);

/** Overwrites, takes away or inserts. */
const editArbitrary: fc.Arbitrary<Edit> = fc
  .tuple(placeArbitrary, bytesArbitrary, fc.nat(2), fc.nat(300))
  .map(([{ part, at }, insert, kind, length]) => {
    if (kind === 0) return { part, at, remove: insert.length, insert };
    return kind === 1
      ? { part, at, remove: 0, insert }
      : { part, at, remove: length, insert: new Uint8Array() };
  });

/** A well-formed message that has no business there, in front of the media so that what follows stays readable. */
const strayArbitrary: fc.Arbitrary<Edit> = fc
  .record({
    type: fc.oneof(fc.constantFrom(1, 2, 3, 4, 5, 6, 8, 9, 15, 17, 18, 20, 22), fc.nat(255)),
    streamId: fc.constantFrom(0, 1, 2, 0xffffffff),
    timestampMs: fc.constantFrom(0, 0xfffffe, 0xffffff, 0xffffffff),
    payload: fc.uint8Array({ maxLength: 100 }),
    chunkStream: fc.oneof(fc.integer({ min: 2, max: 70 }), fc.constantFrom(319, 320, 65_599)),
  })
  .map(({ chunkStream, ...message }) => ({
    part: 'media',
    at: 0,
    remove: 0,
    insert: encodeChunks(message, chunkStream, 128),
  }));

function apply(capture: RtmpInput, edits: readonly Edit[]): RtmpInput {
  const edited = (part: Part): Buffer =>
    edits
      .filter((edit) => edit.part === part)
      .reduce(
        (bytes, { at, remove, insert }) =>
          Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]),
        capture[part],
      );
  return { start: edited('start'), media: edited('media') };
}

/** Real captures, damaged and cut short. */
export const rtmpInputs: fc.Arbitrary<RtmpInput> = fc
  .record({
    capture: fc.constantFrom(...captures),
    edits: fc.array(
      fc.oneof({ weight: 4, arbitrary: editArbitrary }, { weight: 1, arbitrary: strayArbitrary }),
      {
        maxLength: 5,
      },
    ),
    startBytes: fc.oneof(
      { weight: 6, arbitrary: fc.constant(Infinity) },
      { weight: 1, arbitrary: fc.nat(startLength) },
    ),
    mediaBytes: fc.oneof(
      { weight: 6, arbitrary: fc.nat(6_000) },
      { weight: 1, arbitrary: fc.nat(mediaLength) },
      { weight: 1, arbitrary: fc.constant(Infinity) },
    ),
  })
  .map(({ capture, edits, startBytes, mediaBytes }) => {
    const { start, media } = apply(capture, edits);
    return { start: start.subarray(0, startBytes), media: media.subarray(0, mediaBytes) };
  });
