import { readAacConfig, type AacConfig } from '../../../core/media/flv/aac-config.ts';
import { Amf0Error, decodeAmf0, type Amf0Value } from '../../../core/media/flv/amf0.ts';
import { readAvcConfig, type AvcConfig } from '../../../core/media/flv/avc-config.ts';
import { FlvError } from '../../../core/media/flv/tag.ts';

/** A source that can't be taken; the text is for the broadcaster. */
export class UnsupportedSource extends Error {
  override readonly name = 'UnsupportedSource';
}

/** H.264 level 5.2 and a macroblock: above that no rung of the ladder needs it, and decoding costs more than encoding. */
const maxWidth = 4096;
const maxHeight = 2304;
const minSide = 16;

/** Main, LC, LTP, SBR, ER LC, PS, ELD: what libavcodec's decoder knows. */
const audioObjectTypes: ReadonlySet<number> = new Set([1, 2, 4, 5, 17, 29, 39]);

export interface Announced {
  readonly framesPerSecond: number | undefined;
  readonly encoder: string | undefined;
  /** False when metadata came and names no codec for the track. */
  readonly audio: boolean;
  readonly video: boolean;
}

/** The last sequence headers and metadata of a session. */
export class Headers {
  video: { readonly body: Uint8Array; readonly config: AvcConfig } | undefined;
  audio: { readonly body: Uint8Array; readonly config: AacConfig } | undefined;
  announced: Announced = { framesPerSecond: undefined, encoder: undefined, audio: true, video: true };

  /** Throws UnsupportedSource. */
  takeVideo(body: Uint8Array, record: Uint8Array): void {
    const config = readable('H.264', () => readAvcConfig(record));
    const { width, height } = config;
    const long = Math.max(width, height);
    const short = Math.min(width, height);
    if (long > maxWidth || short > maxHeight || short < minSide)
      throw new UnsupportedSource(
        `a picture of ${width}×${height}: send at most ${maxWidth}×${maxHeight} and at least ${minSide}×${minSide}`,
      );
    this.video = { body, config };
  }

  /** Throws UnsupportedSource. */
  takeAudio(body: Uint8Array, record: Uint8Array): void {
    const config = readable('AAC', () => readAacConfig(record));
    const { objectType, sampleRateHz, channelConfiguration } = config;
    if (!audioObjectTypes.has(objectType))
      throw new UnsupportedSource(`AAC of object type ${objectType}: send AAC-LC`);
    if (sampleRateHz < 7_350 || sampleRateHz > 96_000 || channelConfiguration > 7)
      throw new UnsupportedSource(
        `AAC of ${sampleRateHz} Hz, channel configuration ${channelConfiguration}: send 48000 Hz stereo`,
      );
    this.audio = { body, config };
  }

  takeMetadata(payload: Uint8Array): void {
    const announced = readMetadata(payload);
    if (announced !== undefined) this.announced = announced;
  }
}

function readable<T>(codec: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof FlvError)) throw error;
    throw new UnsupportedSource(`a ${codec} header that can't be read (${error.message})`, { cause: error });
  }
}

/** Free text from the network that is shown to the broadcaster. */
const maxEncoderLength = 120;
/** An announced rate outside of this is absurd, and measured instead. */
const minFramesPerSecond = 4;
const maxFramesPerSecond = 300;

/** Metadata that can't be read is none: it only ever hints. */
function readMetadata(payload: Uint8Array): Announced | undefined {
  let values: readonly Amf0Value[];
  try {
    values = decodeAmf0(payload);
  } catch (error) {
    if (!(error instanceof Amf0Error)) throw error;
    return undefined;
  }
  const [name, properties] = values;
  if (name !== 'onMetaData' || !(properties instanceof Map)) return undefined;
  const rate: Amf0Value = properties.get('framerate');
  const encoder: Amf0Value = properties.get('encoder');
  const plausible = typeof rate === 'number' && rate >= minFramesPerSecond && rate <= maxFramesPerSecond;
  const audio = properties.get('audiocodecid') !== undefined;
  const video = properties.get('videocodecid') !== undefined;
  return {
    framesPerSecond: plausible ? rate : undefined,
    encoder: typeof encoder === 'string' ? encoder.slice(0, maxEncoderLength) : undefined,
    // Metadata that names neither says nothing of the tracks.
    audio: audio || !video,
    video: video || !audio,
  };
}
