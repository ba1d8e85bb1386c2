/**
 * The real planner and loop on the simulator's model of an account: two hours with shows, three image pushes and
 * a person's wish, told again and again, each time with one call that goes wrong. What has to hold is known
 * to the model alone (tools/simulate/model/checks.ts).
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultPolicy, slotNames, type Policy } from '../../../core/fleet/policy.ts';
import type { Infrastructure } from '../../../core/fleet/ports.ts';
import { runScheduler, type SchedulerLog } from '../../../lambda/scheduler/loop.ts';
import type { Fate } from '../../../tools/simulate/model/calls.ts';
import { createWorld, type World } from '../../../tools/simulate/model/world.ts';
import { runUntil } from '../../../tools/simulate/scheduler.ts';
import { minute, second } from './fixture.ts';

const runs = Number(process.env['FC_RUNS'] ?? 60);
const start = Date.UTC(2026, 9, 7, 17, 0, 0);
const storyMs = 120 * minute;
/** Everything that waits has its time: addresses are kept for half an hour. */
const restMs = 100 * minute;

const policy: Policy = {
  ...defaultPolicy,
  hosts: { ...defaultPolicy.hosts, max: 20 },
  addresses: { ...defaultPolicy.addresses, quota: 30 },
  rollout: { ...defaultPolicy.rollout, patienceMs: 15 * minute },
  slots: slotNames(30),
};

/** A list leaves one item out, or is that of the reading before. */
type ListFault = 'omits' | 'older';
interface Mishap {
  readonly call: number;
  readonly fate: Fate | ListFault;
}

/** Shows: [begins, lasts] in minutes. */
const shows: readonly (readonly [number, number])[] = [
  [8, 30],
  [9, 100],
  [10, 12],
  [11, 55],
  [11, 70],
  [12, 20],
  [14, 90],
  [30, 10],
  [31, 50],
  [31.2, 25],
  [31.5, 40],
  [45, 5],
  [60, 40],
  [72, 30],
];

function tell(world: World): void {
  const { timeline } = world;
  shows.forEach(([begins, lasts], n) => {
    timeline.at(start + begins * minute, () => {
      const drops = n % 3 === 0 ? [{ after: 2 * minute, awayMs: 12 * second }] : [];
      world.encoderComes({
        at: 0,
        lengthMs: lasts * minute,
        points: 1000,
        endsCleanly: n % 2 === 0,
        drops,
      });
    });
  });
  timeline.at(start + 20 * minute, () => world.push('sha256:0002', 'good'));
  timeline.at(start + 48 * minute, () => world.push('sha256:0003', 'exits'));
  timeline.at(start + 75 * minute, () => world.push('sha256:0004', 'good'));
  timeline.at(start + 35 * minute, () => {
    const [process] = world.liveProcesses();
    if (process === undefined) return;
    const { taskId } = process.identity;
    world.asks({ requestId: 'r1', kind: 'drain', taskId, by: 'ada', reason: 'a test', at: world.now });
  });
}

interface Told {
  readonly world: World;
  /** Of the time in which shows run and things go wrong. */
  readonly calls: readonly string[];
  readonly failures: readonly unknown[];
}

async function story(mishaps: readonly Mishap[]): Promise<Told> {
  const world = createWorld({ seed: 7, now: start, policy });
  tell(world);
  const calls: string[] = [];
  const failures: unknown[] = [];
  const planned = new Map(mishaps.map(({ call, fate }) => [call, fate]));
  const log: SchedulerLog = {
    info: () => undefined,
    warn: () => undefined,
    error: (_, fields) => failures.push(fields['error']),
  };
  const before = new Map<string, unknown>();
  const invoke = (n: number): void => {
    const at = start + n * minute;
    if (at >= start + storyMs + restMs) return;
    world.timeline.wakeAfter(at - world.now, () => {
      invoke(n + 1);
      let listFault: ListFault | undefined;
      const { infrastructure, store, clock } = world.connect(({ name }) => {
        const fate = (world.now < start + storyMs ? planned.get(calls.length) : undefined) ?? 'done';
        if (world.now < start + storyMs) calls.push(name);
        listFault = fate === 'omits' || fate === 'older' ? fate : undefined;
        return fate === 'omits' || fate === 'older' ? 'done' : fate;
      });
      const doubtful: Infrastructure = {
        act: (action, signal) => infrastructure.act(action, signal),
        read: async (source, signal) => {
          const reading = infrastructure.read(source, signal);
          const fault = listFault;
          const value = await reading;
          const last = before.get(source);
          before.set(source, value);
          if (fault === 'older' && last !== undefined) return last as typeof value;
          if (fault === 'omits' && Array.isArray(value)) return value.slice(1) as unknown as typeof value;
          return value;
        },
      };
      void runScheduler({
        infrastructure: doubtful,
        store,
        clock,
        policy,
        log,
        holder: `lambda-${n}`,
        until: world.now + 55 * second,
      }).catch((error: unknown) => failures.push(error));
    });
  };
  invoke(0);
  await runUntil(world, start + storyMs + restMs);
  return { world, calls, failures };
}

const told = story([]);

describe('the scheduler on the model, with nothing going wrong', () => {
  it('renews the fleet twice around the shows, gets over a broken image, and comes to rest', async () => {
    const { world, calls, failures } = await told;
    expect(failures).toEqual([]);
    expect(world.tally.violations).toEqual([]);
    expect(world.checks.leaks()).toEqual([]);
    expect(world.tally.broadcasts).toBe(shows.length);
    expect(world.tally.cut).toEqual({ scheduler: 0, fault: 0, operator: 0 });
    expect(new Set(world.liveProcesses().map(({ identity }) => identity.digest))).toEqual(
      new Set(['sha256:0004']),
    );
    expect(new Set(calls).size).toBeGreaterThan(25);
  });
});

describe('when a call meets a fate', () => {
  const fates: readonly Mishap['fate'][] = [
    'crash-before',
    'crash-after',
    'lost',
    'unreachable',
    'throttled',
    'slow',
    'omits',
    'older',
  ];

  const holdsAfter = async (mishaps: readonly Mishap[]): Promise<void> => {
    const { world, failures } = await story(mishaps);
    expect(world.tally.violations).toEqual([]);
    expect(world.tally.cut).toEqual({ scheduler: 0, fault: 0, operator: 0 });
    expect(world.checks.leaks()).toEqual([]);
    const digests = new Set(world.liveProcesses().map(({ identity }) => identity.digest));
    expect(digests).toEqual(new Set(['sha256:0004']));
    expect(failures.filter((error) => error instanceof TypeError)).toEqual([]);
  };

  it('I1 to I4 and I8 hold, and nothing leaks, whichever call it is', async () => {
    const { calls } = await told;
    await fc.assert(
      fc.asyncProperty(
        fc.record({ call: fc.nat({ max: calls.length - 1 }), fate: fc.constantFrom(...fates) }),
        (mishap) => holdsAfter([mishap]),
      ),
      { numRuns: runs },
    );
  });

  it('they hold when it is a call that changes something, whichever it is', async () => {
    const { calls } = await told;
    const changes = calls.flatMap((name, n) =>
      /^[a-z]+-[a-z-]+$|^write|^forget|^acquire/.test(name) ? [n] : [],
    );
    expect(changes.length).toBeGreaterThan(100);
    await fc.assert(
      fc.asyncProperty(
        fc.record({ call: fc.constantFrom(...changes), fate: fc.constantFrom(...fates.slice(0, 6)) }),
        (mishap) => holdsAfter([mishap]),
      ),
      { numRuns: runs },
    );
  });

  it('they hold when several do', async () => {
    const { calls } = await told;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ call: fc.nat({ max: calls.length - 1 }), fate: fc.constantFrom(...fates) }), {
          minLength: 2,
          maxLength: 40,
        }),
        holdsAfter,
      ),
      { numRuns: runs },
    );
  });
});
