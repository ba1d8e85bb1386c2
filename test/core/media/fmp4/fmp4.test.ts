import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { BoxError, boxesIn } from '../../../../core/media/fmp4/boxes.ts';
import { codecsOf } from '../../../../core/media/fmp4/codecs.ts';
import { durationOf } from '../../../../core/media/fmp4/duration.ts';
import { FragmentSplitter, type Split } from '../../../../core/media/fmp4/splitter.ts';
import { run } from '../../../streams/generate.ts';

let file: Buffer;
let init: Uint8Array;

beforeAll(async () => {
  const options =
    '-v error -f lavfi -i testsrc2=s=320x180:r=30 -f lavfi -i sine=r=48000 -t 3.2 ' +
    '-c:v libx264 -preset ultrafast -pix_fmt yuv420p -tune zerolatency -g 60 -profile:v baseline -level 3.1 ' +
    '-c:a aac -movflags +empty_moov+default_base_moof+frag_keyframe+cmaf -frag_duration 499999 -f mp4 pipe:1';
  file = await run('ffmpeg', options.split(' '));
  const moov = [...boxesIn(file)].find(({ type }) => type === 'moov');
  init = file.subarray(0, moov?.end);
});

/** Pushes the file in pieces that end at the given places. */
function splitAt(bytes: Buffer, ends: readonly number[]): readonly Split[] {
  const splitter = new FragmentSplitter();
  const cuts = [...ends.map((end) => end % bytes.length), bytes.length].sort((a, b) => a - b);
  return cuts.flatMap((end, index) => splitter.push(bytes.subarray(cuts[index - 1] ?? 0, end)));
}

/** Without typed arrays, which are slow to compare. */
const plain = (splits: readonly Split[]): readonly unknown[] =>
  splits.map((split) =>
    split.kind === 'init'
      ? Buffer.from(split.bytes).toString('latin1')
      : Object.assign({}, split.fragment, { bytes: Buffer.from(split.fragment.bytes).toString('latin1') }),
  );

describe('an init segment', () => {
  test('tells its codecs as RFC 6381 has them', () => {
    expect(codecsOf(init)).toEqual({ video: 'avc1.42c01f', audio: 'mp4a.40.2' });
  });

  test('that is none is refused with BoxError', () => {
    expect(() => codecsOf(Uint8Array.of(0, 0, 0, 8, 0x66, 0x74, 0x79, 0x70))).toThrow(BoxError);
    expect(() => codecsOf(init.subarray(0, init.byteLength - 1))).toThrow(BoxError);
  });
});

describe('a segment', () => {
  test('lasts as long as all of its pictures', () => {
    expect(durationOf(init, file.subarray(init.byteLength))).toBeCloseTo(3.2, 9);
  });

  test('without a picture has no duration', () => {
    expect(durationOf(init, new Uint8Array())).toBeUndefined();
  });
});

describe('the splitter', () => {
  test('gives the init segment, then each part with its time and whether it is independent', () => {
    const [first, ...parts] = splitAt(file, []);
    expect(first).toEqual({ kind: 'init', bytes: new Uint8Array(init) });
    expect(parts).toHaveLength(7);
    expect(
      parts.map(
        (split) => split.kind === 'fragment' && [split.fragment.durationS, split.fragment.independent],
      ),
    ).toEqual([
      [0.5, true],
      [0.5, false],
      [0.5, false],
      [0.5, false],
      [0.5, true],
      [0.5, false],
      [expect.closeTo(0.2), false],
    ]);
    const starts = parts.map((split) => (split.kind === 'fragment' ? split.fragment.startS : Number.NaN));
    expect(starts.map((start) => start - (starts[0] ?? 0))).toEqual(
      [0, 0.5, 1, 1.5, 2, 2.5, 3].map((start) => expect.closeTo(start, 9) as unknown),
    );
  });

  test('gives the same, however the bytes arrive', () => {
    const expected = plain(splitAt(file, []));
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 40 }), (ends) => {
        expect(plain(splitAt(file, ends))).toEqual(expected);
      }),
      { numRuns: 100 },
    );
    const small = file.subarray(0, init.byteLength + 2_000);
    expect(
      splitAt(
        small,
        Array.from({ length: small.length }, (_, at) => at),
      ),
    ).toEqual(splitAt(small, []));
  });

  test('gives parts that are the file again when put together', () => {
    const bytes = splitAt(file, [1, 40, 5_000]).map((split) =>
      split.kind === 'init' ? split.bytes : split.fragment.bytes,
    );
    const joined = Buffer.concat(bytes);
    expect(joined.equals(file.subarray(0, joined.length))).toBe(true);
  });

  test('throws nothing but BoxError at garbage and mutations', () => {
    const clean = file.subarray(0, 20_000);
    const mutation = fc.array(fc.tuple(fc.nat(clean.length - 1), fc.nat(255)), { maxLength: 8 });
    const garbage = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
    const mutated = mutation.map((changes) => {
      const bytes = Buffer.from(clean);
      // Half of them early, where the headers are.
      for (const [at, value] of changes) bytes[at % 2 === 0 ? at : at % 2_000] = value;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(garbage, mutated), (bytes) => {
        try {
          expect(splitAt(bytes.length === 0 ? Buffer.of(0) : bytes, [])).toBeDefined();
        } catch (error) {
          expect(error).toBeInstanceOf(BoxError);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('does not wait for a box of gigabytes', () => {
    const splitter = new FragmentSplitter();
    const huge = Buffer.from('7fffffff6d6f6f66', 'hex');
    expect(() => splitter.push(huge)).toThrow(/moof of 2147483647 bytes/);
  });
});
