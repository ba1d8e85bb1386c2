import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Heartbeat, Order } from '../../../../core/fleet/heartbeat.ts';
import { noMemory } from '../../../../core/fleet/memory.ts';
import { defaultPolicy } from '../../../../core/fleet/policy.ts';
import {
  leaseSkewMs,
  type FleetStore,
  type Lease,
  type LoggedDecision,
  type PassReport,
} from '../../../../core/fleet/ports.ts';
import type { EventPlan, OperatorRequest } from '../../../../core/fleet/snapshot.ts';

/** An empty store. Opened anew for every test. */
export interface StoreSide {
  readonly store: FleetStore;
  /** The same data, seen by another program. */
  readonly other: FleetStore;
  close(): Promise<void>;
}

/** A store into which others write as well. */
export interface SharedStoreSide extends StoreSide {
  beat(heartbeat: Heartbeat): Promise<Order | undefined>;
  request(request: OperatorRequest): Promise<void>;
  planEvent(event: EventPlan): Promise<void>;
  /** The time by which the store judges what is over. */
  setNow(now: number): void;
}

export const noon = Date.UTC(2026, 10, 20, 12);
const leaseMs = 30_000;
const hourMs = 3_600_000;

export const heartbeatOf = (taskId: string, changes: Partial<Heartbeat> = {}): Heartbeat => ({
  taskId,
  slot: 'in-01',
  hostId: 'i-1',
  digest: 'sha256:a',
  startedAt: noon - hourMs,
  at: noon,
  sequence: 1,
  accepting: true,
  full: false,
  phase: 'serving',
  obeys: 0,
  shows: [],
  roomPoints: 4_000,
  cpu: 0.25,
  unstoredBytes: 0,
  ...changes,
});

export const orderOf = (taskId: string, changes: Partial<Order> = {}): Order => ({
  taskId,
  generation: 1,
  phase: 'expire',
  reason: 'rollout',
  text: 'its image is old',
  at: noon,
  expiredAt: noon,
  ...changes,
});

export const reportOf = (at: number, fence: number): PassReport => ({
  at,
  fence,
  snapshot: {
    sources: {
      group: { at, value: { desired: 1, maxHosts: 10 } },
      hosts: undefined,
      tasks: undefined,
      addresses: undefined,
      records: undefined,
      targets: undefined,
      release: undefined,
      heartbeats: { at, value: [heartbeatOf('task-1')] },
      orders: undefined,
      requests: undefined,
      events: undefined,
    },
    memory: noMemory,
  },
  policy: defaultPolicy,
  plan: {
    decisions: [],
    notes: [{ subject: {}, reason: 'steady', text: 'nothing to do' }],
    limitedBy: [],
    alarms: [],
    figures: {
      broadcasts: 0,
      usedPoints: 0,
      freePoints: 4_000,
      wantedPoints: 2_000,
      minimumPoints: 1_000,
      hosts: 1,
      serving: 1,
      draining: 0,
      lost: 0,
      longestDrainMs: 0,
      rolloutShare: 1,
      front: ['192.0.2.1'],
      forecastArrivals: 0,
    },
    memory: { ...noMemory, lastScaleOutAt: at },
  },
  errors: [{ call: 'tasks', message: 'throttled' }],
  spent: { observeMs: 1, planMs: 2, applyMs: 3 },
});

export const lineOf = (at: number, n: number, changes: Partial<LoggedDecision> = {}): LoggedDecision => ({
  at,
  n,
  action: 'write-order',
  subject: { taskId: 'task-1' },
  reason: 'rollout',
  text: 'its image is old',
  outcome: 'done',
  ...changes,
});

/** What every store of the fleet must do for the scheduler. Run by the fleet table's tests and the simulator's. */
export function fleetStoreContract(open: () => Promise<StoreSide>): void {
  describe('fleet store contract', () => {
    let side: StoreSide;
    beforeEach(async () => {
      side = await open();
    });
    afterEach(() => side.close());

    const acquire = (
      holder: string,
      now: number,
      from: FleetStore = side.store,
    ): Promise<Lease | undefined> => from.acquireLease({ holder, now, leaseMs });

    const acquired = async (holder: string, now: number, from?: FleetStore): Promise<Lease> => {
      const lease = await acquire(holder, now, from);
      if (lease === undefined) throw new Error(`${holder} did not get the lease`);
      return lease;
    };

    const everyWrite: readonly (readonly [string, (store: FleetStore, lease: Lease) => Promise<void>])[] = [
      ['an order', (store, lease) => store.writeOrder(orderOf('task-9'), lease)],
      ['peers', (store, lease) => store.writePeers([], lease)],
      ['the end of a task', (store, lease) => store.forgetTask('task-1', lease)],
      ['a report', (store, lease) => store.writeReport(reportOf(noon + 1, lease.fence), lease)],
      ['decisions', (store, lease) => store.logDecisions([lineOf(noon, 0)], lease)],
    ];

    describe('orders', () => {
      it('begins empty', async () => {
        const { store } = side;
        expect(await store.heartbeats()).toEqual([]);
        expect(await store.heartbeat('task-1')).toBeUndefined();
        expect(await store.orders()).toEqual([]);
        expect(await store.requests()).toEqual([]);
        expect(await store.events()).toEqual([]);
        expect(await store.report()).toBeUndefined();
      });

      it('forgets the order of a task, twice as well as once, and no other', async () => {
        const lease = await acquired('a', noon);
        for (const taskId of ['task-1', 'task-2']) await side.store.writeOrder(orderOf(taskId), lease);
        await side.store.forgetTask('task-1', lease);
        await side.store.forgetTask('task-1', lease);
        expect(await side.store.orders()).toEqual([orderOf('task-2')]);
      });

      it('follows an order with a later one, and takes the same one twice', async () => {
        const lease = await acquired('a', noon);
        await side.store.writeOrder(orderOf('task-1'), lease);
        const drain = orderOf('task-1', { generation: 2, phase: 'drain' });
        await side.store.writeOrder(drain, lease);
        await side.store.writeOrder(drain, lease);
        expect(await side.other.orders()).toEqual([drain]);
      });
    });

    describe('the report', () => {
      it('is the last one, whole', async () => {
        const lease = await acquired('a', noon);
        await side.store.writeReport(reportOf(noon, lease.fence), lease);
        await side.store.writeReport(reportOf(noon + 10_000, lease.fence), lease);
        expect(await side.other.report()).toEqual(reportOf(noon + 10_000, lease.fence));
      });
    });

    describe('the lease', () => {
      it('has one holder', async () => {
        const asked = await Promise.all(
          ['a', 'b', 'c', 'd'].map((holder, index) =>
            acquire(holder, noon, index % 2 === 0 ? side.store : side.other),
          ),
        );
        expect(asked.filter((lease) => lease !== undefined)).toHaveLength(1);
      });

      it('lasts as long as it was asked for, by the clock of its holder', async () => {
        expect(await acquired('a', noon)).toMatchObject({ holder: 'a', expiresAt: noon + leaseMs });
      });

      it('is not given to another one before it has run out, and soon after', async () => {
        await acquired('a', noon);
        expect(await acquire('b', noon + leaseMs - 1, side.other)).toBeUndefined();
        expect(await acquire('b', noon + leaseMs + leaseSkewMs, side.other)).toBeDefined();
      });

      it('is not given to another one while it is renewed', async () => {
        let lease = await acquired('a', noon);
        for (let now = noon + 10_000; now <= noon + 120_000; now += 10_000) {
          lease = await side.store.renewLease(lease, now, leaseMs);
          expect(lease.expiresAt).toBe(now + leaseMs);
          expect(await acquire('b', now + 9_999, side.other)).toBeUndefined();
        }
      });

      it('goes on under its fence when it is renewed late, but before anybody asked for it', async () => {
        const lease = await acquired('a', noon);
        const renewed = await side.store.renewLease(lease, noon + 10 * leaseMs, leaseMs);
        expect(renewed.fence).toBe(lease.fence);
      });

      it('is free at once when it is given back', async () => {
        const lease = await acquired('a', noon);
        await side.store.releaseLease(lease);
        await side.store.releaseLease(lease);
        expect(await acquire('b', noon + 1, side.other)).toBeDefined();
      });

      it('is given to its own holder again, whose answer was lost', async () => {
        await acquired('a', noon);
        const again = await acquired('a', noon + 1);
        await side.store.writeOrder(orderOf('task-1'), again);
        expect(await acquire('b', noon + 2, side.other)).toBeUndefined();
      });

      it('has a higher fence with each holder, also after it was given back', async () => {
        const fences: number[] = [];
        for (const holder of ['a', 'b', 'a', 'c']) {
          const lease = await acquired(holder, noon);
          fences.push(lease.fence);
          await side.store.releaseLease(lease);
        }
        fences.push((await acquired('d', noon)).fence);
        fences.push((await acquired('e', noon + leaseMs + leaseSkewMs)).fence);
        expect(fences).toEqual(fences.toSorted((a, b) => a - b));
        expect(new Set(fences).size).toBe(6);
      });

      it('can not be renewed by a holder that was followed, nor given back over its follower', async () => {
        const old = await acquired('a', noon);
        const later = noon + leaseMs + leaseSkewMs;
        const lease = await acquired('b', later, side.other);
        await expect(side.store.renewLease(old, later, leaseMs)).rejects.toMatchObject({
          name: 'FencedError',
        });
        await side.store.releaseLease(old);
        expect(await acquire('c', later + 1)).toBeUndefined();
        await side.other.renewLease(lease, later + 1, leaseMs);
      });
    });

    describe('the fence', () => {
      it.each(everyWrite)('lets the holder write %s', async (_, write) => {
        await write(side.store, await acquired('a', noon));
      });

      it.each(everyWrite)(
        'refuses %s of a holder that was followed, although its follower has written nothing',
        async (_, write) => {
          const old = await acquired('a', noon);
          await side.store.writeOrder(orderOf('task-1'), old);
          await side.store.writeReport(reportOf(noon, old.fence), old);
          await acquired('b', noon + leaseMs + leaseSkewMs, side.other);
          await expect(write(side.store, old)).rejects.toMatchObject({ name: 'FencedError' });
          expect(await side.other.orders()).toEqual([orderOf('task-1')]);
          expect((await side.other.report())?.at).toBe(noon);
        },
      );

      it('refuses what a holder writes after it gave the lease back, once there is another one', async () => {
        const old = await acquired('a', noon);
        await side.store.releaseLease(old);
        const lease = await acquired('b', noon, side.other);
        await expect(side.store.writeOrder(orderOf('task-1'), old)).rejects.toMatchObject({
          name: 'FencedError',
        });
        await side.other.writeOrder(orderOf('task-1'), lease);
      });
    });
  });
}

/** What tasks, operators and the scheduler see of each other through a store. */
export function sharedStoreContract(open: () => Promise<SharedStoreSide>): void {
  describe('shared fleet store contract', () => {
    let side: SharedStoreSide;
    let lease: Lease;
    beforeEach(async () => {
      side = await open();
      side.setNow(noon);
      const taken = await side.store.acquireLease({ holder: 'a', now: noon, leaseMs });
      if (taken === undefined) throw new Error('an empty store has no holder');
      lease = taken;
    });
    afterEach(() => side.close());

    it('gives heartbeats back as they were written, one a task', async () => {
      const shows = [
        { broadcastId: 'b1', state: 'interrupted', points: 1_000, startedAt: noon, session: 2 } as const,
      ];
      await side.beat(heartbeatOf('task-1'));
      await side.beat(heartbeatOf('task-1', { sequence: 2, shows, cpu: 0.5 }));
      await side.beat(heartbeatOf('task-2'));
      const listed = (await side.store.heartbeats()).toSorted((a, b) => (a.taskId < b.taskId ? -1 : 1));
      expect(listed).toEqual([
        heartbeatOf('task-1', { sequence: 2, shows, cpu: 0.5 }),
        heartbeatOf('task-2'),
      ]);
      expect(await side.other.heartbeat('task-1')).toEqual(listed[0]);
    });

    it('answers a heartbeat with the order of its task', async () => {
      expect(await side.beat(heartbeatOf('task-1'))).toBeUndefined();
      await side.store.writeOrder(orderOf('task-1'), lease);
      await side.store.writeOrder(orderOf('task-2', { phase: 'drain' }), lease);
      expect(await side.beat(heartbeatOf('task-1', { sequence: 2 }))).toEqual(orderOf('task-1'));
    });

    it('forgets a task, twice as well as once, and no other', async () => {
      for (const taskId of ['task-1', 'task-2']) {
        await side.beat(heartbeatOf(taskId));
        await side.store.writeOrder(orderOf(taskId), lease);
      }
      await side.store.forgetTask('task-1', lease);
      await side.store.forgetTask('task-1', lease);
      expect(await side.store.heartbeats()).toEqual([heartbeatOf('task-2')]);
      expect(await side.store.orders()).toEqual([orderOf('task-2')]);
    });

    it('keeps the heartbeat of a task that has been silent for weeks', async () => {
      await side.beat(heartbeatOf('task-1'));
      side.setNow(noon + 21 * 24 * hourMs);
      expect(await side.store.heartbeats()).toHaveLength(1);
      expect(await side.store.heartbeat('task-1')).toBeDefined();
    });

    const wish: OperatorRequest = {
      requestId: 'r1',
      kind: 'drain',
      taskId: 'task-1',
      by: 'ann',
      reason: 'disk errors',
      at: noon,
    };

    it('shows a request for an hour', async () => {
      await side.request(wish);
      side.setNow(noon + hourMs - 1_000);
      expect(await side.store.requests()).toEqual([wish]);
      side.setNow(noon + hourMs + 1_000);
      expect(await side.store.requests()).toEqual([]);
    });

    it('shows a planned event until it is over', async () => {
      const event: EventPlan = {
        eventId: 'e1',
        startsAt: noon + hourMs,
        endsAt: noon + 2 * hourMs,
        extraPoints: 9_000,
      };
      await side.planEvent(event);
      side.setNow(noon + 2 * hourMs - 1);
      expect(await side.store.events()).toEqual([event]);
    });
  });
}
