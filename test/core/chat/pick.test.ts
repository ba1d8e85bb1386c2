import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pickShare } from '../../../core/chat/pick.ts';

const someone = fc.uniqueArray(fc.nat(), { maxLength: 50 });
const share = fc.double({ min: 0, max: 1, noNaN: true });
/** What Math.random could say, in whatever order. */
const chances = fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }));
const randomFrom = (stream: Iterator<number>) => (): number => Number(stream.next().value);

/** Values spread evenly over 0 ≤ x < 1. */
const evenly = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, n) => (n + 0.5) / count);

describe('a share that is picked', () => {
  it('is of these, each at most once, and as many as it says, rounded down or up', () => {
    fc.assert(
      fc.property(someone, share, chances, (all, part, stream) => {
        const picked = pickShare(all, part, randomFrom(stream));
        expect(new Set(picked).size).toBe(picked.length);
        for (const one of picked) expect(all).toContain(one);
        const count = part * all.length;
        expect([Math.floor(count), Math.ceil(count)]).toContain(picked.length);
      }),
    );
  });

  it('is exactly half of an even number, all for 1 and nobody for 0, whatever chance says', () => {
    fc.assert(
      fc.property(someone, chances, (all, stream) => {
        const random = randomFrom(stream);
        const twice = [...all, ...all.map((one) => -1 - one)];
        expect(pickShare(twice, 0.5, random)).toHaveLength(all.length);
        expect(pickShare(all, 1, random)).toHaveLength(all.length);
        expect(pickShare(all, 0, random)).toEqual([]);
      }),
    );
  });

  it('is on average what was asked for, where it is no whole number', () => {
    const rounds = evenly(1_000).map((first) => {
      const said = [first];
      return pickShare(['a', 'b', 'c'], 0.4, () => said.shift() ?? 0).length;
    });
    expect(rounds.reduce((sum, count) => sum + count, 0) / rounds.length).toBeCloseTo(1.2);
  });

  it('is each set of them as often as any other', () => {
    const sets = new Map<string, number>();
    for (const first of evenly(12))
      for (const second of evenly(12)) {
        const said = [0, first, second];
        const set = pickShare(['a', 'b', 'c', 'd'], 0.5, () => said.shift() ?? 0)
          .toSorted()
          .join('');
        sets.set(set, (sets.get(set) ?? 0) + 1);
      }
    expect(Object.fromEntries(sets)).toEqual({ ab: 24, ac: 24, ad: 24, bc: 24, bd: 24, cd: 24 });
  });
});
