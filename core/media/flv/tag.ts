/** FLV (Adobe "Video File Format Specification Version 10", annex E): writing and reading of tags. */

/** Bytes that are not the FLV, H.264 or AAC header they should be. */
export class FlvError extends Error {
  override readonly name = 'FlvError';
}

export type TagKind = 'audio' | 'video' | 'data';

const typeOf = { audio: 8, video: 9, data: 18 } as const;
const kinds = new Map<number, TagKind>([
  [8, 'audio'],
  [9, 'video'],
  [18, 'data'],
]);

export const tagHeaderLength = 11;
/** The length of the tag before, after every tag. */
export const tagTrailerLength = 4;
/** The body's length has 24 bits. */
export const maxTagBodyLength = 0xff_ff_ff;

/** The file header with its empty "previous tag": an FLV that has audio and video. */
export const flvHeader: Uint8Array = Uint8Array.of(0x46, 0x4c, 0x56, 1, 0b101, 0, 0, 0, 9, 0, 0, 0, 0);

export function writeTagHeader(
  target: Uint8Array,
  offset: number,
  tag: { readonly kind: TagKind; readonly timestampMs: number; readonly bodyLength: number },
): void {
  const { bodyLength, timestampMs } = tag;
  if (bodyLength > maxTagBodyLength) throw new FlvError(`a tag of ${bodyLength} bytes is too long`);
  target[offset] = typeOf[tag.kind];
  target[offset + 1] = bodyLength >>> 16;
  target[offset + 2] = bodyLength >>> 8;
  target[offset + 3] = bodyLength;
  target[offset + 4] = timestampMs >>> 16;
  target[offset + 5] = timestampMs >>> 8;
  target[offset + 6] = timestampMs;
  // The upper eight bits come last: an extension of the format.
  target[offset + 7] = timestampMs >>> 24;
  target.fill(0, offset + 8, offset + tagHeaderLength);
}

export function writeTagTrailer(target: Uint8Array, offset: number, bodyLength: number): void {
  const length = bodyLength + tagHeaderLength;
  target[offset] = length >>> 24;
  target[offset + 1] = length >>> 16;
  target[offset + 2] = length >>> 8;
  target[offset + 3] = length;
}

export interface Tag {
  readonly kind: TagKind;
  readonly timestampMs: number;
  /** A view into the bytes that were read. */
  readonly body: Uint8Array;
}

/** The tags of a whole FLV file; tags of other types are passed over. Throws FlvError. */
export function* readTags(flv: Uint8Array): Generator<Tag, void, undefined> {
  const view = new DataView(flv.buffer, flv.byteOffset, flv.byteLength);
  if (flv.byteLength < flvHeader.byteLength || view.getUint32(0) >>> 8 !== 0x46_4c_56)
    throw new FlvError('not an FLV file');
  let offset = view.getUint32(5) + tagTrailerLength;
  while (offset < flv.byteLength) {
    if (offset + tagHeaderLength > flv.byteLength) throw new FlvError('a tag header is cut off');
    const bodyLength = view.getUint32(offset) & 0xff_ff_ff;
    const timestamp = view.getUint32(offset + 4);
    const end = offset + tagHeaderLength + bodyLength;
    if (end + tagTrailerLength > flv.byteLength) throw new FlvError('a tag is cut off');
    const kind = kinds.get(view.getUint8(offset));
    if (kind !== undefined)
      yield {
        kind,
        timestampMs: ((timestamp >>> 8) | ((timestamp & 0xff) << 24)) >>> 0,
        body: flv.subarray(offset + tagHeaderLength, end),
      };
    offset = end + tagTrailerLength;
  }
}
