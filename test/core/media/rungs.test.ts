import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultRungs } from '../../../core/media/ladder.ts';
import { LadderError, parseRungs } from '../../../core/media/rungs.ts';

describe('a configured ladder', () => {
  it('names default rungs', () => {
    expect(parseRungs('720p, 360p').map((rung) => rung.name)).toEqual(['720p', '360p']);
    expect(parseRungs(defaultRungs.map((rung) => rung.name).join(','))).toEqual(defaultRungs);
  });

  it('has rungs of its own, with and without a bitrate of the sound', () => {
    expect(parseRungs('hd:901:4000,low:240:300:48')).toEqual([
      { name: 'hd', height: 900, videoBitrateBps: 4_000_000, audioBitrateBps: 128_000 },
      { name: 'low', height: 240, videoBitrateBps: 300_000, audioBitrateBps: 48_000 },
    ]);
  });

  it('is refused with the bad part and what would be right', () => {
    expect(() => parseRungs('999p')).toThrow(/has '999p': one of 1080p.*NAME:HEIGHT:VIDEO_KBPS/);
    expect(() => parseRungs('360p,')).toThrow(LadderError);
    expect(() => parseRungs('../x:360:800')).toThrow(LadderError);
    expect(() => parseRungs('360p,360p')).toThrow(/'360p' twice/);
  });

  it('is read, or refused with its own error, whatever it says', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          for (const rung of parseRungs(text)) expect(rung.height).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(LadderError);
        }
      }),
    );
  });
});
