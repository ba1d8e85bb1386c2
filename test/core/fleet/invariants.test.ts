import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../core/fleet/decision.ts';
import { noMemory } from '../../../core/fleet/memory.ts';
import { plan } from '../../../core/fleet/plan.ts';
import type { Policy } from '../../../core/fleet/policy.ts';
import type { Facts, Snapshot, SourceName } from '../../../core/fleet/snapshot.ts';
import { validate } from '../../../core/fleet/validate.ts';
import { anySnapshot, type Drawn } from './arbitrary.ts';
import { actions, now } from './fixture.ts';

const runs = Number(process.env['FC_RUNS'] ?? 1000);
const always = (drawn: fc.Arbitrary<Drawn>, holds: (drawn: Drawn, made: Plan) => void): void =>
  fc.assert(
    fc.property(drawn, (each) => {
      holds(each, plan(each.snapshot, each.policy, now));
    }),
    { numRuns: runs },
  );

/** What a source says, if it is recent: written again here, so that the planner is not its own judge. */
const known = <Name extends SourceName>({ snapshot, policy }: Drawn, name: Name): Facts[Name] | undefined => {
  const read = snapshot.sources[name];
  return read === undefined || now - read.at > policy.staleness.factsMs ? undefined : read.value;
};
const believed = (at: number, { staleness }: Policy): boolean =>
  now - at <= staleness.heartbeatMs && at - now <= staleness.futureMs;

describe('I1: nothing that holds a broadcast, or of which that is unknown, is ended', () => {
  it('stops a task only when it refuses newcomers by its order, is empty and was so before, and no DNS answer names it', () => {
    always(anySnapshot, (drawn, made) => {
      const { snapshot, policy } = drawn;
      for (const { taskId, forced } of actions(made, 'stop-task')) {
        if (forced) {
          const wish = snapshot.sources.requests?.value.filter((each) => each.taskId === taskId);
          expect(wish?.some(({ kind }) => kind === 'force-stop')).toBe(true);
          continue;
        }
        for (const name of ['tasks', 'hosts', 'addresses', 'records', 'heartbeats', 'orders'] as const) {
          expect(known(drawn, name), name).toBeDefined();
        }
        const task = known(drawn, 'tasks')?.find((each) => each.taskId === taskId);
        const beat = known(drawn, 'heartbeats')?.find((each) => each.taskId === taskId);
        const order = known(drawn, 'orders')?.find((each) => each.taskId === taskId);
        const mark = snapshot.memory.tasks[taskId];
        if (beat === undefined || beat.phase === 'starting') {
          // Never served: it takes a broadcast only after a heartbeat that says that it accepts.
          expect(mark?.servedAt).toBeUndefined();
          expect(now - (task?.startedAt ?? now)).toBeGreaterThan(policy.hosts.startWithinMs);
          if (beat === undefined) continue;
        }
        expect(believed(beat.at, policy)).toBe(true);
        expect(beat).toMatchObject({ accepting: false, shows: [], unstoredBytes: 0 });
        expect(beat.passing ?? 0).toBe(0);
        if (beat.phase === 'starting') continue;
        expect(order?.phase).toBe('drain');
        expect(beat.obeys).toBe(order?.generation);
        expect(beat.sequence).toBeGreaterThan(mark?.emptySequence ?? Infinity);
        const ips = known(drawn, 'addresses')?.filter(({ hostId }) => hostId === task?.hostId) ?? [];
        for (const { ip } of ips) expect(known(drawn, 'records')?.front).not.toContain(ip);
      }
    });
  });

  it('ends a host only when no task is on it and nobody is heard from it, by whatever clock', () => {
    always(anySnapshot, (drawn, made) => {
      for (const { hostId } of actions(made, 'terminate-host')) {
        const on = known(drawn, 'tasks')?.filter(
          (task) => task.hostId === hostId && task.status !== 'stopped',
        );
        expect(on).toEqual([]);
        const heard = known(drawn, 'heartbeats')?.filter(
          (beat) => beat.hostId === hostId && now - beat.at <= drawn.policy.staleness.heartbeatMs,
        );
        expect(heard).toEqual([]);
      }
    });
  });

  it('gives an address or a task only to a host on which nothing runs', () => {
    always(anySnapshot, (drawn, made) => {
      for (const { hostId } of [...actions(made, 'associate-address'), ...actions(made, 'start-task')]) {
        const on = known(drawn, 'tasks')?.filter(
          (task) => task.hostId === hostId && task.status !== 'stopped',
        );
        expect(on).toEqual([]);
      }
    });
  });

  it('starts one task at most at a slot, and none where one runs', () => {
    always(anySnapshot, (drawn, made) => {
      const started = actions(made, 'start-task').map(({ slot }) => slot);
      expect(started).toHaveLength(new Set(started).size);
      const hosts = new Set(
        known(drawn, 'hosts')?.flatMap(({ hostId, state }) => (state === 'gone' ? [] : hostId)),
      );
      const taken = known(drawn, 'tasks')?.flatMap(({ slot, status, hostId }) =>
        status === 'stopped' || !hosts.has(hostId) ? [] : slot,
      );
      for (const slot of started) expect(taken).not.toContain(slot);
    });
  });
});

describe('I2: no rollout and no scale-in takes the free room below the minimum', () => {
  it('counts room only of tasks that stay after this pass', () => {
    always(anySnapshot, (drawn, made) => {
      const going = new Set(
        actions(made, 'write-order').flatMap(({ order }) => (order.phase === 'serve' ? [] : order.taskId)),
      );
      const ours = actions(made, 'write-order').filter(
        ({ order }) =>
          (order.reason === 'scale-in' || order.reason === 'rollout' || order.reason === 'image-broken') &&
          serves(order.taskId, drawn),
      );
      if (ours.length === 0) return;
      const points = made.memory.demand.meanPoints || 1000;
      let free = 0;
      for (const beat of known(drawn, 'heartbeats') ?? []) {
        const room = Math.max(0, beat.roomPoints - beat.shows.reduce((sum, show) => sum + show.points, 0));
        if (serves(beat.taskId, drawn) && !beat.full && !going.has(beat.taskId))
          free += room - (room % points);
      }
      expect(free).toBeGreaterThanOrEqual(made.figures.minimumPoints);
    });
  });
});

/** Takes newcomers and was told nothing else. */
function serves(taskId: string, { snapshot, policy }: Drawn): boolean {
  const { tasks, heartbeats, orders, hosts } = snapshot.sources;
  const task = tasks?.value.find((each) => each.taskId === taskId);
  const beat = heartbeats?.value.find((each) => each.taskId === taskId);
  const order = orders?.value.find((each) => each.taskId === taskId);
  const host = hosts?.value.find((each) => each.hostId === task?.hostId);
  return (
    (task?.status === 'running' || task?.status === 'pending') &&
    host?.state === 'running' &&
    beat !== undefined &&
    believed(beat.at, policy) &&
    beat.phase === 'serving' &&
    beat.accepting &&
    (order === undefined || order.phase === 'serve')
  );
}

describe('I3: the front set', () => {
  it('names serving tasks only, none that is told to go in the same pass, as long as any serves', () => {
    always(anySnapshot, (drawn, made) => {
      const [action, ...more] = actions(made, 'set-front');
      expect(more).toEqual([]);
      if (action === undefined) return;
      expect(action.ips.length).toBeGreaterThan(0);
      expect(action.ips).toEqual([...new Set(action.ips)].toSorted());
      const going = new Set(actions(made, 'write-order').map(({ order }) => order.taskId));
      const named = action.ips.map((ip) => {
        const hostId = drawn.snapshot.sources.addresses?.value.find((each) => each.ip === ip)?.hostId;
        const tasks = drawn.snapshot.sources.tasks?.value.filter((each) => each.hostId === hostId) ?? [];
        return tasks.map(({ taskId }) => taskId);
      });
      for (const tasks of named) expect(tasks.some((taskId) => serves(taskId, drawn))).toBe(true);
      const staying = named.filter((tasks) =>
        tasks.some((taskId) => serves(taskId, drawn) && !going.has(taskId)),
      );
      // All are on their way out: those stay rather than nobody.
      if (staying.length > 0) expect(staying).toHaveLength(named.length);
    });
  });
});

describe('I5 and I7: the plan is a function of the facts', () => {
  it('is the same for the same snapshot, and does not change it', () => {
    always(anySnapshot, ({ snapshot, policy }, made) => {
      const before = structuredClone(snapshot);
      expect(plan(structuredClone(snapshot), policy, now)).toEqual(made);
      expect(snapshot).toEqual(before);
    });
  });

  it('does not depend on the order of lists', () => {
    fc.assert(
      fc.property(anySnapshot, fc.infiniteStream(fc.nat()), ({ snapshot, policy }, numbers) => {
        const keyed = <T>(list: readonly T[]): readonly T[] =>
          list
            .map((item) => ({ item, key: Number(numbers.next().value ?? 0) }))
            .toSorted((a, b) => a.key - b.key)
            .map(({ item }) => item);
        const shuffled = Object.fromEntries(
          Object.entries(snapshot.sources).map(([name, read]) => [
            name,
            read === undefined || !Array.isArray(read.value)
              ? read
              : { ...read, value: keyed(read.value as unknown[]) },
          ]),
        ) as unknown as Snapshot['sources'];
        const front = shuffled.records && {
          ...shuffled.records,
          value: { ...shuffled.records.value, front: keyed(shuffled.records.value.front) },
        };
        const made = plan({ ...snapshot, sources: { ...shuffled, records: front } }, policy, now);
        const first = plan(snapshot, policy, now);
        // The front set that stays is told as it was read.
        expect({ ...made, figures: { ...made.figures, front: made.figures.front.toSorted() } }).toEqual({
          ...first,
          figures: { ...first.figures, front: first.figures.front.toSorted() },
        });
      }),
      { numRuns: runs },
    );
  });

  it('writes one order for a task at most, of a generation that none before had', () => {
    always(anySnapshot, ({ snapshot }, made) => {
      const orders = actions(made, 'write-order').map(({ order }) => order);
      expect(orders.map(({ taskId }) => taskId)).toHaveLength(
        new Set(orders.map(({ taskId }) => taskId)).size,
      );
      for (const { taskId, generation } of orders) {
        const before = snapshot.sources.orders?.value.find((each) => each.taskId === taskId);
        expect(generation).toBeGreaterThan(before?.generation ?? 0);
      }
    });
  });
});

describe('facts that are missing or old, and memory that is lost', () => {
  it('never shrink anything', () => {
    always(anySnapshot, (drawn, made) => {
      const needed = [
        'hosts',
        'tasks',
        'heartbeats',
        'orders',
        'addresses',
        'records',
        'events',
        'requests',
      ] as const;
      if (needed.every((name) => known(drawn, name) !== undefined)) return;
      expect(actions(made, 'stop-task').filter(({ forced }) => !forced)).toEqual([]);
      expect(actions(made, 'terminate-host')).toEqual([]);
      expect(actions(made, 'release-address')).toEqual([]);
      expect(actions(made, 'deregister-target')).toEqual([]);
      expect(actions(made, 'remove-slot-record')).toEqual([]);
      const drains = actions(made, 'write-order').filter(({ order }) => order.phase !== 'serve');
      expect(drains.filter(({ order }) => order.reason !== 'operator' || order.phase === 'drain')).toEqual(
        [],
      );
    });
  });

  it('without memory nothing goes but tasks that never served and hosts that never came', () => {
    always(anySnapshot, ({ snapshot, policy }) => {
      const made = plan({ ...snapshot, memory: noMemory }, policy, now);
      for (const { action, reason } of made.decisions) {
        if (action.kind === 'stop-task' && !action.forced) expect(reason).toBe('never-served');
        if (action.kind === 'terminate-host') expect(reason).toBe('host-lost');
        if (action.kind === 'write-order' && action.order.phase !== 'serve') {
          // One that drains already is told when it may be stopped; people are obeyed.
          expect(['operator', 'clean-up']).toContain(reason);
        }
      }
    });
  });
});

describe('validate', () => {
  it('finds nothing in what plan makes', () => {
    always(anySnapshot, ({ snapshot, policy }, made) => {
      expect(validate(made, snapshot, policy, now)).toEqual([]);
    });
  });
});
