import { BitReader } from './bits.ts';
import { FlvError } from './tag.ts';

/** What an H.264 sequence parameter set (7.3.2.1.1) tells of the picture. */
export interface Sps {
  readonly profileIdc: number;
  /** After cropping. */
  readonly width: number;
  readonly height: number;
  /** 0: luma only, 1: 4:2:0, 2: 4:2:2, 3: 4:4:4. */
  readonly chromaFormat: number;
  readonly bitDepth: number;
}

const nalTypeSps = 7;

/** Profiles whose parameter set says more about chroma and bit depth (7.3.2.1.1). */
const highProfiles = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

/** Level 6.2 has at most 139,264 macroblocks a frame; no side can have more. */
const maxMacroblocks = 139_264;

/** Reads a NAL unit of type 7. Throws FlvError. */
export function readSps(nal: Uint8Array): Sps {
  const first = nal[0];
  if (first === undefined || (first & 0x1f) !== nalTypeSps) throw new FlvError('no sequence parameter set');
  const reader = new BitReader(withoutEmulationPrevention(nal.subarray(1)));
  const profileIdc = reader.bits(8);
  reader.skip(16); // constraints, level
  reader.ue(); // id
  const chroma = highProfiles.has(profileIdc)
    ? readChroma(reader)
    : { format: 1, bitDepth: 8, separate: false };
  reader.ue(); // log2_max_frame_num_minus4
  skipPictureOrderCount(reader);
  reader.ue(); // max_num_ref_frames
  reader.skip(1); // gaps_in_frame_num_value_allowed_flag
  const widthInMacroblocks = reader.ue() + 1;
  const heightInMapUnits = reader.ue() + 1;
  const frameMacroblocksOnly = reader.bit();
  if (frameMacroblocksOnly === 0) reader.skip(1); // mb_adaptive_frame_field_flag
  reader.skip(1); // direct_8x8_inference_flag
  const heightInMacroblocks = (2 - frameMacroblocksOnly) * heightInMapUnits;
  if (widthInMacroblocks > maxMacroblocks || heightInMacroblocks > maxMacroblocks)
    throw new FlvError('a picture larger than any level of H.264 has');
  const crop = readCrop(reader);
  // Table 6-1 and (7-19)...(7-22): cropping counts in chroma samples, and in both fields' lines.
  const subsampled = chroma.separate ? 0 : chroma.format;
  const cropX = subsampled === 1 || subsampled === 2 ? 2 : 1;
  const cropY = (subsampled === 1 ? 2 : 1) * (2 - frameMacroblocksOnly);
  return {
    profileIdc,
    width: widthInMacroblocks * 16 - cropX * (crop.left + crop.right),
    height: heightInMacroblocks * 16 - cropY * (crop.top + crop.bottom),
    chromaFormat: chroma.format,
    bitDepth: chroma.bitDepth,
  };
}

function readChroma(reader: BitReader) {
  const format = reader.ue();
  if (format > 3) throw new FlvError(`chroma format ${format}`);
  const separate = format === 3 && reader.flag();
  const lumaDepth = reader.ue() + 8;
  const chromaDepth = reader.ue() + 8;
  reader.skip(1); // qpprime_y_zero_transform_bypass_flag
  if (reader.flag()) skipScalingLists(reader, format === 3 ? 12 : 8);
  return { format, bitDepth: Math.max(lumaDepth, chromaDepth), separate };
}

/** 7.3.2.1.1.1: six lists of 16, the others of 64 numbers, each ended early by a next scale of 0. */
function skipScalingLists(reader: BitReader, count: number): void {
  for (let list = 0; list < count; list++) {
    if (!reader.flag()) continue;
    let last = 8;
    const size = list < 6 ? 16 : 64;
    for (let i = 0; i < size; i++) {
      const next = (last + reader.se() + 256) % 256;
      if (next === 0) break;
      last = next;
    }
  }
}

function skipPictureOrderCount(reader: BitReader): void {
  const type = reader.ue();
  if (type === 0) reader.ue(); // log2_max_pic_order_cnt_lsb_minus4
  if (type !== 1) return;
  reader.skip(1); // delta_pic_order_always_zero_flag
  reader.se();
  reader.se();
  const cycle = reader.ue();
  if (cycle > 255) throw new FlvError(`${cycle} reference frames in a picture order cycle`);
  for (let i = 0; i < cycle; i++) reader.se();
}

function readCrop(reader: BitReader) {
  if (!reader.flag()) return { left: 0, right: 0, top: 0, bottom: 0 };
  return { left: reader.ue(), right: reader.ue(), top: reader.ue(), bottom: reader.ue() };
}

/** 7.4.1: a 3 after two zeros only keeps the bytes from looking like a start code. */
function withoutEmulationPrevention(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.byteLength);
  let length = 0;
  let zeros = 0;
  for (const byte of bytes) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    out[length++] = byte;
  }
  return out.subarray(0, length);
}
