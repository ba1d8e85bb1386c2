import type { Page } from 'playwright-core';
import { until } from './platform.ts';

/** What the watch page says of its player (data-* of [data-player]) and what its <video> really does. */
export interface PlayerFacts {
  readonly state: string;
  readonly mode: string;
  readonly level: string;
  readonly maxLevel: string;
  readonly delayMs: string;
  readonly currentTime: number;
  readonly paused: boolean;
}

export const playerFacts = (page: Page): Promise<PlayerFacts> =>
  page.evaluate(() => {
    const data = document.querySelector<HTMLElement>('[data-player]')?.dataset ?? {};
    const video = document.querySelector('video');
    return {
      state: data['state'] ?? '',
      mode: data['mode'] ?? '',
      level: data['level'] ?? '',
      maxLevel: data['maxLevel'] ?? '',
      delayMs: data['delayMs'] ?? '',
      currentTime: video?.currentTime ?? 0,
      paused: video?.paused ?? true,
    };
  });

export const playerIs = (
  page: Page,
  wanted: Partial<Record<'state' | 'mode', string>>,
  timeoutMs = 30_000,
): Promise<PlayerFacts> => {
  let last: PlayerFacts | undefined;
  return until(
    `the player is ${JSON.stringify(wanted)}`,
    async () => {
      last = await playerFacts(page);
      const { state, mode } = last;
      const fits = (wanted.state ?? state) === state && (wanted.mode ?? mode) === mode;
      return fits ? last : undefined;
    },
    timeoutMs,
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}; it is ${JSON.stringify(last)}`);
  });
};

/**
 * Watches the picture and listens to the sound for a while.
 * @returns how many different pictures were seen, the loudest level (0 to 1), how far the media advanced.
 */
export function watchAndListen(
  page: Page,
  seconds: number,
): Promise<{ readonly pictures: number; readonly loudest: number; readonly advancedS: number }> {
  return page.evaluate(async (duration) => {
    const video = document.querySelector('video');
    if (video === null) throw new Error('the page has no <video>');
    video.muted = false;
    const holder = globalThis as unknown as { tidecastAnalyser?: AnalyserNode };
    if (holder.tidecastAnalyser === undefined) {
      // A media element can have one source node in its life.
      const audio = new AudioContext();
      const analyser = audio.createAnalyser();
      audio.createMediaElementSource(video).connect(analyser);
      analyser.connect(audio.destination);
      await audio.resume();
      holder.tidecastAnalyser = analyser;
    }
    const analyser = holder.tidecastAnalyser;
    const canvas = document.createElement('canvas');
    canvas.width = 64;
    canvas.height = 36;
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (context === null) throw new Error('no canvas');
    const seen = new Set<string>();
    const wave = new Float32Array(analyser.fftSize);
    let loudest = 0;
    const from = video.currentTime;
    for (let i = 0; i < duration * 10; i++) {
      context.drawImage(video, 0, 0, canvas.width, canvas.height);
      seen.add(context.getImageData(0, 0, canvas.width, canvas.height).data.join());
      analyser.getFloatTimeDomainData(wave);
      loudest = Math.max(loudest, ...wave);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return { pictures: seen.size, loudest, advancedS: video.currentTime - from };
  }, seconds);
}
