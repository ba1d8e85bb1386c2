import { boxesIn } from './boxes.ts';
import { readInit } from './init.ts';
import { trackRunIn } from './samples.ts';

/**
 * Seconds of the video track in a segment, summed over its `moof` boxes. Undefined when the init segment
 * has no video track or the segment no video sample. Throws BoxError when either is not ISO-BMFF.
 */
export function durationOf(init: Uint8Array, segment: Uint8Array): number | undefined {
  const { video } = readInit(init);
  if (video === undefined) return undefined;
  let ticks = 0;
  let samples = 0;
  for (const box of boxesIn(segment)) {
    if (box.type !== 'moof') continue;
    const run = trackRunIn(segment, box, video);
    if (run === undefined) continue;
    ticks += run.duration;
    samples += run.sampleCount;
  }
  return samples === 0 ? undefined : ticks / video.timescale;
}
