import { expect, it } from 'vitest';
import { factsOf } from '../../../web/studio/input-facts.ts';

const value = (input: Parameters<typeof factsOf>[0], name: string) =>
  factsOf(input).find((fact) => fact.name === name);

it('says what arrives', () => {
  const input = {
    width: 1920,
    height: 1080,
    framesPerSecond: 59.94,
    videoBitrateBps: 6_000_000,
    keyFrameIntervalS: 2,
  };
  expect(value(input, 'Picture')?.value).toBe('1920×1080');
  expect(value(input, 'Frame rate')?.value).toBe('59.94 fps');
  expect(value(input, 'Video')?.value).toBe('6.0 Mbit/s');
  expect(value(input, 'Key frames')?.value).toBe('every 2 s');
});

it('has a dash for everything that is not known yet', () => {
  expect(new Set(factsOf({}).map((fact) => fact.value))).toEqual(new Set(['–']));
});

it('marks what a warning is about', () => {
  const input = {
    keyFrameIntervalS: 8,
    warnings: [{ code: 'key-frame-interval', text: 'Set 2 s.' }],
  } as const;
  expect(value(input, 'Key frames')?.bad).toBe(true);
  expect(value(input, 'Video')?.bad).toBe(false);
});

it.each([
  [{ videoCodec: 'avc1.64001f', audioCodec: 'mp4a.40.2' }, 'H.264 High, AAC-LC'],
  [{ videoCodec: 'avc1.42C01E' }, 'H.264 Baseline'],
  [{ videoCodec: 'avc1.ff001f', audioCodec: 'mp4a.40.99' }, 'H.264, mp4a.40.99'],
])('says codecs as encoders do: %o', (input, text) => expect(value(input, 'Codecs')?.value).toBe(text));

it('says whether the transcoding keeps up, by the warning of the server', () => {
  expect(value({ transcodeSpeed: 0.99, transcodeCpu: 1.23 }, 'Transcoding')?.value).toBe('keeps up, 1.2 CPU');
  const warnings = [{ code: 'transcode-slow', text: 'Slow.' }] as const;
  expect(value({ transcodeSpeed: 0.8, warnings }, 'Transcoding')).toMatchObject({
    value: 'falls behind (0.8×)',
    bad: true,
  });
});
