import { parseArgs } from 'node:util';
import { simulate } from './run.ts';

const { values } = parseArgs({
  allowNegative: true,
  options: {
    days: { type: 'string', default: '7' },
    peak: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    faults: { type: 'boolean', default: true },
    room: { type: 'string', default: '4' },
    'push-every-hours': { type: 'string', default: '24' },
  },
});
const t0 = performance.now();
const outcome = await simulate({
  days: Number(values.days),
  peak: Number(values.peak),
  seed: Number(values.seed),
  faults: values.faults,
  pushEveryHours: Number(values['push-every-hours']),
  room: Number(values.room),
  fallbackShare: 0,
  mixed: false,
  announced: true,
});
const { tally } = outcome.world;
console.log(JSON.stringify({ ...tally, waitsMs: undefined, violations: tally.violations.length }, null, 1));
for (const v of tally.violations.slice(0, 20)) console.log(new Date(v.at).toISOString(), v.invariant, v.text);
for (const f of outcome.failures.slice(0, 5)) console.log(f);
console.log('passes', outcome.passes, 'failures', outcome.failures.length, 'pushes', outcome.rollouts.pushes.length, ((performance.now() - t0) / 1000).toFixed(1), 's');
console.log(JSON.stringify(outcome.figures));
