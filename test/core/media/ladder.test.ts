import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultRungs, ladderFor } from '../../../core/media/ladder.ts';

const sizes = (width: number, height: number, fps = 30): string[] =>
  ladderFor({ width, height }, fps).map((rung) => `${rung.name} ${rung.width}x${rung.height}`);

describe('ladderFor', () => {
  test('a 1080p source gets every rung from the highest to the lowest', () => {
    expect(sizes(1920, 1080)).toEqual([
      '1080p 1920x1080',
      '720p 1280x720',
      '480p 854x480',
      '360p 640x360',
      '160p 284x160',
    ]);
  });

  test('a source gets no rung above its height', () => {
    expect(sizes(640, 360)).toEqual(['360p 640x360', '160p 284x160']);
    expect(sizes(3840, 2160)[0]).toBe('1080p 1920x1080');
  });

  test('a phone held upright gets rungs by its shorter side', () => {
    expect(sizes(1080, 1920).slice(0, 2)).toEqual(['1080p 1080x1920', '720p 720x1280']);
  });

  test('a few lines short of a rung keep the rung, at the source’s own size', () => {
    expect(sizes(1920, 1072)[0]).toBe('1080p 1920x1072');
    expect(sizes(1920, 1071)[0]).toBe('720p 1290x720');
  });

  test('a source below every rung has one rendition of its own size', () => {
    expect(ladderFor({ width: 160, height: 90 }, 30)).toEqual([
      { name: '160p', width: 160, height: 90, videoBitrateBps: 250_000, audioBitrateBps: 64_000 },
    ]);
  });

  test('above 35 frames a second the pictures get half as much again, the sound does not', () => {
    const at = (fps: number) => ladderFor({ width: 1280, height: 720 }, fps)[0];
    expect(at(30)).toMatchObject({ videoBitrateBps: 2_800_000, audioBitrateBps: 128_000 });
    expect(at(60)).toMatchObject({ videoBitrateBps: 4_200_000, audioBitrateBps: 128_000 });
  });

  test('the order of the configured rungs does not matter', () => {
    const source = { width: 1280, height: 720 };
    expect(ladderFor(source, 30, defaultRungs.toReversed())).toEqual(ladderFor(source, 30));
  });

  test('a ladder without rungs is refused with what to do', () => {
    expect(() => ladderFor({ width: 1280, height: 720 }, 30, [])).toThrow(
      /name at least one, for example 360p/,
    );
  });

  test('is never empty, never an upscale, even in both sides, falling, and keeps the shape', () => {
    const side = fc.integer({ min: 2, max: 8_192 });
    fc.assert(
      fc.property(side, side, fc.constantFrom(25, 60), (width, height, fps) => {
        const ladder = ladderFor({ width, height }, fps);
        expect(ladder.length).toBeGreaterThan(0);
        for (const rung of ladder) {
          expect(rung.width % 2).toBe(0);
          expect(rung.height % 2).toBe(0);
          expect(rung.width).toBeGreaterThanOrEqual(2);
          expect(rung.height).toBeGreaterThanOrEqual(2);
          expect(rung.width).toBeLessThanOrEqual(width);
          expect(rung.height).toBeLessThanOrEqual(height);
          // Both sides are off by a pixel at most from the source's shape.
          const scale = Math.min(rung.width, rung.height) / Math.min(width, height);
          expect(Math.abs(rung.width - width * scale)).toBeLessThanOrEqual(
            1 + 2 * (width / Math.min(width, height)),
          );
          expect(Math.abs(rung.height - height * scale)).toBeLessThanOrEqual(
            1 + 2 * (height / Math.min(width, height)),
          );
        }
        const rates = ladder.map(({ videoBitrateBps }) => videoBitrateBps);
        expect(rates).toEqual(rates.toSorted((a, b) => b - a));
        expect(new Set(ladder.map(({ name }) => name)).size).toBe(ladder.length);
      }),
      { numRuns: 1_000 },
    );
  });
});
