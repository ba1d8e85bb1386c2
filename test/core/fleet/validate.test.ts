import { describe, expect, it } from 'vitest';
import type { Action, Plan } from '../../../core/fleet/decision.ts';
import type { Snapshot } from '../../../core/fleet/snapshot.ts';
import { validate } from '../../../core/fleet/validate.ts';
import { fleet, front, idle, leaving, minute, now, planned, policy, starting, unread } from './fixture.ts';

/** Hosts: two in the front set, one drained and empty, one idle, one that starts. */
const snapshot = fleet({
  hosts: [front({ shows: 2 }), front(), leaving('drain', { emptySince: 90 }), idle(), starting()],
});

const faults = (action: Action, facts: Snapshot = snapshot): readonly string[] => {
  const made: Plan = {
    ...planned(snapshot),
    decisions: [{ action, subject: {}, reason: 'scale-in', text: 'planted' }],
  };
  return validate(made, facts, policy, now).map(({ invariant, text }) => `${invariant} ${text}`);
};
const stop = (taskId: string, forced = false): Action => ({
  kind: 'stop-task',
  taskId,
  reason: 'planted',
  forced,
});

describe('the second look at a plan finds', () => {
  it('nothing in what is right', () => {
    expect(faults(stop('task-03'))).toEqual([]);
    expect(faults(stop('task-05'))).toEqual([]);
    expect(faults({ kind: 'terminate-host', hostId: 'i-04' })).toEqual([]);
    expect(faults({ kind: 'set-front', ips: ['198.51.100.1'], ttlS: 20 })).toEqual([]);
    expect(
      faults({ kind: 'release-address', addressId: 'eip-99', ip: '198.51.100.99', slot: 'in-99' }),
    ).toEqual([]);
  });

  it('a stop of a task that holds a show, takes newcomers, has bytes to store, or is not heard', () => {
    expect(faults(stop('task-01'))[0]).toMatch(/^I1/);
    expect(faults(stop('task-02'))[0]).toMatch(/^I1 it still takes/);
    const drained = (wish: Parameters<typeof leaving>[1]): Snapshot =>
      fleet({ hosts: [front(), leaving('drain', wish)] });
    expect(faults(stop('task-02'), drained({ shows: 1 }))[0]).toMatch(/^I1 it holds 1/);
    expect(faults(stop('task-02'), drained({ beat: { unstoredBytes: 1 } }))[0]).toMatch(/^I1/);
    expect(faults(stop('task-02'), drained({ beat: { passing: 1 } }))[0]).toMatch(/^I1/);
    expect(faults(stop('task-02'), drained({ beat: { at: now - minute } }))[0]).toMatch(/^I1/);
    expect(faults(stop('task-02'), drained({ beat: { at: now + minute } }))[0]).toMatch(/^I1/);
  });

  it('but a person may stop whatever she wants', () => {
    expect(faults(stop('task-01', true))).toEqual([]);
  });

  it('the end of a host on which a task is, or from which somebody is heard', () => {
    for (const hostId of ['i-01', 'i-03', 'i-05']) {
      expect(faults({ kind: 'terminate-host', hostId })[0]).toMatch(/^I1/);
    }
    const heard = fleet({ hosts: [front(), idle({ beat: { at: now + minute } })] });
    expect(faults({ kind: 'terminate-host', hostId: 'i-02' }, heard)[0]).toMatch(/^I1/);
  });

  it('a front set that is empty, or names what nobody serves', () => {
    for (const ips of [
      [],
      ['198.51.100.4'],
      ['198.51.100.5'],
      ['192.0.2.1'],
      ['198.51.100.1', '198.51.100.99'],
    ]) {
      expect(faults({ kind: 'set-front', ips, ttlS: 20 })[0]).toMatch(/^I3/);
    }
  });

  it('an address that is given away while it is in use', () => {
    const of = { slot: 'in-01', addressId: 'eip-01', ip: '198.51.100.1' };
    expect(faults({ kind: 'release-address', ...of })[0]).toMatch(/^I3/);
    expect(
      faults({ kind: 'release-address', slot: 'in-04', addressId: 'eip-04', ip: '198.51.100.4' })[0],
    ).toMatch(/^I1/);
    expect(
      faults({ kind: 'associate-address', slot: 'in-99', addressId: 'eip-99', hostId: 'i-01' })[0],
    ).toMatch(/^I1/);
  });

  it('whatever could do harm, where the facts for it are not known', () => {
    const needs = [
      [stop('task-03'), 'heartbeats'],
      [{ kind: 'terminate-host', hostId: 'i-04' }, 'tasks'],
      [{ kind: 'terminate-host', hostId: 'i-04' }, 'heartbeats'],
      [{ kind: 'release-address', addressId: 'eip-99', ip: '198.51.100.99', slot: 'in-99' }, 'addresses'],
      [{ kind: 'set-front', ips: ['198.51.100.1'], ttlS: 20 }, 'heartbeats'],
    ] as const;
    for (const [action, source] of needs) {
      expect(faults(action, unread(snapshot, minute, source)), `${action.kind} ${source}`).toHaveLength(1);
      expect(faults(action, unread(snapshot, Infinity, source)), `${action.kind} ${source}`).toHaveLength(1);
    }
  });
});
