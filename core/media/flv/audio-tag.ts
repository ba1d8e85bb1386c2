/** The first bytes of an audio tag's body (annex E.4.2.1). */
export type AudioTag =
  /** AudioSpecificConfig. */
  | { readonly kind: 'header'; readonly config: Uint8Array }
  /** A raw AAC frame. */
  | { readonly kind: 'frame' }
  | { readonly kind: 'other' };

const aac = 10;
const packet = { header: 0, frame: 1 } as const;
const other: AudioTag = { kind: 'other' };
const frame: AudioTag = { kind: 'frame' };

/** Codec and packet type. */
export const aacTagPrefixLength = 2;

export function readAudioTag(body: Uint8Array): AudioTag {
  const first = body[0];
  if (first === undefined || first >> 4 !== aac || body.byteLength <= aacTagPrefixLength) return other;
  switch (body[1]) {
    case packet.header:
      return { kind: 'header', config: body.subarray(aacTagPrefixLength) };
    case packet.frame:
      return frame;
    default:
      return other;
  }
}
