import type { MediaMessage } from '../../../core/media/flow.ts';

/** What an audio or video message is coded in, from its first bytes. */
export interface Codec {
  readonly kind: 'audio' | 'video';
  /** As broadcasters know it: `H.264`, `HEVC`, `MP3`. */
  readonly name: string;
  readonly supported: boolean;
}

/** FLV 1.0 annex E.4.3.1; 12 and 13 are not in it but sent by Chinese encoders. */
const videoCodecs: Readonly<Record<number, string>> = {
  1: 'JPEG',
  2: 'Sorenson H.263',
  3: 'Screen Video',
  4: 'VP6',
  5: 'VP6 with alpha',
  6: 'Screen Video 2',
  7: 'H.264',
  8: 'H.263',
  9: 'MPEG-4 Part 2',
  12: 'HEVC',
  13: 'AV1',
};

/** FLV 1.0 annex E.4.2.1. */
const audioCodecs: Readonly<Record<number, string>> = {
  0: 'PCM',
  1: 'ADPCM',
  2: 'MP3',
  3: 'PCM',
  4: 'Nellymoser 16 kHz',
  5: 'Nellymoser 8 kHz',
  6: 'Nellymoser',
  7: 'G.711 A-law',
  8: 'G.711 mu-law',
  10: 'AAC',
  11: 'Speex',
  13: 'Opus',
  14: 'MP3',
  15: 'device-specific sound',
};

/** Enhanced RTMP v2. */
const fourCcs: Readonly<Record<string, string>> = {
  avc1: 'H.264 in enhanced RTMP',
  hvc1: 'HEVC',
  vvc1: 'VVC',
  av01: 'AV1',
  vp08: 'VP8',
  vp09: 'VP9',
  mp4a: 'AAC in enhanced RTMP',
  '.mp3': 'MP3',
  Opus: 'Opus',
  fLaC: 'FLAC',
  'ac-3': 'AC-3',
  'ec-3': 'E-AC-3',
};

const avc = 7;
const aac = 10;
/** Sound format 9 marks an enhanced audio header; a set top bit an enhanced video header. */
const enhancedAudio = 9;

/** undefined for data and for empty messages, which some encoders send and which mean nothing. */
export function codecOf(message: Pick<MediaMessage, 'kind' | 'payload'>): Codec | undefined {
  const { kind, payload } = message;
  const first = payload[0];
  if (kind === 'data' || first === undefined) return undefined;
  if (kind === 'video') {
    if ((first & 0x80) !== 0) return enhanced(kind, payload);
    const id = first & 0x0f;
    return { kind, name: videoCodecs[id] ?? `video codec ${id}`, supported: id === avc };
  }
  const format = first >> 4;
  if (format === enhancedAudio) return enhanced(kind, payload);
  return { kind, name: audioCodecs[format] ?? `audio codec ${format}`, supported: format === aac };
}

/** In the plain packet types the FourCC follows the first byte; multitrack and ModEx packets have it elsewhere. */
function enhanced(kind: 'audio' | 'video', payload: Uint8Array): Codec {
  const fourCc = String.fromCharCode(...payload.subarray(1, 5));
  return { kind, name: fourCcs[fourCc] ?? `enhanced RTMP ${kind}`, supported: false };
}

/** Tells the broadcaster what to set. */
export const unsupportedText = (codec: Codec): string =>
  `${codec.name} is not supported: set ${codec.kind === 'video' ? 'H.264' : 'AAC'} in the encoder`;
