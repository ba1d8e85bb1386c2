import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tidecastAt } from './command.ts';
import { decisions, stoppedTask, taskIds } from './fleet.ts';
import { startInstallation, type Installation } from './installation.ts';

let installation: Installation;
beforeAll(async () => {
  installation = await startInstallation();
});
afterAll(() => installation.close());

describe('tidecast why', () => {
  it('prints the state of a task, what it waits for and its alarm, then a week of decisions, newest last', async () => {
    const { code, out, err } = await tidecastAt(installation, ['why', '5b1d7']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.trimEnd().split('\n')).toEqual([
      `task ${taskIds.draining}`,
      '  host      i-0ffe2c3d4e5f60719 in-use, launched 1 d 16 h ago',
      '  slot      in-02, 203.0.113.8',
      `  task      ${taskIds.draining}`,
      '  state     draining, told to go 13 h ago',
      '  reason    rollout: image 3fa9c1d was released',
      '  now       waits for 2 broadcasts to end, the longest of them on air for 26 h',
      '  image     77ab12c',
      '  heard     3 s ago',
      '  room      2000 of 4000 points, CPU 52 %',
      '  front set no',
      '  shows     2 broadcasts',
      '            01k9x3v7q2m4n6p8r0s2t4v6x1 live, 1 d 2 h old, 1000 points',
      '            01k9x3v7q2m4n6p8r0s2t4v6w9 interrupted, 12 min old, 1000 points',
      'ALARM       stuck-drain: in-02 drains for 13 h, with 2 broadcasts → docs/runbook.md#stuck-drain',
      '',
      'Decisions of the last week, newest last (UTC)',
      '11-02 14:12:05  write-order done [rollout] expire: image 3fa9c1d was released',
      '11-02 15:12:05  note [waiting] waits for 2 broadcasts to end (3 times, last 11-02 17:12:05)',
    ]);
  });

  it('finds what concerns a slot over all pages, with what failed and why', async () => {
    const { out } = await tidecastAt(installation, ['why', 'in-02']);
    expect(out).toContain('11-02 14:12:05  set-front failed [front-set] in-02 leaves — Rate exceeded');
    expect(out).toContain('expire: image 3fa9c1d was released');
    expect(out).not.toContain('older than a week');
  });

  it('leads from a task that nothing was decided about to its slot, where its start stands', async () => {
    const { out } = await tidecastAt(installation, ['why', taskIds.serving]);
    expect(out).toContain('is about it. Its start stands at its slot: tidecast why in-01');
  });

  it('takes a host by the beginning of its id', async () => {
    const { code, out } = await tidecastAt(installation, ['why', 'i-0cc']);
    expect(code).toBe(0);
    expect(out).toContain('host i-0cce2c3d4e5f6071b');
    expect(out).toContain('launching, launched 50 s ago');
    expect(out).toContain('No decision of the last week is about it.');
  });

  it('knows a task that has stopped this week by its decisions, also by the ARN that the AWS console copies', async () => {
    const arn = `arn:aws:ecs:ap-northeast-1:123456789012:task/tidecast/${stoppedTask}`;
    const { code, out } = await tidecastAt(installation, ['why', arn]);
    expect(code).toBe(0);
    expect(out).toContain('It has stopped');
    expect(out).toContain('stop-task done [empty] empty on two heartbeats, DNS time over');
  });

  it('gives all of it as one document with --json', async () => {
    const { out } = await tidecastAt(installation, ['why', taskIds.draining, '--json']);
    const answer = JSON.parse(out);
    expect(answer).toMatchObject({ kind: 'task', id: taskIds.draining, alarms: [{ name: 'stuck-drain' }] });
    expect(answer.hosts[0].task.why).toContain('waits for');
    expect(answer.decisions).toEqual(
      decisions.slice(1).filter(({ subject }) => subject.taskId === taskIds.draining),
    );
  });

  it('lists what an ambiguous beginning may mean', async () => {
    const { code, out, err } = await tidecastAt(installation, ['why', '5b1d']);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain("'5b1d' may mean 2 things:");
    expect(err).toContain(`  task  ${taskIds.draining}\n  task  ${taskIds.lost}\n`);
  });

  it('says that there is no such thing, and what was probably meant', async () => {
    const { code, err } = await tidecastAt(installation, ['why', 'in-20']);
    expect(code).toBe(1);
    expect(err).toMatch(/no task, host or slot of the last week by the name 'in-20'\nDid you mean in-0\d\?/);
  });
});
