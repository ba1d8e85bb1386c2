import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Arena, openArena } from '../../../../tools/fuzz/rtmp-arena.ts';
import { attack } from '../../../../tools/fuzz/rtmp-attack.ts';
import { captures, rtmpInputs } from '../../../../tools/fuzz/rtmp-inputs.ts';

// The long run is `npm run fuzz:rtmp -- --inputs 100000 --seed N`.

let arena: Arena;
beforeAll(async () => {
  arena = await openArena();
});
afterAll(() => arena.close());

it('takes the captures as they were recorded', async () => {
  for (const capture of captures) expect(await attack(arena.port, capture)).toBe('published');
  expect(await arena.stats()).toMatchObject({ violations: 0, faults: 0 });
});

it('outlives 2,000 damaged captures without harm to the broadcast beside them', async () => {
  const before = await arena.stats();
  const seed = Date.now() % 2 ** 31;
  const queue = fc.sample(rtmpInputs, { seed, numRuns: 2_000 }).values();
  const outcomes = new Set<string>();
  const worker = async (): Promise<void> => {
    for (const input of queue) outcomes.add(await attack(arena.port, input));
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  const after = await arena.stats();
  expect([...outcomes].toSorted(), `seed ${seed}`).toStrictEqual(['closed', 'published']);
  expect(after, `seed ${seed}`).toMatchObject({ faults: 0, witnessGaps: 0, witnessEnds: 0 });
  expect(after.witnessMessages).toBeGreaterThan(before.witnessMessages);
  expect(after.violations).toBeGreaterThan(500);
  // Measured: about 30 MiB more, most of it the young generation.
  expect(after.rssBytes - before.rssBytes).toBeLessThan(150 * 2 ** 20);
});
