import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  FlvError,
  flvHeader,
  readTags,
  tagHeaderLength,
  tagTrailerLength,
  writeTagHeader,
  writeTagTrailer,
  type Tag,
} from '../../../../core/media/flv/tag.ts';

const tags = fc.array(
  fc.record({
    kind: fc.constantFrom('audio', 'video', 'data'),
    timestampMs: fc.integer({ min: 0, max: 0xff_ff_ff_ff }),
    body: fc.uint8Array({ maxLength: 300 }),
  }),
);

/** A Buffer is not equal to a Uint8Array of the same bytes. */
const plain = ({ kind, timestampMs, body }: Tag) => [kind, timestampMs, [...body]];

function write(list: readonly Tag[]): Uint8Array {
  const parts = list.map(({ kind, timestampMs, body }) => {
    const bytes = new Uint8Array(tagHeaderLength + body.byteLength + tagTrailerLength);
    writeTagHeader(bytes, 0, { kind, timestampMs, bodyLength: body.byteLength });
    bytes.set(body, tagHeaderLength);
    writeTagTrailer(bytes, tagHeaderLength + body.byteLength, body.byteLength);
    return bytes;
  });
  return Buffer.concat([flvHeader, ...parts]);
}

describe('FLV tags', () => {
  test('are read as they were written', () => {
    fc.assert(
      fc.property(tags, (list) => {
        expect([...readTags(write(list))].map(plain)).toEqual(list.map(plain));
      }),
    );
  });

  test('that are cut off are refused with FlvError', () => {
    fc.assert(
      fc.property(tags, fc.nat(), (list, cut) => {
        const whole = write(list);
        const bytes = whole.subarray(0, cut % whole.byteLength);
        try {
          const read = [...readTags(bytes)];
          expect(read.length).toBeLessThan(list.length);
          expect(write(read)).toHaveLength(bytes.byteLength);
        } catch (error) {
          expect(error).toBeInstanceOf(FlvError);
        }
      }),
    );
  });

  test('garbage throws nothing but FlvError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (garbage) => {
        try {
          expect([...readTags(Buffer.concat([flvHeader, garbage]))]).toBeDefined();
        } catch (error) {
          expect(error).toBeInstanceOf(FlvError);
        }
      }),
    );
  });

  test('a body of more than 24 bits of length is refused', () => {
    expect(() =>
      writeTagHeader(new Uint8Array(11), 0, { kind: 'video', timestampMs: 0, bodyLength: 2 ** 24 }),
    ).toThrow(FlvError);
  });
});
