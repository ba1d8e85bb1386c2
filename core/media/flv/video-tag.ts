/** The first bytes of a video tag's body (annex E.4.3.1). */
export type VideoTag =
  /** AVCDecoderConfigurationRecord. */
  | { readonly kind: 'header'; readonly record: Uint8Array }
  /** Length-prefixed NAL units. */
  | { readonly kind: 'frame'; readonly key: boolean }
  /** End of sequence, an empty or unknown body, another codec: nothing to show. */
  | { readonly kind: 'other' };

const avc = 7;
const keyFrame = 1;
const packet = { header: 0, frame: 1 } as const;
const other: VideoTag = { kind: 'other' };
const key: VideoTag = { kind: 'frame', key: true };
const inter: VideoTag = { kind: 'frame', key: false };

/** Codec, packet type and the 24-bit composition offset. */
export const avcTagPrefixLength = 5;

/** Allocates for sequence headers only: it sees every frame. */
export function readVideoTag(body: Uint8Array): VideoTag {
  const first = body[0];
  if (first === undefined || (first & 0x0f) !== avc || body.byteLength <= avcTagPrefixLength) return other;
  switch (body[1]) {
    case packet.header:
      return { kind: 'header', record: body.subarray(avcTagPrefixLength) };
    case packet.frame:
      return first >> 4 === keyFrame ? key : inter;
    default:
      return other;
  }
}
