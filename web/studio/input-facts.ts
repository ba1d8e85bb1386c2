import type { InputState } from '../../core/media/flow.ts';
import { bitrate } from '../words/time.ts';

export interface Fact {
  readonly name: string;
  readonly value: string;
  /** Wants attention. */
  readonly bad?: boolean;
}

const round = (n: number, digits: number): string => String(Number(n.toFixed(digits)));

/** The incoming stream in words. What is not known yet is a dash, so that nothing jumps about. */
export function factsOf(input: InputState): readonly Fact[] {
  const warned = new Set(input.warnings.map(({ code }) => code));
  const has = (...codes: readonly InputState['warnings'][number]['code'][]): { readonly bad: boolean } => ({
    bad: codes.some((code) => warned.has(code)),
  });
  const { keyFrameIntervalS, transcodeSpeed, transcodeCpu } = input;
  return [
    {
      name: 'Picture',
      value: input.width > 0 ? `${input.width}×${input.height}` : '–',
      ...has('no-video'),
    },
    {
      name: 'Frame rate',
      value: input.framesPerSecond > 0 ? `${round(input.framesPerSecond, 2)} fps` : '–',
      ...has('frame-rate-unsteady'),
    },
    { name: 'Video', value: bitrate(input.videoBitrateBps), ...has('bitrate-high', 'input-stalled') },
    { name: 'Audio', value: bitrate(input.audioBitrateBps), ...has('no-audio') },
    {
      name: 'Key frames',
      value: keyFrameIntervalS === undefined ? '–' : `every ${round(keyFrameIntervalS, 1)} s`,
      ...has('key-frame-interval'),
    },
    { name: 'Codecs', value: [input.videoCodec, input.audioCodec].filter(Boolean).join(', ') || '–' },
    {
      name: 'Transcoding',
      value:
        [
          ...(transcodeSpeed === undefined ? [] : [`${round(transcodeSpeed, 2)}× real time`]),
          ...(transcodeCpu === undefined ? [] : [`${round(transcodeCpu, 1)} CPU`]),
        ].join(', ') || '–',
      ...has('transcode-slow'),
    },
    { name: 'Encoder', value: input.encoder ?? '–' },
  ];
}
