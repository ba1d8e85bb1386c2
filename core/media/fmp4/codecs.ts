import { BoxReader, boxesIn, type Box } from './boxes.ts';
import { readInit } from './init.ts';

/**
 * RFC 6381 codec strings of an init segment, for EXT-X-STREAM-INF:CODECS: `avc1.64001f`, `mp4a.40.2`.
 * A track of another codec has no string. Throws BoxError when the bytes are no init segment.
 */
export function codecsOf(init: Uint8Array): { readonly video?: string; readonly audio?: string } {
  const { video, audio } = readInit(init);
  const videoCodec = video?.sampleEntry && avcCodec(init, video.sampleEntry);
  const audioCodec = audio?.sampleEntry && aacCodec(init, audio.sampleEntry);
  return {
    ...(videoCodec !== undefined && { video: videoCodec }),
    ...(audioCodec !== undefined && { audio: audioCodec }),
  };
}

/** Fixed fields before the child boxes of a visual and of an audio sample entry (sections 12.1.3, 12.2.3). */
const visualEntryLength = 78;
const audioEntryLength = 28;

const hex = (value: number): string => value.toString(16).padStart(2, '0');

function childOfEntry(bytes: Uint8Array, entry: Box, fixedLength: number, type: string): Box | undefined {
  for (const box of boxesIn(bytes, entry.start + fixedLength, entry.end)) if (box.type === type) return box;
  return undefined;
}

/** RFC 6381 3.3: profile, constraint flags and level, as they stand in the decoder configuration. */
function avcCodec(bytes: Uint8Array, entry: Box): string | undefined {
  if (entry.type !== 'avc1' && entry.type !== 'avc3') return undefined;
  const avcC = childOfEntry(bytes, entry, visualEntryLength, 'avcC');
  if (avcC === undefined) return undefined;
  const reader = new BoxReader(bytes, avcC);
  reader.skip(1);
  return `${entry.type}.${hex(reader.u8())}${hex(reader.u8())}${hex(reader.u8())}`;
}

const objectDescriptor = { decoderConfig: 0x04, decoderSpecific: 0x05, elementaryStream: 0x03 } as const;
/** MPEG-4 audio (ISO/IEC 14496-3) in the registry of object types. */
const mpeg4Audio = 0x40;

/** RFC 6381 3.3: object type indication of `esds`, then the audio object type. */
function aacCodec(bytes: Uint8Array, entry: Box): string | undefined {
  if (entry.type !== 'mp4a') return undefined;
  const esds = childOfEntry(bytes, entry, audioEntryLength, 'esds');
  if (esds === undefined) return undefined;
  const reader = new BoxReader(bytes, esds);
  reader.versionAndFlags();
  if (readDescriptor(reader) !== objectDescriptor.elementaryStream) return undefined;
  reader.skip(2);
  const flags = reader.u8();
  // Dependent stream, URL, clock stream (ISO/IEC 14496-1 7.2.6.5): each adds a field.
  if ((flags & 0x80) !== 0) reader.skip(2);
  if ((flags & 0x40) !== 0) reader.skip(reader.u8());
  if ((flags & 0x20) !== 0) reader.skip(2);
  if (readDescriptor(reader) !== objectDescriptor.decoderConfig) return undefined;
  const objectType = reader.u8();
  if (objectType !== mpeg4Audio) return `mp4a.${hex(objectType)}`;
  // Stream type, buffer size, greatest and average bitrate.
  reader.skip(12);
  if (readDescriptor(reader) !== objectDescriptor.decoderSpecific) return undefined;
  const first = reader.u8();
  // Five bits; 31 escapes to six more (ISO/IEC 14496-3 1.6.2.1).
  const audioObjectType = first >> 3 === 31 ? 32 + (((first & 7) << 3) | (reader.u8() >> 5)) : first >> 3;
  return `mp4a.${hex(objectType)}.${audioObjectType}`;
}

/** Tag and length; the length is up to four bytes of seven bits, of no use here. */
function readDescriptor(reader: BoxReader): number {
  const tag = reader.u8();
  for (let i = 0; i < 4; i++) if ((reader.u8() & 0x80) === 0) break;
  return tag;
}
