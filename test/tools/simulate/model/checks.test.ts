import { describe, expect, it } from 'vitest';
import type { Order } from '../../../../core/fleet/heartbeat.ts';
import type { World } from '../../../../tools/simulate/model/world.ts';
import { fleetOf, front, leaseOf, settleMs, stop, terminate, wishOf } from './fleet.ts';

const found = (world: World): readonly string[] => world.tally.violations.map(({ invariant }) => invariant);

const firstTask = (world: World): string => world.liveProcesses()[0]?.identity.taskId ?? '';

const give = async (
  world: World,
  taskId: string,
  phase: Order['phase'],
  reason: Order['reason'] = 'operator',
): Promise<void> => {
  const order: Order = {
    taskId,
    generation: 1,
    phase,
    reason,
    text: '',
    at: world.now,
    expiredAt: world.now,
  };
  await world.store.writeOrder(order, await leaseOf(world));
};

describe('I1 as the world sees it', () => {
  it('breaks when a task is stopped that holds a broadcast, and the broadcast counts as cut', async () => {
    const world = await fleetOf(1);
    world.encoderComes(wishOf());
    await give(world, firstTask(world), 'drain');
    world.advance(world.now + 30_000);
    await stop(world, firstTask(world));
    expect(found(world)).toEqual(['I1']);
    expect(world.tally.cut.scheduler).toBe(0);
    world.advance(world.now + settleMs);
    expect(world.tally.cut.scheduler).toBe(1);
  });

  it('breaks when a task is stopped whose door is open', async () => {
    const world = await fleetOf(1);
    await stop(world, firstTask(world));
    expect(found(world)).toEqual(['I1']);
  });

  it('breaks when a task is stopped of which nobody has heard', async () => {
    const world = await fleetOf(1);
    await give(world, firstTask(world), 'drain');
    world.advance(world.now + 30_000);
    world.silenceTask(firstTask(world), 600_000);
    world.advance(world.now + 60_000);
    await stop(world, firstTask(world));
    expect(found(world)).toEqual(['I1']);
  });

  it('holds when a drained, empty task is stopped, and when an operator forces one', async () => {
    const world = await fleetOf(2);
    const [first, second] = world.liveProcesses();
    await give(world, first?.identity.taskId ?? '', 'drain');
    world.advance(world.now + 30_000);
    await stop(world, first?.identity.taskId ?? '');
    await stop(world, second?.identity.taskId ?? '', true);
    world.advance(world.now + settleMs);
    expect(found(world)).toEqual([]);
    expect(world.liveProcesses()).toEqual([]);
  });

  it('breaks when a host is terminated under its task', async () => {
    const world = await fleetOf(1);
    world.encoderComes(wishOf());
    await terminate(world, world.liveProcesses()[0]?.identity.hostId ?? '');
    expect(new Set(found(world))).toEqual(new Set(['I1']));
    expect(world.tally.cut.scheduler).toBe(1);
  });
});

describe('I2 as the world sees it', () => {
  it('breaks when the last room is told to go', async () => {
    const world = await fleetOf(2);
    const [first, second] = world.liveProcesses();
    await give(world, first?.identity.taskId ?? '', 'expire', 'scale-in');
    expect(found(world)).toEqual([]);
    await give(world, second?.identity.taskId ?? '', 'expire', 'scale-in');
    expect(found(world)).toEqual(['I2']);
  });
});

describe('I3 as the world sees it', () => {
  it('breaks when the front set is emptied while a task serves', async () => {
    const world = await fleetOf(1);
    await front(world, []);
    expect(found(world)).toEqual(['I3']);
  });

  it('breaks when passes leave a dead address in it, but not before one could know', async () => {
    const world = await fleetOf(2);
    world.killTask(firstTask(world));
    const pass = (): void => {
      const startedAt = world.now;
      world.advance(world.now + 2_000);
      world.checks.passedCleanly(startedAt);
      world.advance(world.now + 8_000);
    };
    pass();
    pass();
    expect(found(world)).toEqual([]);
    for (let n = 0; n < 5; n++) pass();
    expect(found(world)).toEqual(['I3']);
  });
});

describe('I4 as the world sees it', () => {
  it('finds nothing in a fleet where everything is of use', async () => {
    const world = await fleetOf(2);
    expect(world.checks.leaks()).toEqual([]);
  });

  it('finds a host without a task, an address that nobody uses, a name and a target of nobody', async () => {
    const world = await fleetOf(3);
    const { infrastructure } = world;
    const { signal } = new AbortController();
    for (const slot of ['in-07', 'in-08'])
      await infrastructure.act({ kind: 'allocate-address', slot }, signal);
    await infrastructure.act({ kind: 'set-slot-record', slot: 'in-02', ip: '192.0.2.9' }, signal);
    await infrastructure.act({ kind: 'register-target', slot: 'in-09', targetId: '10.9.9.9' }, signal);
    await stop(world, firstTask(world), true);
    world.advance(world.now + 2 * settleMs);
    const leaks = world.checks.leaks().join('; ');
    expect(leaks).toContain('i-00001 runs without a task');
    expect(leaks).toContain('serves nobody');
    expect(leaks).toContain('the name of in-02');
    expect(leaks).toContain('the target of in-09');
    expect(leaks).toContain('the table still has the heartbeat');
  });
});

describe('the group in the model', () => {
  it('replaces a host that dies, for the desired count stays', async () => {
    const world = await fleetOf(2);
    world.killHost(world.liveProcesses()[0]?.identity.hostId ?? '');
    expect(world.group.desired).toBe(2);
    world.advance(world.now + 2 * settleMs);
    const hosts = world.group.readHosts().filter(({ state }) => state === 'running');
    expect(hosts.map(({ hostId }) => hostId)).toContain('i-00003');
    expect(hosts).toHaveLength(2);
  });

  it('takes an unprotected host when somebody lowers the desired count, and never a protected one', async () => {
    const world = await fleetOf(3);
    const { signal } = new AbortController();
    for (const hostId of ['i-00001', 'i-00003']) {
      await world.infrastructure.act({ kind: 'protect-host', hostId }, signal);
    }
    world.lowerDesired();
    world.lowerDesired();
    world.advance(world.now + settleMs);
    const left = world.group.readHosts().filter(({ state }) => state === 'running');
    expect(left.map(({ hostId }) => hostId).toSorted()).toEqual(['i-00001', 'i-00003']);
  });
});
