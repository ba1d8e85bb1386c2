import { BitReader } from './bits.ts';
import { FlvError } from './tag.ts';

/** What an AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1) tells. */
export interface AacConfig {
  /** 2: AAC-LC, 5: HE-AAC, 29: HE-AAC v2. */
  readonly objectType: number;
  /** Of the core coder: HE-AAC plays at twice that. */
  readonly sampleRateHz: number;
  /** As configured, 0 when a program config element says it. */
  readonly channelConfiguration: number;
  /** RFC 6381, for example `mp4a.40.2`. */
  readonly codec: string;
}

/** Table 1.18. */
const sampleRatesHz = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
] as const;
const explicitRate = 15;
const escapedType = 31;

/** Throws FlvError. */
export function readAacConfig(config: Uint8Array): AacConfig {
  const reader = new BitReader(config);
  const short = reader.bits(5);
  const objectType = short === escapedType ? 32 + reader.bits(6) : short;
  const rateIndex = reader.bits(4);
  const sampleRateHz = rateIndex === explicitRate ? reader.bits(24) : sampleRatesHz[rateIndex];
  if (sampleRateHz === undefined) throw new FlvError(`AAC sample rate number ${rateIndex}`);
  return { objectType, sampleRateHz, channelConfiguration: reader.bits(4), codec: `mp4a.40.${objectType}` };
}
