import { describe, expect, it } from 'vitest';
import { levelFor, levelName, type Level } from '../../../web/watch/quality.ts';

const levels: readonly Level[] = [
  { index: 0, width: 284, height: 160, bitrateBps: 250_000 },
  { index: 1, width: 640, height: 360, bitrateBps: 800_000 },
  { index: 2, width: 1280, height: 720, bitrateBps: 2_800_000 },
];

describe('levelFor', () => {
  it('leaves the choice to the engine', () => expect(levelFor(levels, 'auto', false)).toBe(-1));
  it('takes the height that was wished', () => expect(levelFor(levels, 360, false)).toBe(1));
  it('takes the next lower when a source does not have it', () =>
    expect(levelFor(levels, 480, false)).toBe(1));
  it('takes the lowest when all are higher', () => expect(levelFor(levels, 144, false)).toBe(0));
  it.each(['auto', 720] as const)('takes the lowest for a hidden page, wish %s', (wish) =>
    expect(levelFor(levels, wish, true)).toBe(0),
  );
  it('forces nothing before levels are known', () => expect(levelFor([], 720, true)).toBe(-1));
});

it('a phone’s upright picture is called by its shorter side', () =>
  expect(levelName({ width: 720, height: 1280 })).toBe('720p'));
