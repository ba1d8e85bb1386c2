import type { Page } from 'playwright-core';
import { codeBits, readTimecode, stripShare } from './timecode.ts';

export interface Measured {
  readonly latenciesMs: readonly number[];
  /** Times that the picture stood still for longer than half a second, start-up aside. */
  readonly stalls: number;
  readonly unreadable: number;
}

interface Sample {
  readonly atMs: number;
  readonly levels: readonly number[];
}

/**
 * Reads the time codes off the frames that a page's <video> shows. Camera and screen share one clock, so
 * the difference is glass to glass, the compositor's own frame or two aside (the same for every player).
 */
export async function measure(page: Page, seconds: number): Promise<Measured> {
  const samples = await page.evaluate(sampleFrames, { seconds, bits: codeBits, share: stripShare });
  const decoded = samples.map((sample) => ({ atMs: sample.atMs, code: readTimecode(sample.levels) }));
  const latenciesMs = decoded.flatMap(({ atMs, code }) =>
    code === undefined ? [] : [((atMs % 2 ** 32) - code + 2 ** 32) % 2 ** 32],
  );
  // A stall is a picture that did not change: gaps between frames that were presented.
  const stalls = samples.filter(
    (sample, i) => sample.atMs - (samples[i - 1]?.atMs ?? sample.atMs) > 500,
  ).length;
  return { latenciesMs, stalls, unreadable: decoded.length - latenciesMs.length };
}

/** Runs in the page. */
function sampleFrames(options: {
  readonly seconds: number;
  readonly bits: number;
  readonly share: number;
}): Promise<Sample[]> {
  const { seconds, bits, share } = options;
  const video = document.querySelector('video');
  if (video === null) throw new Error('the page has no <video>');
  const canvas = document.createElement('canvas');
  // One row of pixels is enough: the middle of the strip, one pixel a block.
  canvas.width = bits;
  canvas.height = 1;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('no canvas');
  const samples: Sample[] = [];
  const endMs = Date.now() + seconds * 1000;
  return new Promise((resolve) => {
    const onFrame = (): void => {
      const atMs = Date.now();
      const { videoWidth: width, videoHeight: height } = video;
      const levels: number[] = [];
      for (let i = 0; i < bits; i++) {
        // The centre of each block alone: its edges blur when the picture is scaled.
        context.drawImage(
          video,
          ((i + 0.35) * width) / bits,
          height * share * 0.35,
          (0.3 * width) / bits,
          height * share * 0.3,
          i,
          0,
          1,
          1,
        );
      }
      const pixels = context.getImageData(0, 0, bits, 1).data;
      for (let i = 0; i < bits; i++) levels.push(pixels[i * 4] ?? 0);
      samples.push({ atMs, levels });
      if (atMs < endMs) video.requestVideoFrameCallback(onFrame);
    };
    video.requestVideoFrameCallback(onFrame);
    // A picture that stands still must not hold the measurement up.
    setTimeout(() => resolve(samples), seconds * 1000 + 500);
  });
}

export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
