import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { policyFor, type PolicyChanges } from './policy.ts';
import type { SimulationOptions } from './run.ts';

export const help = `The fleet scheduler in virtual time: the real planner and loop against a model of the account.

  npm run simulate [-- OPTIONS]

  --days N              length of the trace                                   (default 7)
  --peak N              broadcasts at once in the busiest evening             (default 300)
  --seed N              everything random follows from it                     (default 1)
  --seeds N             so many runs, from --seed on, each printed, then all  (default 1)
  --room N              typical broadcasts that a host holds                  (default 4)
  --push-every-hours N  hours between image releases; 0: none                 (default 24)
  --no-faults           nothing goes wrong                                    (default: everything does)
  --fault-rate N        faults N times as often as docs/simulator.md says     (default 1)
  --fallback SHARE      of encoders that try a second address when the first
                        does not take the connection (OBS 30.1 and later)     (default 0)
  --mixed               a mix of ladders instead of 1000 points for everybody
  --no-announce         the weekend event comes as a surprise
  --policy FILE         JSON with changes to the policy: {"buffer":{"deviations":2}}
  --report FILE         an HTML page with the curves (of the first seed)
  --json                only the last line, one JSON object
  --quiet               no progress on standard error
  --help                this text

Last line: {"interrupted","refused","encoders","wait_p999_s","host_hours","lower_bound_hours","ratio",
"violations","rollout_last_task_old_image_h"}. Exit code 1 when a broadcast was interrupted or an invariant broken.
docs/simulator.md says what is modelled and where each number comes from.`;

export interface CommandLine {
  readonly simulation: SimulationOptions;
  readonly seeds: number;
  readonly report: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** Undefined: help was asked for. @throws RangeError with what is wrong */
export function readCommandLine(args: readonly string[]): CommandLine | undefined {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      days: { type: 'string', default: '7' },
      peak: { type: 'string', default: '300' },
      seed: { type: 'string', default: '1' },
      seeds: { type: 'string', default: '1' },
      room: { type: 'string', default: '4' },
      'push-every-hours': { type: 'string', default: '24' },
      faults: { type: 'boolean', default: true },
      'fault-rate': { type: 'string', default: '1' },
      fallback: { type: 'string', default: '0' },
      mixed: { type: 'boolean', default: false },
      announce: { type: 'boolean', default: true },
      policy: { type: 'string' },
      report: { type: 'string' },
      json: { type: 'boolean', default: false },
      quiet: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  return {
    simulation: {
      days: number('--days', values.days, { from: 0.01, to: 366 }),
      peak: number('--peak', values.peak, { from: 1, to: 20_000 }),
      seed: whole('--seed', values.seed, { from: 0, to: 2 ** 31 }),
      room: number('--room', values.room, { from: 1, to: 1000 }),
      pushEveryHours: number('--push-every-hours', values['push-every-hours'], { from: 0, to: 10_000 }),
      faults: values.faults,
      faultRate: number('--fault-rate', values['fault-rate'], { from: 0.001, to: 100 }),
      fallbackShare: number('--fallback', values.fallback, { from: 0, to: 1 }),
      mixed: values.mixed,
      announced: values.announce,
      ...(values.policy === undefined ? {} : { policy: readPolicy(values.policy) }),
    },
    seeds: whole('--seeds', values.seeds, { from: 1, to: 10_000 }),
    report: values.report,
    json: values.json,
    quiet: values.quiet,
  };
}

interface Range {
  readonly from: number;
  readonly to: number;
}

function number(option: string, text: string, { from, to }: Range): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < from || value > to) {
    throw new RangeError(`${option} ${text}: has to be a number from ${from} to ${to}`);
  }
  return value;
}

function whole(option: string, text: string, range: Range): number {
  const value = number(option, text, range);
  if (!Number.isInteger(value)) throw new RangeError(`${option} ${text}: has to be a whole number`);
  return value;
}

function readPolicy(file: string): PolicyChanges {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new RangeError('has to be an object');
    }
    // Names and kinds are looked at now, before anything runs.
    policyFor({ peak: 1, room: 1, changes: value });
    return value;
  } catch (error) {
    throw new RangeError(`--policy ${file}: ${error instanceof Error ? error.message : ''}`, {
      cause: error,
    });
  }
}
