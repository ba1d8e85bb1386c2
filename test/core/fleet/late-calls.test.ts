/** A call whose answer never came may be carried out minutes later: what was told to end gets no more work. */
import { describe, expect, it } from 'vitest';
import { fleet, front, idle, inShort, leaving, longAgo, now, planned, policy, second } from './fixture.ts';
import { plan } from '../../../core/fleet/plan.ts';
import type { OperatorRequest } from '../../../core/fleet/snapshot.ts';

const quiet = [front({ shows: 1 }), front({ shows: 1 })];
const full = [front({ shows: 4 }), front({ shows: 4 })];

describe('a host whose termination was sent', () => {
  const surplus = { hosts: [...quiet, idle({ mark: { idleSince: longAgo } })] };

  it('is remembered as such by the pass that sends it', () => {
    const made = planned(surplus);
    expect(inShort(made)).toContain('terminate-host i-03');
    expect(made.memory.hosts['i-03']?.endSent).toBe(true);
  });

  it('gets no task when room is wanted again: it is ended once more, and another host asked for', () => {
    const made = planned({ hosts: [...full, idle({ mark: { idleSince: longAgo, endSent: true } })] });
    expect(inShort(made)).toContain('terminate-host i-03');
    expect(inShort(made).some((text) => text.startsWith('start-task'))).toBe(false);
    expect(inShort(made).some((text) => text.startsWith('set-desired'))).toBe(true);
    // The same host without the mark would have got one.
    const free = planned({ hosts: [...full, idle({ mark: { idleSince: longAgo } })] });
    expect(inShort(free).some((text) => text.startsWith('start-task i-03'))).toBe(true);
  });
});

describe('a task whose stop was sent', () => {
  const drained = leaving('drain', { order: { reason: 'scale-in' }, emptySince: 1 });

  it('is not taken back when demand returns: it is stopped once more', () => {
    const start = fleet({ hosts: [...quiet, drained] });
    const first = plan(start, policy, now);
    expect(inShort(first)).toContain('stop-task task-03');
    expect(first.memory.tasks['task-03']?.stopSent).toBe(true);

    const later = plan(
      { ...fleet({ hosts: [...full, drained] }), memory: first.memory },
      policy,
      now + second,
    );
    expect(inShort(later)).toContain('stop-task task-03');
    expect(inShort(later)).not.toContain('serve task-03 demand-came-back');
  });

  it('is not kept by a person either, who is told why', () => {
    const keep: OperatorRequest = {
      requestId: 'r-1',
      kind: 'keep',
      taskId: 'task-03',
      by: 'ops',
      reason: 'late',
      at: now - second,
    };
    const wish = { hosts: [...quiet, drained], sources: { requests: [keep] } };
    const { memory } = plan(fleet({ hosts: [...quiet, drained] }), policy, now);
    const made = plan({ ...fleet(wish), memory }, policy, now + second);
    expect(inShort(made)).toContain('stop-task task-03');
    expect(made.notes.map(({ text }) => text).join()).toContain('too late to keep it');
    expect(inShort(planned(wish))).toContain('serve task-03 operator');
  });
});
