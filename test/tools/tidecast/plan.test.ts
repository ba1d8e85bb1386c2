import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Plan } from '../../../core/fleet/decision.ts';
import { plan } from '../../../core/fleet/plan.ts';
import { planLines } from '../../../tools/tidecast/plan-lines.ts';
import { passFile } from '../../../tools/tidecast/snapshot-file.ts';
import { paintFor } from '../../../tools/tidecast/text.ts';
import { tidecast, tidecastAt } from './command.ts';
import { startInstallation, type Installation } from './installation.ts';
import { fullFleet } from './pass.ts';

const { snapshot, policy, at } = fullFleet;
const expected = plan(snapshot, policy, at);

let installation: Installation;
let file: string;
beforeAll(async () => {
  installation = await startInstallation();
  installation.snapshot = fullFleet;
  file = await installation.file('pass.json', fullFleet);
});
afterAll(() => installation.close());

describe('tidecast plan', () => {
  it('prints what the planner decides with the facts of the last pass, at the time of that pass', async () => {
    const { code, out } = await tidecastAt(installation, ['plan', '--dry-run', '--json']);
    expect(code).toBe(0);
    const { decisions, notes, limitedBy, alarms, figures } = expected;
    expect(decisions.length).toBeGreaterThan(0);
    expect(JSON.parse(out)).toEqual(
      JSON.parse(
        JSON.stringify({ at, decisions, notes, limitedBy, alarms, figures, violations: [], changes: [] }),
      ),
    );
  });

  it('prints it in order, with reasons, for people', async () => {
    const { out } = await tidecastAt(installation, ['plan']);
    expect(out).toContain('Nothing is carried out. Facts and clock of 11-03 03:12:05 UTC.');
    expect(out).toContain('8 broadcasts, 8000 points in use, 0 free');
    const first = expected.decisions[0];
    expect(out).toContain(`[${first?.reason}] ${first?.text}`);
    expect(installation.asked.every(({ method }) => method === 'GET')).toBe(true);
  });

  it('keeps the facts with --save, and plans the same from that file, asking nobody', async () => {
    const kept = join(installation.data, 'kept.json');
    const live = await tidecastAt(installation, ['plan', '--save', kept, '--json']);
    expect(JSON.parse(await readFile(kept, 'utf8'))).toEqual(JSON.parse(JSON.stringify(fullFleet)));
    const later = await tidecast(['plan', '--snapshot', kept, '--json']);
    expect(later).toEqual(live);
    const over = await tidecastAt(installation, ['plan', '--save', kept]);
    expect(over.code).toBe(2);
    expect(over.err).toContain('is there already');
  });

  it('shows with --policy what would happen if: what is new, what falls away, what limits', async () => {
    const fewer = await installation.file('fewer.json', { hosts: { max: 2 } });
    const { code, out } = await tidecast(['plan', '--snapshot', file, '--policy', fewer]);
    expect(code).toBe(0);
    expect(out).toContain('hosts.max: 20 → 2');
    expect(out).toMatch(/^Limited by .*host maximum/m);
    expect(out).toMatch(/Not any more with this policy\n- set-desired \d/);
    const more = await installation.file('more.json', { buffer: { absolutePoints: 9000 } });
    expect((await tidecast(['plan', '--snapshot', file, '--policy', more])).out).toMatch(
      /\n\+ set-desired \d/,
    );
  });

  it('names what is wrong with a file', async () => {
    for (const [name, value, option, text] of [
      ['not.json', '{', 'snapshot', 'is not JSON'],
      ['half.json', { at }, 'snapshot', 'is not one that can be planned from: snapshot'],
      [
        'odd.json',
        {
          ...fullFleet,
          snapshot: { ...snapshot, sources: { group: { at, value: { desired: 'two', maxHosts: 3 } } } },
        },
        'snapshot',
        'snapshot.sources.group.value.desired: Invalid input: expected number, received string',
      ],
      [
        'typo.json',
        { hosts: { maxx: 3 } },
        'policy',
        'the policy has no hosts.maxx\nDid you mean hosts.max?',
      ],
    ] as const) {
      const path = await installation.file(name, value);
      const args = option === 'policy' ? ['--snapshot', file, '--policy', path] : ['--snapshot', path];
      const { code, err } = await tidecast(['plan', ...args]);
      expect({ name, code }).toEqual({ name, code: 2 });
      expect(err).toContain(text);
    }
    const missing = await tidecast(['plan', '--snapshot', 'nowhere.json']);
    expect(missing).toMatchObject({ code: 2, out: '' });
    expect(missing.err).toContain('--snapshot nowhere.json: there is no such file');
  });
});

describe('facts on their way through JSON', () => {
  it('are the same for the planner: what could not be read stays unknown', () => {
    const read = passFile.parse(JSON.parse(JSON.stringify(fullFleet)));
    expect(read.snapshot).toEqual(snapshot);
    expect(Object.hasOwn(read.snapshot.sources, 'events')).toBe(true);
    expect(plan(read.snapshot, policy, at)).toEqual(expected);
  });
});

describe('a plan that breaks an invariant', () => {
  it('is shown as such', () => {
    const stop: Plan['decisions'][number] = {
      action: { kind: 'stop-task', taskId: 'task-1', reason: 'empty', forced: false },
      subject: { taskId: 'task-1' },
      reason: 'empty',
      text: 'thought to be empty',
    };
    const bad: Plan = { ...expected, decisions: [stop] };
    const violations = [{ invariant: 'I1', decision: stop, text: 'it holds 4 broadcasts' }] as const;
    const lines = planLines(
      { at, plan: bad, violations, changes: [], inForce: bad },
      { width: Infinity, paint: paintFor(false) },
    );
    expect(lines.slice(-2)).toEqual([
      'BREAKS AN INVARIANT, would not be applied',
      '  I1: stop-task task-1: it holds 4 broadcasts',
    ]);
  });
});
