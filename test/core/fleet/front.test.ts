import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { overflow } from '../../../core/fleet/front.ts';
import type { HostWish } from './fixture.ts';
import {
  actions,
  fleet,
  front,
  longAgo,
  minute,
  now,
  oldImage,
  planned,
  policy,
  second,
  serving,
  withFacts,
} from './fixture.ts';

const ipsOf = (hosts: readonly HostWish[], perMinute = 0, changed = {}): readonly string[] =>
  planned(
    {
      hosts,
      memory: {
        demand: {
          countedTo: now - 20 * second,
          week: [],
          quarter: 0,
          arrivals: 0,
          recent: [1, 2, 3].map((ago) => [Math.floor(now / minute) - ago, perMinute] as const),
          meanPoints: 1000,
        },
      },
    },
    { ...policy, ...changed },
  ).figures.front.map((ip) => ip.replace('198.51.100.', ''));

describe('those who find no room', () => {
  it('are as many as a Poisson distribution says', () => {
    expect(overflow(1, 0)).toBeCloseTo(1);
    // E max(0, N − 1) = μ − P(N ≥ 1)
    expect(overflow(1, 1)).toBeCloseTo(1 - (1 - Math.exp(-1)));
    expect(overflow(0.5, 5)).toBeLessThan(1e-4);
  });

  it('are fewer with more slots and more with more arrivals, and never more than come', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 60, noNaN: true }), fc.nat({ max: 40 }), (mean, slots) => {
        const over = overflow(mean, slots);
        expect(over).toBeGreaterThanOrEqual(0);
        expect(over).toBeLessThanOrEqual(mean + 1e-9);
        expect(overflow(mean, slots + 1)).toBeLessThanOrEqual(over + 1e-9);
        expect(overflow(mean + 1, slots)).toBeGreaterThanOrEqual(over - 1e-9);
      }),
    );
  });
});

describe('the front set', () => {
  it('is of the fewest addresses that the policy allows while nobody comes, and of more in a rush', () => {
    const empty = Array.from({ length: 12 }, () => serving());
    expect(ipsOf(empty)).toHaveLength(2);
    expect(ipsOf(empty, 10).length).toBeGreaterThan(ipsOf(empty).length);
    expect(ipsOf(empty, 20).length).toBeGreaterThan(ipsOf(empty, 10).length);
  });

  it('is no greater than a DNS answer holds, and says so', () => {
    const made = (most: number) => ({ front: { ...policy.front, maxAddresses: most } });
    const empty = Array.from({ length: 12 }, () => serving());
    expect(ipsOf(empty, 60, made(5))).toHaveLength(5);
  });

  it('prefers hosts whose shows have run for long, then those with more of them', () => {
    const since = (startedAt: number, count = 1) => ({
      shows: Array.from({ length: count }, () => ({ startedAt })),
    });
    const hosts = [
      serving(since(now - minute)),
      serving(since(longAgo)),
      serving(),
      serving(since(longAgo, 2)),
    ];
    expect(ipsOf(hosts)).toEqual(['2', '4']);
  });

  it('leaves out what is full, lost, going, old by its clock, or without an address or a whole slot', () => {
    const fit = [serving(), serving()];
    const unfit: readonly HostWish[] = [
      { shows: 4 },
      { shows: [{ points: 3001 }] },
      { beat: { full: true } },
      { beat: { at: now - minute } },
      { beat: { at: now + minute } },
      { beat: { accepting: false } },
      { beat: { phase: 'starting', accepting: false } },
      { beat: { phase: 'draining', accepting: false } },
      { order: { phase: 'expire' } },
      { address: false },
      { address: { slot: 'in-77' } },
      { task: { status: 'stopping' } },
      { host: { state: 'terminating' } },
      { task: false },
    ];
    for (const wish of unfit) expect(ipsOf([wish, ...fit]), JSON.stringify(wish)).toEqual(['2', '3']);
  });

  it('takes hosts without a target only when there are no others: their viewers would wait', () => {
    expect(ipsOf([serving({ target: false }), serving(), serving()])).toEqual(['2', '3']);
    expect(ipsOf([serving({ target: false }), serving({ target: false })])).toEqual(['1', '2']);
  });

  it('names what serves when all is full, and stays as it is when nothing serves', () => {
    const full = [front({ shows: 4 }), serving({ shows: 4 })];
    expect(ipsOf(full)).toEqual(['1', '2']);
    const dead = [front({ beat: { at: now - minute } }), serving({ beat: { at: now - minute } })];
    expect(actions(planned({ hosts: dead }), 'set-front')).toEqual([]);
  });

  it('is written in one sorted change, and only when it is another one', () => {
    const quiet = [front(), front()];
    expect(actions(planned({ hosts: quiet }), 'set-front')).toEqual([]);
    const reversed = fleet({ hosts: quiet });
    const records = reversed.sources.records?.value ?? { front: [], slots: {} };
    const other = withFacts(reversed, { records: { ...records, front: records.front.toReversed() } });
    expect(actions(planned(other), 'set-front')).toEqual([]);
    const stranger = withFacts(reversed, { records: { ...records, front: ['192.0.2.1', ...records.front] } });
    expect(actions(planned(stranger), 'set-front')).toEqual([
      { kind: 'set-front', ips: ['198.51.100.1', '198.51.100.2'], ttlS: 20 },
    ]);
  });

  it('is of the new image once the patience with the old one is over', () => {
    const old = { task: { digest: oldImage } };
    const hosts = [front({ shows: 1, ...old }), front({ shows: 1, ...old }), serving(), serving()];
    expect(ipsOf(hosts, 0, { rollout: { ...policy.rollout, patienceMs: minute } })).toEqual(['3', '4']);
    expect(ipsOf(hosts, 0, { rollout: { ...policy.rollout, patienceMs: 10 * 60 * minute } })).toEqual([
      '1',
      '2',
    ]);
  });
});
