import type { TrackKind } from './timeline.ts';

/**
 * What ffmpeg is fed in place of a track that the encoder does not send: silence, or a black picture. Players
 * can't add a track later (Media Source Extensions), so every broadcast has both from its first part on.
 */
export interface StandIn {
  /** FLV tag body with the codec's configuration. */
  readonly header: Uint8Array;
  /** Tag bodies to be used in turn. */
  readonly frames: readonly [Uint8Array, ...Uint8Array[]];
  readonly frameMs: number;
  /** How far it is written ahead of the other track. */
  readonly leadMs: number;
}

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

/** AAC-LC, 48 kHz, stereo, as libavcodec encodes `anullsrc`. */
const silence: StandIn = {
  header: bytes('af001190'),
  frames: [bytes('af01211004608c1c')],
  frameMs: (1024 / 48_000) * 1000,
  // ffmpeg's encoder looks one frame ahead and its muxer waits for sound after the picture that ends a part.
  leadMs: 64,
};

/**
 * 640×360 as x264 encodes `color=black` with every frame an IDR (`-profile:v main -g 1`). Two of them, because
 * neighbouring IDR pictures must differ in idr_pic_id (H.264 7.4.3).
 */
const black: StandIn = {
  header: bytes('1700000000014d401effe10018674d401edc0a02ff970110000003001000000303c0f162f801000568ee0f2c80'),
  frames: [
    bytes(
      '170100000000000059658882010ffef781bf32cb643faac971f9e77d2caccf3ce43c725d89aeb8d000000300000300003fc8fe36e5547ad812e0000004ec00d204c42901d41701a81de2823a853080100000030000030000030000030000030016f0',
    ),
    bytes(
      '170100000000000059658884043ffef781bf32cb643faac971f9e77d2caccf3ce43c725d89aeb8d000000300000300003fc8fe36e5547ad812e0000004ec00d204c42901d41701a81de2823a853080100000030000030000030000030000030016f1',
    ),
  ],
  frameMs: 1000 / 30,
  leadMs: 0,
};

export const standIns: { readonly [kind in TrackKind]: StandIn } = { audio: silence, video: black };

/** The size of the black picture: that of a source without one. */
export const blackPicture = { width: 640, height: 360, framesPerSecond: 30 } as const;
