import { BoxError, BoxReader, boxesIn, type Box } from './boxes.ts';
import type { Track } from './init.ts';

/** What one `traf` says about its track's samples. */
export interface TrackRun {
  /** `tfdt` in the track's timescale; undefined when the fragment has none. */
  readonly decodeTime: number | undefined;
  /** Sum of the samples' durations in the track's timescale. */
  readonly duration: number;
  readonly sampleCount: number;
  /** The first sample is a sync sample. */
  readonly startsWithSync: boolean;
}

/** `tfhd` and `trun` flags (sections 8.8.7, 8.8.8). */
const tfhdBaseDataOffset = 0x00_00_01;
const tfhdSampleDescription = 0x00_00_02;
const tfhdDefaultDuration = 0x00_00_08;
const tfhdDefaultSize = 0x00_00_10;
const tfhdDefaultFlags = 0x00_00_20;
const trunDataOffset = 0x00_00_01;
const trunFirstSampleFlags = 0x00_00_04;
const trunDuration = 0x00_01_00;
const trunSize = 0x00_02_00;
const trunFlags = 0x00_04_00;
const trunCompositionOffset = 0x00_08_00;

/** sample_is_non_sync_sample (section 8.8.3.1). */
const nonSync = 0x00_01_00_00;

/** The runs of one track in a `moof`, added up; undefined when the fragment has none of it. */
export function trackRunIn(bytes: Uint8Array, moof: Box, track: Track): TrackRun | undefined {
  for (const traf of boxesIn(bytes, moof.start, moof.end)) {
    if (traf.type !== 'traf') continue;
    const run = readTraf(bytes, traf, track);
    if (run !== undefined) return run;
  }
  return undefined;
}

function readTraf(bytes: Uint8Array, traf: Box, track: Track): TrackRun | undefined {
  let header: { readonly duration: number; readonly flags: number } | undefined;
  let decodeTime: number | undefined;
  let duration = 0;
  let sampleCount = 0;
  let startsWithSync = false;
  for (const box of boxesIn(bytes, traf.start, traf.end)) {
    if (box.type === 'tfhd') {
      header = readTrackHeader(bytes, box, track);
      if (header === undefined) return undefined;
    } else if (box.type === 'tfdt') {
      const reader = new BoxReader(bytes, box);
      decodeTime = reader.versionAndFlags().version === 1 ? reader.u64() : reader.u32();
    } else if (box.type === 'trun') {
      if (header === undefined) throw new BoxError('a trun box before its tfhd');
      const run = readTrun(bytes, box, header);
      if (sampleCount === 0) startsWithSync = (run.firstFlags & nonSync) === 0;
      duration += run.duration;
      sampleCount += run.sampleCount;
    }
  }
  if (header === undefined) throw new BoxError('a traf box without tfhd');
  return { decodeTime, duration, sampleCount, startsWithSync: sampleCount > 0 && startsWithSync };
}

/** The defaults for this fragment; undefined when it is another track's. */
function readTrackHeader(bytes: Uint8Array, box: Box, track: Track) {
  const reader = new BoxReader(bytes, box);
  const { flags } = reader.versionAndFlags();
  if (reader.u32() !== track.id) return undefined;
  if ((flags & tfhdBaseDataOffset) !== 0) reader.skip(8);
  if ((flags & tfhdSampleDescription) !== 0) reader.skip(4);
  const duration = (flags & tfhdDefaultDuration) === 0 ? track.defaultSampleDuration : reader.u32();
  if ((flags & tfhdDefaultSize) !== 0) reader.skip(4);
  return {
    duration,
    flags: (flags & tfhdDefaultFlags) === 0 ? track.defaultSampleFlags : reader.u32(),
  };
}

function readTrun(
  bytes: Uint8Array,
  box: Box,
  defaults: { readonly duration: number; readonly flags: number },
): { readonly duration: number; readonly sampleCount: number; readonly firstFlags: number } {
  const reader = new BoxReader(bytes, box);
  const { flags } = reader.versionAndFlags();
  const sampleCount = reader.u32();
  if ((flags & trunDataOffset) !== 0) reader.skip(4);
  let firstFlags = defaults.flags;
  if ((flags & trunFirstSampleFlags) !== 0) firstFlags = reader.u32();
  const fieldFlags = flags & (trunDuration | trunSize | trunFlags | trunCompositionOffset);
  const hasOwnFlags = (flags & trunFlags) !== 0;
  if ((fieldFlags & trunDuration) === 0 && !hasOwnFlags)
    return { duration: sampleCount * defaults.duration, sampleCount, firstFlags };
  let duration = 0;
  for (let i = 0; i < sampleCount; i++) {
    duration += (flags & trunDuration) === 0 ? defaults.duration : reader.u32();
    if ((flags & trunSize) !== 0) reader.skip(4);
    if (hasOwnFlags) {
      const own = reader.u32();
      if (i === 0) firstFlags = own;
    }
    if ((flags & trunCompositionOffset) !== 0) reader.skip(4);
  }
  return { duration, sampleCount, firstFlags };
}
