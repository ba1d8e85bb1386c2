import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tidecastAt } from './command.ts';
import { taskIds } from './fleet.ts';
import { startInstallation, type Installation } from './installation.ts';

let installation: Installation;
beforeAll(async () => {
  installation = await startInstallation();
});
afterAll(() => installation.close());
beforeEach(() => {
  installation.asked.length = 0;
});

const posts = () => installation.asked.filter(({ method }) => method === 'POST');

describe('tidecast drain and keep', () => {
  it('ask for the task that the beginning means, with the reason', async () => {
    const { code, out } = await tidecastAt(installation, ['drain', '0f3c', '--reason', 'its disk is noisy']);
    expect(code).toBe(0);
    expect(posts()).toEqual([
      {
        method: 'POST',
        path: `/api/ops/tasks/${taskIds.serving}/drain`,
        body: { reason: 'its disk is noisy' },
      },
    ]);
    expect(out).toBe(
      `Asked the scheduler to drain ${taskIds.serving} (request request-drain).\n` +
        'It still holds 1 broadcast, and is stopped after the last one has ended.\n' +
        `Follow it: tidecast why ${taskIds.serving}\n`,
    );
  });

  it('say that a task which is not to go stays for an hour', async () => {
    const serves = await tidecastAt(installation, ['keep', taskIds.serving]);
    expect(serves.out).toContain('It is not told to go, and will not be for an hour');
    const drains = await tidecastAt(installation, ['keep', taskIds.draining]);
    expect(drains.out).toContain('It takes new broadcasts again when it has acknowledged that');
  });

  it('take it back, and say so as JSON', async () => {
    const { code, out } = await tidecastAt(installation, ['keep', taskIds.draining, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      kind: 'keep',
      taskId: taskIds.draining,
      reason: 'tidecast keep, no reason given',
      requestId: 'request-keep',
    });
    expect(posts()[0]?.path).toBe(`/api/ops/tasks/${taskIds.draining}/keep`);
  });

  it('never guess: not between two tasks, nor the task of a slot', async () => {
    const ambiguous = await tidecastAt(installation, ['drain', '5b1d']);
    expect(ambiguous).toMatchObject({ code: 2, out: '' });
    const slot = await tidecastAt(installation, ['drain', 'in-02']);
    expect(slot).toMatchObject({ code: 2, out: '' });
    expect(slot.err).toContain('in-02 is a slot, not a task');
    expect(slot.err).toContain(`tidecast drain ${taskIds.draining}`);
    expect(posts()).toEqual([]);
  });

  it('refuse a reason that the log could not hold before anything is asked', async () => {
    const { code, err } = await tidecastAt(installation, ['drain', '0f3c', '--reason', 'x'.repeat(201)]);
    expect(code).toBe(2);
    expect(err).toContain('may have 200 characters and has 201');
    expect(installation.asked).toEqual([]);
  });

  it('pass on what the API says when it refuses', async () => {
    installation.failWith = { status: 409, detail: 'This task has stopped: there is nothing left to do.' };
    const { code, err } = await tidecastAt(installation, ['drain', '0f3c']);
    installation.failWith = undefined;
    expect(code).toBe(1);
    expect(err).toContain('This task has stopped');
  });
});

describe('tidecast force-stop', () => {
  it('shows what it would cut off and does nothing without --yes', async () => {
    const { code, out, err } = await tidecastAt(installation, ['force-stop', '0f3c', '--reason', 'hangs']);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toBe(
      `tidecast: not stopped: task ${taskIds.serving} is only stopped with --yes\n` +
        'It was last heard from 3 s ago. This cuts off 1 broadcast:\n' +
        '  01k9x3v7q2m4n6p8r0s2t4v6w8  live, on air for 2 h  Nagoya Karting: Race 7\n' +
        `Without harm, only later: tidecast drain ${taskIds.serving}\n`,
    );
    expect(posts()).toEqual([]);
  });

  it('warns that nobody knows what a lost task holds', async () => {
    const { err } = await tidecastAt(installation, ['force-stop', '5b1df', '--reason', 'gone']);
    expect(err).toContain('last heard from 5 min ago: whether it holds broadcasts is NOT known');
  });

  it('needs a reason', async () => {
    const { code, err } = await tidecastAt(installation, ['force-stop', '0f3c', '--yes']);
    expect(code).toBe(2);
    expect(err).toContain('--reason TEXT');
    expect(posts()).toEqual([]);
  });

  it('asks with --yes, confirmed by the whole id, and says what it cut off', async () => {
    const { code, out } = await tidecastAt(installation, [
      ...['force-stop', '0f3c', '--reason', 'hangs', '--yes', '--json'],
    ]);
    expect(code).toBe(0);
    expect(posts()).toEqual([
      {
        method: 'POST',
        path: `/api/ops/tasks/${taskIds.serving}/force-stop`,
        body: { reason: 'hangs', confirm: taskIds.serving },
      },
    ]);
    expect(JSON.parse(out)).toMatchObject({ shows: [{ state: 'live', title: 'Nagoya Karting: Race 7' }] });
  });
});
