import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createResolver, type ZoneAnswer } from '../../../local/fleet/resolver.ts';

const fromList = (values: readonly number[]): (() => number) => {
  let next = 0;
  return () => values[next++ % values.length] ?? 0;
};

describe('resolvers', () => {
  it('give a client all addresses, another one first from time to time', () => {
    const resolver = createResolver({
      zone: () => ({ ips: ['a', 'b', 'c'], ttlS: 2 }),
      clock: { now: () => 0 },
      // Resolver, then address, by turns.
      random: fromList([0, 0.4, 0, 0.9, 0, 0]),
    });
    expect(resolver.lookUp()).toEqual(['b', 'c', 'a']);
    expect(resolver.lookUp()).toEqual(['c', 'a', 'b']);
    expect(resolver.lookUp()).toEqual(['a', 'b', 'c']);
  });

  it('give an old answer until its time-to-live is over, each from when it asked', () => {
    let zone: ZoneAnswer = { ips: ['old'], ttlS: 2 };
    let now = 0;
    const random = { next: 0 };
    const resolver = createResolver({
      zone: () => zone,
      clock: { now: () => now },
      random: () => random.next,
    });
    random.next = 0;
    expect(resolver.lookUp()).toEqual(['old']);
    now = 1_000;
    zone = { ips: ['new'], ttlS: 2 };
    random.next = 0;
    expect(resolver.lookUp()).toEqual(['old']);
    // One that had not been asked before.
    random.next = 0.99;
    expect(resolver.lookUp()).toEqual(['new']);
    now = 1_999;
    random.next = 0;
    expect(resolver.lookUp()).toEqual(['old']);
    now = 2_000;
    expect(resolver.lookUp()).toEqual(['new']);
  });

  it('keep no empty answer', () => {
    let zone: ZoneAnswer = { ips: [], ttlS: 0 };
    const resolver = createResolver({ zone: () => zone, clock: { now: () => 0 }, random: () => 0 });
    expect(resolver.lookUp()).toEqual([]);
    zone = { ips: ['a'], ttlS: 2 };
    expect(resolver.lookUp()).toEqual(['a']);
  });

  it('give no answer that is older than its time-to-live, whatever changes and whoever asks', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            afterMs: fc.integer({ min: 0, max: 5_000 }),
            change: fc.boolean(),
            chance: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
          }),
          { maxLength: 40 },
        ),
        (steps) => {
          let now = 0;
          let version = 0;
          let chance = 0;
          const validUntil = new Map<string, number>([['0', Number.POSITIVE_INFINITY]]);
          const resolver = createResolver({
            zone: () => ({ ips: [String(version)], ttlS: 2 }),
            clock: { now: () => now },
            random: () => chance,
          });
          for (const step of steps) {
            now += step.afterMs;
            chance = step.chance;
            if (step.change) {
              validUntil.set(String(version), now + 2_000);
              version += 1;
              validUntil.set(String(version), Number.POSITIVE_INFINITY);
            }
            const [ip = ''] = resolver.lookUp();
            if (now >= (validUntil.get(ip) ?? 0)) return false;
          }
          return true;
        },
      ),
    );
  });
});
