import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stateInReport, viewFleet } from '../../../core/fleet/view.ts';
import type { PassReport } from '../../../core/fleet/ports.ts';
import type { Facts, SourceName } from '../../../core/fleet/snapshot.ts';
import { brokenImage, newImage, oldImage } from '../../support/fleet/hosts.ts';
import { fleetReport } from '../../support/fleet/report.ts';

const now = Date.UTC(2026, 10, 20);
const report = fleetReport({ hosts: 20, now });

/** The same pass with one source changed. */
function withSource<Name extends SourceName>(
  name: Name,
  change: (value: Facts[Name]) => Facts[Name],
): PassReport {
  const source = report.snapshot.sources[name];
  if (source === undefined) throw new Error(`the fixture has no ${name}`);
  return {
    ...report,
    snapshot: {
      ...report.snapshot,
      sources: {
        ...report.snapshot.sources,
        [name]: { ...source, value: change(source.value) },
      },
    },
  };
}

const without = (...names: readonly SourceName[]): PassReport => ({
  ...report,
  snapshot: {
    ...report.snapshot,
    sources: {
      ...report.snapshot.sources,
      ...Object.fromEntries(names.map((name) => [name, undefined])),
    },
  },
});

const hostAt = (slot: string, of: PassReport = report) => {
  const host = viewFleet(of).hosts.find((each) => each.slot === slot);
  if (host === undefined) throw new Error(`no host at ${slot}`);
  return host;
};

describe('the view of a pass', () => {
  it('has every host with the state of its task', () => {
    const { hosts } = viewFleet(report);
    expect(hosts.map(({ slot, state, task }) => `${slot ?? '-'} ${state} ${task?.state ?? '-'}`)).toEqual([
      'in-01 in-use serving',
      'in-02 in-use serving',
      'in-03 in-use draining',
      'in-04 in-use serving',
      'in-05 in-use serving',
      'in-06 in-use starting',
      'in-07 in-use serving',
      'in-08 in-use draining',
      'in-09 in-use serving',
      'in-10 lost lost',
      'in-11 in-use serving',
      'in-12 in-use expired',
      'in-13 in-use serving',
      'in-15 in-use draining',
      'in-16 in-use serving',
      'in-17 idle -',
      'in-18 in-use serving',
      'in-19 in-use stopping',
      '- terminating -',
      '- launching -',
    ]);
  });

  it('says of a task what it said of itself', () => {
    const { task } = hostAt('in-01');
    const heartbeat = report.snapshot.sources.heartbeats?.value.find(({ slot }) => slot === 'in-01');
    expect(task).toMatchObject({
      taskId: heartbeat?.taskId,
      digest: newImage,
      seenAt: heartbeat?.at,
      cpu: heartbeat?.cpu,
      roomPoints: 4_000,
      usedPoints: heartbeat?.shows.reduce((sum, { points }) => sum + points, 0),
    });
    expect(new Set(task?.shows)).toEqual(new Set(heartbeat?.shows));
    expect(task).not.toHaveProperty('order');
  });

  it('says of a task that goes why, since when, and what it waits for', () => {
    const { task } = hostAt('in-03');
    expect(task?.order).toEqual({
      reason: 'scale-in',
      text: expect.stringContaining('not needed'),
      since: now - 14 * 3_600_000,
    });
    expect(task?.why).toMatch(/^waits for \d broadcast/);
  });

  it('prefers what is decided about a task to what is noted about it', () => {
    const { task } = hostAt('in-12');
    const noted: PassReport = {
      ...report,
      plan: {
        ...report.plan,
        notes: [{ subject: { taskId: task?.taskId ?? '' }, reason: 'waiting', text: 'a note' }],
      },
    };
    expect(hostAt('in-12', noted).task?.why).toMatch(/^out of the front set/);
    const undecided = { ...noted, plan: { ...noted.plan, decisions: [] } };
    expect(hostAt('in-12', undecided).task?.why).toBe('a note');
  });

  it('no longer shows the order of a task that may stay', () => {
    const kept = withSource('orders', (orders) => orders.map((order) => ({ ...order, phase: 'serve' })));
    expect(hostAt('in-12', kept).task).toMatchObject({ state: 'serving' });
    expect(hostAt('in-12', kept).task).not.toHaveProperty('order');
  });

  it('marks what the name answers, by what the records say', () => {
    const { front, hosts } = viewFleet(report);
    expect(front.length).toBeGreaterThan(5);
    expect(front[0]).toEqual({ ip: '198.18.0.0', slot: 'in-01' });
    expect(hosts.filter(({ task }) => task?.inFront).map(({ address }) => address)).toEqual(
      front.map(({ ip }) => ip),
    );
    const strange = withSource('records', (records) => ({ ...records, front: ['203.0.113.9'] }));
    expect(viewFleet(strange).front).toEqual([{ ip: '203.0.113.9' }]);
  });

  it('leaves out what has stopped, and hosts that are gone', () => {
    const stopped = withSource('tasks', (tasks) => tasks.map((task) => ({ ...task, status: 'stopped' })));
    expect(viewFleet(stopped).hosts.every(({ task }) => task === undefined)).toBe(true);
    const gone = withSource('hosts', (hosts) => hosts.map((host) => ({ ...host, state: 'gone' })));
    // Those that still have a task are not left out, whatever EC2 says.
    expect(viewFleet(gone).hosts.map(({ state }) => state)).toEqual(Array(17).fill('gone'));
  });

  it('shows two tasks on one host side by side', () => {
    const hostId = hostAt('in-01').hostId;
    const crowded = withSource('tasks', (tasks) =>
      tasks.map((task) => (task.slot === 'in-02' ? { ...task, hostId } : task)),
    );
    const both = viewFleet(crowded).hosts.filter((host) => host.hostId === hostId);
    expect(both.map(({ task }) => task?.slot)).toEqual(['in-01', 'in-02']);
  });

  it('goes by the heartbeats when the orchestrator can’t be read', () => {
    const { hosts, errors } = viewFleet(without('tasks', 'hosts'));
    expect(hosts.filter(({ task }) => task?.state === 'serving')).toHaveLength(10);
    expect(hosts.filter(({ task }) => task?.state === 'lost').map(({ state }) => state)).toEqual(['lost']);
    expect(hosts[0]).toMatchObject({ slot: 'in-01', state: 'in-use', address: '198.18.0.0' });
    expect(errors).toContain('tasks: could not be read');
  });

  it('shows a task that only its fresh heartbeat knows of, and not one that fell silent', () => {
    const unlisted = withSource('tasks', () => []);
    const shown = viewFleet(unlisted).hosts.flatMap(({ task }) => task ?? []);
    expect(shown).toHaveLength(15);
    expect(shown.map(({ state }) => state)).not.toContain('lost');
  });

  it('survives a table that leaves out what is undefined', () => {
    const read = JSON.parse(JSON.stringify(without('heartbeats', 'events', 'records'))) as PassReport;
    expect(viewFleet(read).errors).toEqual(
      expect.arrayContaining(['records: could not be read', 'heartbeats: could not be read']),
    );
    expect(viewFleet(read).front).toHaveLength(report.plan.figures.front.length);
  });

  it('does not depend on the order of lists', () => {
    const lists = ['hosts', 'tasks', 'addresses', 'heartbeats', 'orders'] as const;
    const expected = viewFleet(report);
    fc.assert(
      fc.property(fc.constantFrom(...lists), fc.infiniteStream(fc.nat()), (name, numbers) => {
        const shuffled = withSource(name, (list) => {
          const keyed = list.map((each) => [numbers.next().value ?? 0, each] as const);
          return keyed.toSorted(([a], [b]) => a - b).map(([, each]) => each) as never;
        });
        expect(viewFleet(shuffled)).toEqual(expected);
      }),
    );
  });
});

describe('the images', () => {
  const images = (rollout: Parameters<typeof fleetReport>[0]['rollout']) => {
    const view = viewFleet(fleetReport({ hosts: 20, now, ...(rollout && { rollout }) }));
    return {
      rollout: { state: view.rollout.state, digest: view.rollout.digest },
      states: view.images.map(({ digest, state, tasks }) => [digest, state, tasks > 0]),
    };
  };

  it.each([
    ['rolling', newImage, 'released'],
    ['canary', newImage, 'canary'],
  ] as const)('are %s while older ones run', (rollout, digest, state) => {
    expect(images(rollout)).toEqual({
      rollout: { state: rollout, digest },
      states: [
        [digest, state, true],
        [brokenImage, 'broken', false],
        [oldImage, 'old', true],
      ],
    });
  });

  it('stand still when the released one is broken', () => {
    expect(images('halted')).toEqual({
      rollout: { state: 'halted', digest: brokenImage },
      states: [
        [brokenImage, 'broken', true],
        [oldImage, 'old', true],
      ],
    });
  });

  it('are steady when every task runs the released one, and count so', () => {
    const { rollout } = viewFleet(fleetReport({ hosts: 20, now, rollout: 'steady' }));
    expect(rollout).toEqual({ digest: newImage, state: 'steady', done: 17, of: 17 });
  });

  it('are counted as nothing while the release is not known', () => {
    expect(viewFleet(without('release')).rollout).toEqual({ digest: '', state: 'steady', done: 0, of: 17 });
  });
});

describe('the state of a task in a pass', () => {
  it('is known for every task that was seen, stopped ones too', () => {
    const taskId = hostAt('in-03').task?.taskId ?? '';
    expect(stateInReport(report, taskId)).toBe('draining');
    const stopped = withSource('tasks', (tasks) => tasks.map((task) => ({ ...task, status: 'stopped' })));
    expect(stateInReport(stopped, taskId)).toBe('stopped');
    expect(stateInReport(without('tasks'), taskId)).toBe('draining');
    expect(stateInReport(report, 'unknown')).toBeUndefined();
  });
});
