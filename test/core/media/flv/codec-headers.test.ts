import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAacConfig } from '../../../../core/media/flv/aac-config.ts';
import { readAudioTag } from '../../../../core/media/flv/audio-tag.ts';
import { readAvcConfig } from '../../../../core/media/flv/avc-config.ts';
import { FlvError } from '../../../../core/media/flv/tag.ts';
import { readVideoTag } from '../../../../core/media/flv/video-tag.ts';
import { generateMessages } from '../../../streams/messages.ts';
import type { StreamDescription } from '../../../streams/generate.ts';

async function avcRecordOf(stream: Partial<StreamDescription>): Promise<Uint8Array> {
  const messages = await generateMessages({ seconds: 0.1, audioHz: false, ...stream });
  for (const { kind, payload } of messages) {
    const tag = kind === 'video' ? readVideoTag(payload) : undefined;
    if (tag?.kind === 'header') return tag.record;
  }
  throw new Error('the stream has no AVC header');
}

describe('the H.264 header of what x264 really makes', () => {
  test.each([
    ['320x180', 320, 180],
    ['426x240', 426, 240],
    ['322x178', 322, 178],
    ['854x480', 854, 480],
    ['1080x1920', 1080, 1920],
    ['1920x1080', 1920, 1080],
    ['16x16', 16, 16],
  ])('tells the size %s after cropping', async (size, width, height) => {
    const config = readAvcConfig(await avcRecordOf({ size }));
    expect(config).toMatchObject({ width, height, chromaFormat: 1, bitDepth: 8 });
  });

  test.each([
    ['baseline', ['-profile:v', 'baseline'], 1, 8, /^avc1\.42c0/],
    ['main, interlaced', ['-profile:v', 'main', '-flags', '+ildct+ilme'], 1, 8, /^avc1\.4d/],
    ['high, interlaced', ['-preset', 'medium', '-flags', '+ildct+ilme'], 1, 8, /^avc1\.64/],
    ['high 10', ['-pix_fmt', 'yuv420p10le'], 1, 10, /^avc1\.6e/],
    ['high 4:2:2', ['-pix_fmt', 'yuv422p'], 2, 8, /^avc1\.7a/],
    ['high 4:4:4', ['-pix_fmt', 'yuv444p'], 3, 8, /^avc1\.f4/],
  ])('tells size and format in profile %s', async (_, videoOptions, chromaFormat, bitDepth, codec) => {
    const config = readAvcConfig(await avcRecordOf({ size: '642x364', videoOptions }));
    expect(config).toMatchObject({ width: 642, height: 364, chromaFormat, bitDepth });
    expect(config.codec).toMatch(codec);
  });

  test('read from any mutation gives a config or FlvError', async () => {
    const record = await avcRecordOf({ size: '642x364', videoOptions: ['-preset', 'medium'] });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(record.byteLength - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.nat(record.byteLength),
        (changes, length) => {
          const mutated = Uint8Array.from(record);
          for (const [at, value] of changes) mutated[at] = value;
          try {
            expect(readAvcConfig(mutated.subarray(0, length)).width).toEqual(expect.any(Number));
          } catch (error) {
            expect(error).toBeInstanceOf(FlvError);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('the AAC header', () => {
  test.each([
    ['1190', { objectType: 2, sampleRateHz: 48_000, channelConfiguration: 2, codec: 'mp4a.40.2' }],
    ['1210', { objectType: 2, sampleRateHz: 44_100, channelConfiguration: 2 }],
    ['2b92', { objectType: 5, sampleRateHz: 22_050, channelConfiguration: 2, codec: 'mp4a.40.5' }],
    // Sample rate 15: 24 bits of it follow; here 12345.
    ['1780181cc8', { objectType: 2, sampleRateHz: 12_345, channelConfiguration: 9 }],
  ])('%s is understood', (hex, expected) => {
    expect(readAacConfig(Buffer.from(hex, 'hex'))).toMatchObject(expected);
  });

  test('made of anything gives a config or FlvError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8 }), (bytes) => {
        try {
          expect(readAacConfig(bytes).sampleRateHz).toEqual(expect.any(Number));
        } catch (error) {
          expect(error).toBeInstanceOf(FlvError);
        }
      }),
    );
  });
});

describe('tag bodies', () => {
  test('of other codecs and packet types are neither header nor frame', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (body) => {
        const [first = 0, second = 2] = body;
        const video = readVideoTag(body);
        if ((first & 0x0f) !== 7 || second > 1 || body.length < 6) expect(video.kind).toBe('other');
        const audio = readAudioTag(body);
        if (first >> 4 !== 10 || second > 1 || body.length < 3) expect(audio.kind).toBe('other');
      }),
    );
  });

  test('say whether a picture is a key frame', () => {
    expect(readVideoTag(Uint8Array.of(0x17, 1, 0, 0, 0, 9))).toEqual({ kind: 'frame', key: true });
    expect(readVideoTag(Uint8Array.of(0x27, 1, 0, 0, 0, 9))).toEqual({ kind: 'frame', key: false });
  });
});
