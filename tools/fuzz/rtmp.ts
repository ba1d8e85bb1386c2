import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { openArena } from './rtmp-arena.ts';
import { attack, type AttackOutcome } from './rtmp-attack.ts';
import { rtmpInputs } from './rtmp-inputs.ts';

/**
 * `npm run fuzz:rtmp -- --inputs 100000 --seed 1`: damaged captures against a live server while a real ffmpeg
 * publishes to it. Last line: one JSON object. Fails when the server died, held memory, or harmed the witness.
 */
const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    parallel: { type: 'string', default: '24' },
  },
});
const inputs = Number(values.inputs);
const seed = Number(values.seed);
const parallel = Number(values.parallel);

/** Inputs of a batch have a seed of their own, `seed + batch`: a finding is found again without all before it. */
const batchInputs = 1_000;
const startedAt = performance.now();
const arena = await openArena();
const before = await arena.stats();
const outcomes: Record<AttackOutcome, number> = { published: 0, closed: 0, stuck: 0, 'no-connection': 0 };
let longestHoldMs = 0;
let peakRssBytes = before.rssBytes;

for (let done = 0, batch = 0; done < inputs && arena.alive(); batch++) {
  const count = Math.min(batchInputs, inputs - done);
  const queue = fc.sample(rtmpInputs, { seed: seed + batch, numRuns: count }).values();
  const worker = async (): Promise<void> => {
    for (const input of queue) outcomes[await attack(arena.port, input)] += 1;
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  done += count;
  if (!arena.alive()) break;
  const stats = await arena.stats();
  longestHoldMs = Math.max(longestHoldMs, stats.longestHoldMs);
  peakRssBytes = Math.max(peakRssBytes, stats.rssBytes);
  if (batch % 10 === 9 || done === inputs) {
    const rss = `${(stats.rssBytes / 2 ** 20).toFixed(0)} MiB`;
    console.log(
      `${done} of ${inputs} (batch seed ${seed + batch}): ${rss}, ${stats.violations} violations, ` +
        `${stats.faults} faults, witness ${stats.witnessMessages} frames, ${stats.witnessGaps} gaps`,
    );
  }
}

const survived = arena.alive();
const after = survived ? await arena.stats() : undefined;
await arena.close();
const good =
  after !== undefined &&
  outcomes.stuck + outcomes['no-connection'] + after.faults + after.witnessGaps + after.witnessEnds === 0;
console.log(
  JSON.stringify({
    inputs,
    seed,
    survived,
    ...outcomes,
    violations: after?.violations,
    faults: after?.faults,
    witness_frames: after?.witnessMessages,
    witness_gaps: after?.witnessGaps,
    witness_ends: after?.witnessEnds,
    rss_before_mb: Math.round(before.rssBytes / 2 ** 20),
    rss_peak_mb: Math.round(peakRssBytes / 2 ** 20),
    rss_mb: after === undefined ? undefined : Math.round(after.rssBytes / 2 ** 20),
    longest_hold_ms: longestHoldMs,
    seconds: Math.round((performance.now() - startedAt) / 1000),
  }),
);
process.exitCode = good ? 0 : 1;
