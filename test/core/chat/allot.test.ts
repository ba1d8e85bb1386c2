import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allot } from '../../../core/chat/allot.ts';

const shares = (limit: number, demands: Record<string, number>): Record<string, number> =>
  Object.fromEntries(allot(limit, new Map(Object.entries(demands))));

const demandsArbitrary = fc
  .uniqueArray(
    fc.tuple(
      fc.string({ maxLength: 3 }),
      fc.oneof(
        fc.double({ min: 0, max: 5_000, noNaN: true }),
        fc.constantFrom(0, 1e9, Infinity, NaN, -3, 5e-324),
      ),
    ),
    { selector: ([shard]) => shard, maxLength: 12 },
  )
  .map((pairs) => new Map(pairs));
const limitArbitrary = fc.double({ min: 0.1, max: 10_000, noNaN: true });

describe('what the shards may let through together', () => {
  it('gives everybody what they ask and the rest evenly on top while the sum fits', () => {
    expect(shares(2_000, { a: 1_000, b: 200 })).toEqual({ a: 1_400, b: 600 });
  });

  it('gives all of the limit to the only shard', () => {
    expect(shares(2_000, { a: 3 })).toEqual({ a: 2_000 });
  });

  it('takes from the greatest when it does not fit', () => {
    expect(shares(2_000, { a: 9_000, b: 300, c: 1_000 })).toEqual({ a: 850, b: 300, c: 850 });
  });

  it('leaves a quiet shard a floor beside one that asks for everything', () => {
    expect(shares(2_000, { busy: 1e9, quiet: 0 })).toEqual({ busy: 1_980, quiet: 20 });
  });

  it('has nothing to share without shards, and nothing of no limit', () => {
    expect(shares(2_000, {})).toEqual({});
    expect(shares(0, { a: 5, b: 7 })).toEqual({ a: 0, b: 0 });
    expect(shares(-1, { a: 5 })).toEqual({ a: 0 });
    expect(shares(NaN, { a: 5 })).toEqual({ a: 0 });
  });

  it('sums to the limit and leaves nobody without the floor, whatever is asked', () => {
    fc.assert(
      fc.property(limitArbitrary, demandsArbitrary, (limit, demands) => {
        const given = [...allot(limit, demands).values()];
        if (given.length === 0) return;
        expect(given.reduce((sum, share) => sum + share, 0)).toBeCloseTo(limit, 6);
        for (const share of given) expect(share).toBeGreaterThanOrEqual((0.02 * limit) / given.length - 1e-9);
      }),
    );
  });

  it('is max–min fair: nobody gets less than they ask while another gets more than they do', () => {
    fc.assert(
      fc.property(limitArbitrary, demandsArbitrary, (limit, demands) => {
        const given = allot(limit, demands);
        const most = Math.max(...given.values());
        for (const [shard, share] of given)
          if (share < (demands.get(shard) ?? 0) - 1e-9) expect(share).toBeCloseTo(most, 6);
      }),
    );
  });

  it('does not depend on the order of the shards', () => {
    fc.assert(
      fc.property(limitArbitrary, demandsArbitrary, (limit, demands) => {
        const turned = new Map([...demands].toReversed());
        expect(allot(limit, turned)).toEqual(allot(limit, demands));
      }),
    );
  });

  it('gives more to whom asks more, and never less to one because it asks more', () => {
    fc.assert(
      fc.property(limitArbitrary, demandsArbitrary, fc.nat(3_000), (limit, demands, more) => {
        const [first] = demands;
        if (first === undefined || !Number.isFinite(first[1])) return;
        const [shard, demand] = first;
        const before = allot(limit, demands).get(shard) ?? NaN;
        const after = allot(limit, new Map([...demands, [shard, demand + more]])).get(shard) ?? NaN;
        expect(after).toBeGreaterThanOrEqual(before - 1e-6);
      }),
    );
  });
});
