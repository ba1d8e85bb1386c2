import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCommandLine } from '../../../tools/simulate/options.ts';
import { policyFor } from '../../../tools/simulate/policy.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidecast-simulate-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (text: string): string => {
  const path = join(folder, 'policy.json');
  writeFileSync(path, text);
  return path;
};

describe("the simulator's command line", () => {
  it('asks for a week at the peak of the figures when nothing is said', () => {
    expect(readCommandLine([])).toMatchObject({
      simulation: {
        days: 7,
        peak: 300,
        seed: 1,
        room: 4,
        faults: true,
        pushEveryHours: 24,
        fallbackShare: 0,
        mixed: false,
        announced: true,
      },
      seeds: 1,
      json: false,
      quiet: false,
    });
  });

  it('takes what is said', () => {
    const args = '--days 2 --peak 40 --seed 9 --seeds 3 --no-faults --no-announce --mixed --json --quiet';
    expect(
      readCommandLine([
        ...args.split(' '),
        '--fallback',
        '0.5',
        '--push-every-hours',
        '0',
        '--fault-rate',
        '3',
      ]),
    ).toMatchObject({
      simulation: {
        days: 2,
        peak: 40,
        seed: 9,
        faults: false,
        announced: false,
        mixed: true,
        fallbackShare: 0.5,
        pushEveryHours: 0,
        faultRate: 3,
      },
      seeds: 3,
      json: true,
      quiet: true,
    });
  });

  it('answers a wish for help with nothing to do', () => {
    expect(readCommandLine(['--help'])).toBeUndefined();
  });

  it.each([
    [['--days', 'many'], '--days many'],
    [['--peak', '0'], '--peak 0'],
    [['--seed', '1.5'], '--seed 1.5'],
    [['--fallback', '2'], '--fallback 2'],
    [['--fault-rate', '0'], '--fault-rate 0'],
    [['--policy', join('no', 'such', 'file')], '--policy'],
    [['--what'], '--what'],
  ])('says what is wrong with %j', (args, message) => {
    expect(() => readCommandLine(args)).toThrow(message);
  });

  it('changes the policy by a file, section by section', () => {
    const path = file('{"buffer":{"deviations":2},"graceMs":30000}');
    const changes = readCommandLine(['--policy', path])?.simulation.policy;
    const policy = policyFor({ peak: 300, room: 4, changes });
    expect(policy.buffer.deviations).toBe(2);
    expect(policy.graceMs).toBe(30_000);
    expect(policy.buffer.absolutePoints).toBe(policyFor({ peak: 300, room: 4 }).buffer.absolutePoints);
  });

  it.each([
    ['{"bufer":{}}', 'policy.bufer'],
    ['{"buffer":{"deviation":2}}', 'policy.buffer.deviation'],
    ['{"buffer":{"deviations":"2"}}', 'policy.buffer.deviations'],
    ['{"buffer":3}', 'policy.buffer'],
    ['[]', 'has to be an object'],
    ['{', '--policy'],
  ])('refuses the policy %s', (text, message) => {
    expect(() => readCommandLine(['--policy', file(text)])).toThrow(message);
  });

  it('gives the fleet hosts, addresses and slots for two generations at the peak', () => {
    const policy = policyFor({ peak: 300, room: 4 });
    expect(policy.hosts).toMatchObject({ max: 170, roomPoints: 4000 });
    expect(policy.addresses.quota).toBeGreaterThan(policy.hosts.max);
    expect(new Set(policy.slots).size).toBe(policy.hosts.max);
  });
});
