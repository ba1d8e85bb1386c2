import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leastLoaded, weighShards } from '../../../core/chat/shards.ts';
import { loadFreshMs, type ChatTaskLoad, type Shard } from '../../../core/chat/store.ts';

const now = 1_000_000;
const shardOf = (shard: string, state: Shard['state'] = 'open'): Shard => ({
  shard,
  redisUrl: `redis://${shard}:6379`,
  state,
});
const loadOf = (shard: string, sockets: number, changes: Partial<ChatTaskLoad> = {}): ChatTaskLoad => ({
  shard,
  taskId: `task-of-${shard}`,
  sockets,
  capacity: 1_000,
  at: now,
  ...changes,
});

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const facts = fc.record({
  shards: fc.uniqueArray(
    fc.record({
      shard: name,
      redisUrl: fc.constant('redis://r:1'),
      state: fc.constantFrom('open', 'closed'),
    }),
    { selector: ({ shard }) => shard },
  ),
  loads: fc.array(
    fc.record({
      // Also of shards that are forgotten.
      shard: fc.oneof(name, fc.constant('gone')),
      taskId: fc.string(),
      sockets: fc.nat({ max: 20_000 }),
      capacity: fc.nat({ max: 10_000 }),
      // A clock may be ahead.
      at: fc.integer({ min: now - 2 * loadFreshMs, max: now + 5_000 }),
    }),
    { maxLength: 12 },
  ),
}) satisfies fc.Arbitrary<{ readonly shards: readonly Shard[]; readonly loads: readonly ChatTaskLoad[] }>;
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

const choose = (given: Parameters<typeof weighShards>[0], random: number): string | undefined =>
  leastLoaded(weighShards(given, now), random);

describe('weighing', () => {
  it('adds up the tasks that were heard lately', () => {
    const given = {
      shards: [shardOf('a'), shardOf('b', 'closed'), shardOf('c')],
      loads: [
        loadOf('a', 100, { at: now - loadFreshMs }),
        loadOf('a', 500, { taskId: 'second' }),
        loadOf('a', 900, { taskId: 'dead', at: now - loadFreshMs - 1 }),
        loadOf('b', 10),
        loadOf('gone', 10),
      ],
    };
    expect(weighShards(given, now)).toEqual([
      { ...shardOf('a'), tasks: 2, sockets: 600, load: 0.3 },
      { ...shardOf('b', 'closed'), tasks: 1, sockets: 10, load: 0.01 },
      { ...shardOf('c'), tasks: 0, sockets: 0, load: Infinity },
    ]);
  });
});

describe('a new broadcast', () => {
  it('goes to the lightest, not to the one with the fewest sockets', () => {
    const given = {
      shards: [shardOf('small'), shardOf('large')],
      loads: [loadOf('small', 300), loadOf('large', 1_000, { capacity: 10_000 })],
    };
    expect(choose(given, 0)).toBe('large');
    expect(choose(given, 0.999)).toBe('large');
  });

  it('goes to any of those that are as good as the lightest', () => {
    const given = {
      shards: ['a', 'b', 'c'].map((shard) => shardOf(shard)),
      loads: [loadOf('a', 100), loadOf('b', 149), loadOf('c', 160)],
    };
    expect([0, 0.49, 0.5, 0.99].map((random) => choose(given, random))).toEqual(['a', 'a', 'b', 'b']);
  });

  it('gets none when none serves', () => {
    expect(choose({ shards: [], loads: [] }, 0)).toBeUndefined();
    expect(choose({ shards: [shardOf('a')], loads: [] }, 0)).toBeUndefined();
    expect(choose({ shards: [shardOf('a', 'closed')], loads: [loadOf('a', 1)] }, 0)).toBeUndefined();
    expect(choose({ shards: [shardOf('a')], loads: [loadOf('a', 0, { capacity: 0 })] }, 0)).toBeUndefined();
  });

  it('never goes to a closed, dead or unknown shard, and gets one whenever one serves', () => {
    fc.assert(
      fc.property(facts, chance, (given, random) => {
        const serving = given.shards.filter(
          ({ shard, state }) =>
            state === 'open' &&
            given.loads.some(
              (load) => load.shard === shard && load.capacity > 0 && now - load.at <= loadFreshMs,
            ),
        );
        const chosen = choose(given, random);
        if (serving.length === 0) expect(chosen).toBeUndefined();
        else expect(serving.map(({ shard }) => shard)).toContain(chosen);
      }),
    );
  });

  it('goes to the same wherever the facts stand in their lists', () => {
    const shuffled = facts.chain((given) =>
      fc.record({
        given: fc.constant(given),
        shards: fc.shuffledSubarray(given.shards, { minLength: given.shards.length }),
        loads: fc.shuffledSubarray(given.loads, { minLength: given.loads.length }),
      }),
    );
    fc.assert(
      fc.property(shuffled, chance, ({ given, shards, loads }, random) => {
        expect(choose({ shards, loads }, random)).toBe(choose(given, random));
      }),
    );
  });

  it('never goes to one that is more than 5 points over another', () => {
    fc.assert(
      fc.property(facts, chance, (given, random) => {
        const weighed = weighShards(given, now);
        const chosen = weighed.find(({ shard }) => shard === leastLoaded(weighed, random));
        for (const { state, load } of weighed)
          if (state === 'open' && chosen !== undefined) expect(chosen.load).toBeLessThanOrEqual(load + 0.05);
      }),
    );
  });

  it('and a thousand more share the shards out, the lighter getting more until they are even', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 500 }), { minLength: 2, maxLength: 5 }),
        fc.integer(),
        (start, seed) => {
          const sockets = [...start];
          const given = start.map(() => 0);
          const random = fc.sample(chance, { numRuns: 1_000, seed });
          // Each brings a viewer for each thousandth of a shard's capacity; loads are said after every 50.
          for (let round = 0; round < 20; round += 1) {
            const loads = sockets.map((count, n) => loadOf(`s${n}`, count));
            const shards = sockets.map((_, n) => shardOf(`s${n}`));
            for (const draw of random.slice(round * 50, round * 50 + 50)) {
              const chosen = Number(choose({ shards, loads }, draw)?.slice(1));
              given[chosen] = (given[chosen] ?? 0) + 1;
              sockets[chosen] = (sockets[chosen] ?? 0) + 1;
            }
          }
          // At the end no two are further apart than 5 points and one round of a single shard.
          const began = Math.max(...start);
          const spread = Math.max(...sockets) - Math.min(...sockets);
          const isEven = spread <= 50 + 50;
          expect(isEven || Math.max(...sockets) === began).toBe(true);
          const lightest = start.indexOf(Math.min(...start));
          const heaviest = start.indexOf(began);
          if (began - (start[lightest] ?? 0) > 150)
            expect(given[lightest]).toBeGreaterThan(given[heaviest] ?? 0);
        },
      ),
      { numRuns: 20 },
    );
  });
});
