import type { Timing } from '../../../core/media/timing.ts';

/**
 * How long a tag may wait for others, so that one system call takes them all to ffmpeg. Waking ffmpeg costs
 * more than everything else that this process does for a frame: measured 0.1–0.3 ms in a virtual machine, 75
 * times a second if each tag goes alone. Only the frames around a part's end decide when the part is out:
 * from a little before, so that ffmpeg is not busy with what waited, until reordered pictures have come through.
 */
const maxHoldMs = 100;
const beforeEndMs = 40;
const afterEndMs = 120;

export function holdMs(mediaMs: number, timing: Timing): number {
  const partMs = timing.partDurationS * 1000;
  const intoPartMs = mediaMs % partMs;
  if (intoPartMs < afterEndMs) return 0;
  return Math.max(0, Math.min(maxHoldMs, partMs - beforeEndMs - intoPartMs));
}
