import type { InputState } from '../../core/media/flow.ts';
import { codecName } from './codec-name.ts';
import { bitrate } from '../words/time.ts';

export interface Fact {
  readonly name: string;
  readonly value: string;
  /** Wants attention. */
  readonly bad?: boolean;
}

const round = (n: number, digits: number): string => String(Number(n.toFixed(digits)));

/** The incoming stream in words. What is not known yet is a dash, so that nothing jumps about. */
/** What the task has not measured yet is absent from the API's answer, whatever the type promises. */
export type KnownInput = Partial<InputState>;

export function factsOf(input: KnownInput): readonly Fact[] {
  const warned = new Set(input.warnings?.map(({ code }) => code));
  const has = (...codes: readonly InputState['warnings'][number]['code'][]): { readonly bad: boolean } => ({
    bad: codes.some((code) => warned.has(code)),
  });
  const {
    width = 0,
    height = 0,
    framesPerSecond = 0,
    keyFrameIntervalS,
    transcodeSpeed,
    transcodeCpu,
  } = input;
  const transcoding = [
    ...(transcodeSpeed === undefined
      ? []
      : [warned.has('transcode-slow') ? `falls behind (${round(transcodeSpeed, 2)}×)` : 'keeps up']),
    ...(transcodeCpu === undefined ? [] : [`${round(transcodeCpu, 1)} CPU`]),
  ];
  const orDash = (text: string): string => (text === '' ? '–' : text);
  const rate = (bps: number | undefined): string => (bps === undefined ? '–' : bitrate(bps));
  return [
    { name: 'Picture', value: width > 0 ? `${width}×${height}` : '–', ...has('no-video') },
    {
      name: 'Frame rate',
      value: framesPerSecond > 0 ? `${round(framesPerSecond, 2)} fps` : '–',
      ...has('frame-rate-unsteady', 'input-slow'),
    },
    { name: 'Video', value: rate(input.videoBitrateBps), ...has('bitrate-high', 'input-stalled') },
    { name: 'Audio', value: rate(input.audioBitrateBps), ...has('no-audio') },
    {
      name: 'Key frames',
      value: keyFrameIntervalS === undefined ? '–' : `every ${round(keyFrameIntervalS, 1)} s`,
      ...has('key-frame-interval'),
    },
    {
      name: 'Codecs',
      value: orDash(
        [input.videoCodec, input.audioCodec].flatMap((codec) => (codec ? [codecName(codec)] : [])).join(', '),
      ),
    },
    { name: 'Transcoding', value: orDash(transcoding.join(', ')), ...has('transcode-slow') },
    { name: 'Encoder', value: orDash(input.encoder ?? '') },
  ];
}
