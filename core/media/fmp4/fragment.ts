import type { Fragment } from '../flow.ts';
import { BoxError, boxesIn } from './boxes.ts';
import type { Init } from './init.ts';
import { trackRunIn } from './samples.ts';

/**
 * Describes a `moof` + `mdat`. Undefined when it has no video sample: a tail of sound after the last
 * picture, which is no part. Throws BoxError.
 */
export function readFragment(init: Init, bytes: Uint8Array): Fragment | undefined {
  const { video } = init;
  if (video === undefined) throw new BoxError('the init segment has no video track');
  const moof = boxesIn(bytes).next().value;
  if (moof?.type !== 'moof') throw new BoxError('a fragment without moof');
  const run = trackRunIn(bytes, moof, video);
  if (run === undefined || run.sampleCount === 0) return undefined;
  if (run.decodeTime === undefined) throw new BoxError('a fragment without tfdt');
  return {
    bytes,
    startS: run.decodeTime / video.timescale,
    durationS: run.duration / video.timescale,
    independent: run.startsWithSync,
  };
}
