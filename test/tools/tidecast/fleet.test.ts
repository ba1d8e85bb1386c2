import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bareEnvironment, tidecastAt } from './command.ts';
import { fleet, nowMs, taskIds } from './fleet.ts';
import { startInstallation, type Installation } from './installation.ts';

let installation: Installation;
beforeAll(async () => {
  installation = await startInstallation();
});
afterAll(() => installation.close());
beforeEach(() => {
  installation.fleet = fleet;
  installation.clockMs = nowMs;
});

describe('tidecast fleet', () => {
  it('prints one line a host with all that is asked for, whole where stdout is no terminal', async () => {
    const { code, out, err } = await tidecastAt(installation, ['fleet']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const row = out.split('\n').find((line) => line.includes('in-02') && line.startsWith('i-'));
    expect(row?.split(/ {2,}/)).toEqual([
      'i-0ffe2c3d',
      'in-02',
      '203.0.113.8',
      '5b1d7e66',
      '77ab12c',
      'draining',
      '2',
      '2000/4000',
      '52 %',
      'waits for 2 broadcasts to end, the longest of them on air for 26 h',
    ]);
    expect(out).not.toContain('\u001b');
  });

  it('says above it the figures, what limits, the errors, and each alarm with its section of the runbook', async () => {
    const { out } = await tidecastAt(installation, ['fleet']);
    expect(out.split('\n').slice(0, 9)).toEqual([
      'Pass of 11-03 03:12:01 UTC, 4 s ago',
      'Fleet       3 broadcasts on 4 hosts; tasks: 1 serving, 1 draining (longest 13 h), 1 lost',
      'Room        3000 points in use, 3000 free; wanted 2150, never under 1075',
      'Image       3fa9c1d spreads: 2 of 3 tasks; others: 77ab12c (old) on 1',
      'Front set   203.0.113.7 (in-01)',
      'Limited by  address quota',
      'ALARM       stuck-drain: in-02 drains for 13 h, with 2 broadcasts → docs/runbook.md#stuck-drain',
      'ALARM       lost-task: in-03 is silent for 5 min → docs/runbook.md#lost-task',
      'Error       set-front: Rate exceeded',
    ]);
  });

  it('raises the alarm that no plan can: the scheduler is silent, by the clock over there', async () => {
    installation.clockMs = nowMs + 600_000;
    const { out } = await tidecastAt(installation, ['fleet']);
    expect(out).toContain('ALARM       scheduler-silent: the last pass ended 10 min ago');
    const { out: json } = await tidecastAt(installation, ['fleet', '--json']);
    expect(JSON.parse(json).alarms.map((alarm: { name: string }) => alarm.name)).toEqual([
      'scheduler-silent',
      'stuck-drain',
      'lost-task',
    ]);
  });

  it('gives one JSON document on stdout with --json, nothing else', async () => {
    const { code, out, err } = await tidecastAt(installation, ['fleet', '--json']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(out)).toEqual(fleet);
  });

  it('lets no text of others reach the terminal as a control sequence', async () => {
    const [first, ...rest] = fleet.hosts;
    if (first?.task === undefined) throw new Error('the first host has a task');
    const task = { ...first.task, why: 'calm\u001b[2J\u001b]0;title\u0007\u202efine' };
    installation.fleet = { ...fleet, hosts: [{ ...first, task }, ...rest], errors: ['\u001b[31mred'] };
    const { out } = await tidecastAt(installation, ['fleet']);
    expect(out).toContain('calm [2J ]0;title fine');
    for (const bad of ['\u001b', '\u0007', '\u202e']) expect(out).not.toContain(bad);
  });

  it('says so when there are no hosts', async () => {
    installation.fleet = { ...fleet, hosts: [], front: [] };
    const { out } = await tidecastAt(installation, ['fleet']);
    expect(out).toContain('No hosts.');
    expect(out).toContain('Front set   empty: no encoder finds its way in');
  });

  it('draws again until Ctrl-C with --watch, through an outage, and then ends well', async () => {
    const main = join(import.meta.dirname, '..', '..', '..', 'tools', 'tidecast', 'main.ts');
    const child = spawn(process.execPath, [main, 'fleet', '--watch', '--url', installation.url], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...bareEnvironment, TIDECAST_TOKEN: installation.token },
    });
    let out = '';
    const seen = async (text: string): Promise<void> => {
      while (!out.includes(text)) {
        const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
        out += chunk.toString();
      }
    };
    await seen(taskIds.serving.slice(0, 8));
    installation.failWith = { status: 503, detail: 'The data can’t be reached right now.' };
    await seen('The data can’t be reached right now.; trying again');
    installation.failWith = undefined;
    installation.fleet = { ...fleet, errors: ['is back'] };
    await seen('is back');
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('refuses --watch with --json, which is one document', async () => {
    const { code, out } = await tidecastAt(installation, ['fleet', '--watch', '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(out).error).toMatchObject({ kind: 'usage' });
  });
});
