import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leaseSkewMs, type FleetStore, type Lease } from '../../../../core/fleet/ports.ts';
import type { FleetTable } from '../../../../runtime/store/tables/fleet.ts';
import {
  fleetStoreContract,
  heartbeatOf,
  noon,
  orderOf,
  reportOf,
  sharedStoreContract,
  type SharedStoreSide,
} from '../../../lambda/scheduler/contract/store.ts';
import { startFleetTables, type FleetTables } from './fleet-harness.ts';

let tables: FleetTables;
beforeAll(async () => {
  tables = await startFleetTables();
});
afterAll(() => tables.stop());

const leaseMs = 30_000;

async function openSide(): Promise<SharedStoreSide> {
  const opened = await tables.open();
  const store = opened.connect();
  return {
    store,
    other: opened.connect(),
    beat: (heartbeat) => store.beat(heartbeat),
    request: (request) => store.request(request),
    planEvent: (event) => store.planEvent(event),
    setNow: (now) => opened.setNow(now),
    close: () => Promise.resolve(),
  };
}

async function acquired(store: FleetStore, holder: string, now = noon): Promise<Lease> {
  const lease = await store.acquireLease({ holder, now, leaseMs });
  if (lease === undefined) throw new Error(`${holder} did not get the lease`);
  return lease;
}

describe('the fleet table', () => {
  fleetStoreContract(openSide);
  sharedStoreContract(openSide);

  describe('heartbeats', () => {
    it('never follows a later heartbeat with an earlier one that was slower', async () => {
      const table = (await tables.open()).connect();
      await table.beat(heartbeatOf('task-1', { sequence: 7, cpu: 0.7 }));
      await table.beat(heartbeatOf('task-1', { sequence: 6, cpu: 0.6 }));
      expect(await table.heartbeat('task-1')).toMatchObject({ sequence: 7, cpu: 0.7 });
    });

    it('answers an overtaken heartbeat with the order all the same', async () => {
      const table = (await tables.open()).connect();
      await table.writeOrder(orderOf('task-1'), await acquired(table, 'a'));
      await table.beat(heartbeatOf('task-1', { sequence: 7 }));
      expect(await table.beat(heartbeatOf('task-1', { sequence: 6 }))).toEqual(orderOf('task-1'));
    });

    it('lists more of them than fit on one page of 1 MB', async () => {
      const table = (await tables.open()).connect();
      const shows = Array.from({ length: 90 }, (_, index) => ({
        broadcastId: `01${'x'.repeat(22)}${String(index).padStart(2, '0')}`,
        state: 'live' as const,
        points: 1_000,
        startedAt: noon,
        session: 1,
      }));
      const ids = Array.from({ length: 300 }, (_, index) => `task-${String(index).padStart(3, '0')}`);
      for (let start = 0; start < ids.length; start += 20)
        await Promise.all(
          ids.slice(start, start + 20).map((taskId) => table.beat(heartbeatOf(taskId, { shows }))),
        );
      expect((await table.heartbeats()).map(({ taskId }) => taskId)).toEqual(ids);
    });
  });

  describe('an order', () => {
    it('never follows one of a later generation, and does not call that a lost lease', async () => {
      const table = (await tables.open()).connect();
      const lease = await acquired(table, 'a');
      await table.writeOrder(orderOf('task-1', { generation: 3, phase: 'drain' }), lease);
      await expect(table.writeOrder(orderOf('task-1', { generation: 2 }), lease)).rejects.toMatchObject({
        name: 'TableError',
      });
      expect(await table.orders()).toMatchObject([{ generation: 3, phase: 'drain' }]);
    });

    it('is the same when DynamoDB is asked twice because an answer was lost', async () => {
      const opened = await tables.open();
      const table = opened.connect(async (_, pass) => {
        await pass().catch(() => undefined);
        return pass();
      });
      const lease = await acquired(table, 'a');
      await table.writeOrder(orderOf('task-1'), lease);
      await table.forgetTask('task-2', lease);
      await table.writeReport(reportOf(noon, lease.fence), lease);
      const renewed = await table.renewLease(lease, noon + 1, leaseMs);
      expect(await table.orders()).toEqual([orderOf('task-1')]);
      await table.releaseLease(renewed);
      await acquired(table, 'b', noon + 2);
    });
  });

  describe('the lease', () => {
    it('is got by the holder whose own write was refused, for it had written it', async () => {
      const opened = await tables.open();
      const isWrite = (command: { readonly input: unknown }): boolean =>
        Object.hasOwn(command.input as object, 'ConditionExpression');
      const table = opened.connect(async (command, pass) => {
        if (isWrite(command)) await pass();
        return pass();
      });
      const first = await acquired(table, 'a');
      await table.writeOrder(orderOf('task-1'), first);
      const second = await acquired(table, 'b', noon + leaseMs + leaseSkewMs);
      expect(second.fence).toBeGreaterThan(first.fence);
      await table.writeOrder(orderOf('task-1', { generation: 2 }), second);
    });

    it('is got by the holder that never heard that it had it', async () => {
      const opened = await tables.open();
      let isDeaf = true;
      const table = opened.connect(async (_, pass) => {
        const answer = await pass();
        if (isDeaf) throw new Error('socket hang up');
        return answer;
      });
      await expect(acquired(table, 'a')).rejects.toMatchObject({ name: 'TableError' });
      isDeaf = false;
      await table.writeOrder(orderOf('task-1'), await acquired(table, 'a', noon + 100));
    });

    it('ends when nobody renews it, also where its holder had a clock that was a day ahead', async () => {
      const opened = await tables.open();
      await acquired(opened.connect(), 'ahead', noon + 86_400_000);
      const table = opened.connect();
      const ask = (now: number): Promise<Lease | undefined> =>
        table.acquireLease({ holder: 'b', now, leaseMs });
      expect(await ask(noon)).toBeUndefined();
      expect(await ask(noon + leaseMs)).toBeUndefined();
      expect(await ask(noon + leaseMs + leaseSkewMs)).toBeDefined();
    });

    it('is not taken from a holder that renews it in the same moment', async () => {
      const opened = await tables.open();
      const holder = opened.connect();
      const lease = await acquired(holder, 'a');
      const late = noon + leaseMs + leaseSkewMs;
      const taker = opened.connect(async (command, pass) => {
        if (Object.hasOwn(command.input as object, 'ConditionExpression'))
          await holder.renewLease(lease, late, leaseMs);
        return pass();
      });
      expect(await taker.acquireLease({ holder: 'b', now: late, leaseMs })).toBeUndefined();
      await holder.writeOrder(orderOf('task-1'), lease);
    });

    it('does not end for one who watches while a holder with such a clock renews it', async () => {
      const opened = await tables.open();
      const holder = opened.connect();
      let lease = await acquired(holder, 'ahead', noon + 86_400_000);
      const table = opened.connect();
      for (let at = noon; at < noon + 10 * leaseMs; at += 10_000) {
        expect(await table.acquireLease({ holder: 'b', now: at, leaseMs })).toBeUndefined();
        lease = await holder.renewLease(lease, at + 86_400_000, leaseMs);
      }
    });
  });

  describe('the fence', () => {
    /** A scheduler whose write is on its way while another one takes the lease. */
    async function overtaken(
      write: (store: FleetTable, lease: Lease) => Promise<void>,
      meanwhile: (next: FleetTable, lease: Lease) => Promise<void>,
    ): Promise<{ readonly written: Promise<void>; readonly next: FleetTable; readonly lease: Lease }> {
      const opened = await tables.open();
      const next = opened.connect();
      let isArmed = false;
      let lease: Lease | undefined;
      const slow = opened.connect(async (command, pass) => {
        if (isArmed && Object.hasOwn(command.input as object, 'ConditionExpression')) {
          isArmed = false;
          lease = await acquired(next, 'b', noon + leaseMs + leaseSkewMs);
          await meanwhile(next, lease);
        }
        return pass();
      });
      const old = await acquired(slow, 'a');
      isArmed = true;
      const written = write(slow, old);
      await written.catch(() => undefined);
      if (lease === undefined) throw new Error('nobody took the lease');
      return { written, next, lease };
    }

    const older = orderOf('task-1', { generation: 9 });

    it('refuses an order that was on its way while the next holder wrote it', async () => {
      const { written, next } = await overtaken(
        (table, lease) => table.writeOrder(older, lease),
        (table, lease) => table.writeOrder(orderOf('task-1'), lease),
      );
      await expect(written).rejects.toMatchObject({ name: 'FencedError' });
      expect(await next.orders()).toEqual([orderOf('task-1')]);
    });

    it('refuses to forget an order that the next holder wrote meanwhile', async () => {
      const { written, next } = await overtaken(
        (table, lease) => table.forgetTask('task-1', lease),
        (table, lease) => table.writeOrder(orderOf('task-1'), lease),
      );
      await expect(written).rejects.toMatchObject({ name: 'FencedError' });
      expect(await next.orders()).toEqual([orderOf('task-1')]);
    });

    it('refuses a report that was on its way while the next holder wrote its own', async () => {
      const { written, next } = await overtaken(
        (table, lease) => table.writeReport(reportOf(noon, lease.fence), lease),
        (table, lease) => table.writeReport(reportOf(noon + 60_000, lease.fence), lease),
      );
      await expect(written).rejects.toMatchObject({ name: 'FencedError' });
      expect((await next.report())?.at).toBe(noon + 60_000);
    });

    it('lets one through that the next holder has not written: that one sees it, and can follow it', async () => {
      const { written, next, lease } = await overtaken(
        (table, lease) => table.writeOrder(older, lease),
        () => Promise.resolve(),
      );
      await written;
      expect(await next.orders()).toEqual([older]);
      await next.writeOrder(orderOf('task-1', { generation: 10, phase: 'serve' }), lease);
      expect(await next.orders()).toMatchObject([{ phase: 'serve' }]);
    });
  });
});
