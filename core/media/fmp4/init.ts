import { BoxError, BoxReader, boxesIn, childOf, descendantOf, fourCc, viewOf, type Box } from './boxes.ts';

/** What the init segment says about one track. */
export interface Track {
  readonly id: number;
  readonly kind: 'video' | 'audio' | 'other';
  /** Ticks a second of this track's times. */
  readonly timescale: number;
  /** From `trex` (section 8.8.3): used where a fragment says nothing of its own. */
  readonly defaultSampleDuration: number;
  readonly defaultSampleFlags: number;
  /** The sample entry's payload in the init segment, for example of `avc1`. */
  readonly sampleEntry: Box | undefined;
}

export interface Init {
  readonly tracks: readonly Track[];
  readonly video: Track | undefined;
  readonly audio: Track | undefined;
}

const kindOf = (handler: string): Track['kind'] => {
  if (handler === 'vide') return 'video';
  return handler === 'soun' ? 'audio' : 'other';
};

/** Reads an init segment (`ftyp` + `moov`). Throws BoxError. */
export function readInit(bytes: Uint8Array): Init {
  let moov: Box | undefined;
  for (const box of boxesIn(bytes)) if (box.type === 'moov') moov = box;
  if (moov === undefined) throw new BoxError('the init segment has no moov box');
  const defaults = readTrackDefaults(bytes, moov);
  const tracks: Track[] = [];
  for (const box of boxesIn(bytes, moov.start, moov.end))
    if (box.type === 'trak') tracks.push(readTrack(bytes, box, defaults));
  return {
    tracks,
    video: tracks.find((track) => track.kind === 'video'),
    audio: tracks.find((track) => track.kind === 'audio'),
  };
}

interface SampleDefaults {
  readonly duration: number;
  readonly flags: number;
}

function readTrackDefaults(bytes: Uint8Array, moov: Box): ReadonlyMap<number, SampleDefaults> {
  const defaults = new Map<number, SampleDefaults>();
  const mvex = childOf(bytes, moov, 'mvex');
  if (mvex === undefined) return defaults;
  for (const box of boxesIn(bytes, mvex.start, mvex.end)) {
    if (box.type !== 'trex') continue;
    const reader = new BoxReader(bytes, box);
    reader.versionAndFlags();
    const id = reader.u32();
    reader.skip(4);
    const duration = reader.u32();
    reader.skip(4);
    defaults.set(id, { duration, flags: reader.u32() });
  }
  return defaults;
}

function readTrack(bytes: Uint8Array, trak: Box, defaults: ReadonlyMap<number, SampleDefaults>): Track {
  const tkhd = childOf(bytes, trak, 'tkhd');
  const mdhd = descendantOf(bytes, trak, 'mdia', 'mdhd');
  const hdlr = descendantOf(bytes, trak, 'mdia', 'hdlr');
  if (tkhd === undefined || mdhd === undefined || hdlr === undefined)
    throw new BoxError('a track has no tkhd, mdhd or hdlr box');
  const id = afterTimes(bytes, tkhd).u32();
  const timescale = afterTimes(bytes, mdhd).u32();
  if (timescale === 0) throw new BoxError(`track ${id} has a timescale of 0`);
  const ofTrack = defaults.get(id);
  return {
    id,
    kind: kindOf(handlerOf(bytes, hdlr)),
    timescale,
    defaultSampleDuration: ofTrack?.duration ?? 0,
    defaultSampleFlags: ofTrack?.flags ?? 0,
    sampleEntry: sampleEntryOf(bytes, trak),
  };
}

/** `tkhd` and `mdhd` both begin with a creation and a modification time, 32 or 64 bit by version. */
function afterTimes(bytes: Uint8Array, box: Box): BoxReader {
  const reader = new BoxReader(bytes, box);
  const { version } = reader.versionAndFlags();
  reader.skip(version === 1 ? 16 : 8);
  return reader;
}

function handlerOf(bytes: Uint8Array, hdlr: Box): string {
  if (hdlr.end - hdlr.start < 12) throw new BoxError('box hdlr is too short');
  return fourCc(viewOf(bytes), hdlr.start + 8);
}

function sampleEntryOf(bytes: Uint8Array, trak: Box): Box | undefined {
  const stsd = descendantOf(bytes, trak, 'mdia', 'minf', 'stbl', 'stsd');
  if (stsd === undefined) return undefined;
  // Version, flags and the count of entries (section 8.5.2).
  return boxesIn(bytes, stsd.start + 8, stsd.end).next().value ?? undefined;
}
