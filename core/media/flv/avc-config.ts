import { readSps, type Sps } from './sps.ts';
import { FlvError } from './tag.ts';

/** What an AVCDecoderConfigurationRecord (ISO/IEC 14496-15 5.3.3) tells. */
export interface AvcConfig extends Sps {
  /** RFC 6381, for example `avc1.64001f`. */
  readonly codec: string;
}

const hex = (value: number): string => value.toString(16).padStart(2, '0');

/** Version, profile, constraints, level, length size, number of sequence parameter sets, length of the first. */
const fixedLength = 8;

/** Throws FlvError. */
export function readAvcConfig(record: Uint8Array): AvcConfig {
  const [version, profile, constraints, level, , spsCount] = record;
  if (
    record.byteLength < fixedLength ||
    version !== 1 ||
    profile === undefined ||
    constraints === undefined ||
    level === undefined ||
    spsCount === undefined
  )
    throw new FlvError('no AVC decoder configuration');
  if ((spsCount & 0x1f) === 0) throw new FlvError('an AVC decoder configuration without parameter sets');
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const spsLength = view.getUint16(6);
  if (fixedLength + spsLength > record.byteLength) throw new FlvError('a parameter set is cut off');
  const sps = readSps(record.subarray(fixedLength, fixedLength + spsLength));
  return { ...sps, codec: `avc1.${hex(profile)}${hex(constraints)}${hex(level)}` };
}
