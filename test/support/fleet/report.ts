/** A plausible pass over a fleet in all its states, before and without a real one. The same numbers give the same fleet. */
import { noMemory } from '../../../core/fleet/memory.ts';
import { defaultPolicy, slotNames, type Policy } from '../../../core/fleet/policy.ts';
import type { PassReport } from '../../../core/fleet/ports.ts';
import { freePoints, isFresh, taskState, usedPoints } from '../../../core/fleet/state.ts';
import { brokenImage, hour, makeHost, newImage, type FleetWish } from './hosts.ts';
import { alarmsOf, decisionsOf, imagesOf, notesOf } from './thoughts.ts';

export function fleetReport(wish: FleetWish): PassReport {
  const { now, hosts: count, rollout = 'rolling' } = wish;
  const slots = slotNames(count);
  const policy: Policy = {
    ...defaultPolicy,
    slots,
    addresses: { ...defaultPolicy.addresses, quota: count },
  };
  const made = slots.map((slot, index) => makeHost(index, slot, wish));
  const read = <T>(value: T): { readonly at: number; readonly value: T } => ({ at: now - 800, value });
  const present = <T>(list: readonly (T | undefined)[]): readonly T[] =>
    list.filter((each): each is T => each !== undefined);

  const tasks = present(made.map(({ task }) => task));
  const heartbeats = present(made.map(({ heartbeat }) => heartbeat));
  const fresh = heartbeats.filter((heartbeat) => isFresh(heartbeat, policy, now));
  const states = made.flatMap(({ task, heartbeat, order }) =>
    task === undefined ? [] : taskState(task, heartbeat, order, policy, now),
  );
  const serving = made.filter(({ kind }) => kind === 'serving');
  const front = serving
    .filter(({ heartbeat }) => heartbeat !== undefined && freePoints(heartbeat) > 0)
    .slice(0, policy.front.maxAddresses)
    .map(({ address }) => address.ip);
  const orders = present(made.map(({ order }) => order));
  const freeNow = serving.reduce((sum, { heartbeat }) => sum + (heartbeat ? freePoints(heartbeat) : 0), 0);
  const used = fresh.reduce((sum, heartbeat) => sum + usedPoints(heartbeat), 0);
  const wantedPoints = 2_000 + Math.round(used * 0.2);
  const released = rollout === 'halted' ? brokenImage : newImage;
  const done = tasks.filter(({ digest }) => digest === released).length;

  return {
    at: now,
    fence: 41,
    snapshot: {
      sources: {
        group: read({ desired: count, maxHosts: policy.hosts.max }),
        hosts: read(made.map(({ host }) => host)),
        tasks: read(tasks),
        addresses: read(made.map(({ address }) => address)),
        records: read({ front, slots: {} }),
        targets: read([]),
        release: read({ digest: released, pushedAt: now - hour }),
        heartbeats: read(heartbeats),
        orders: read(orders),
        requests: read([]),
        events: undefined,
      },
      memory: noMemory,
    },
    policy,
    plan: {
      decisions: decisionsOf(made),
      notes: notesOf(made, now),
      limitedBy: count > 1 ? ['address quota', 'stops a pass'] : [],
      alarms: alarmsOf(made, rollout),
      figures: {
        broadcasts: fresh.reduce((sum, { shows }) => sum + shows.length, 0),
        usedPoints: used,
        freePoints: freeNow,
        wantedPoints,
        minimumPoints: wantedPoints / 2,
        hosts: count,
        serving: states.filter((state) => state === 'serving').length,
        draining: states.filter((state) => state === 'draining').length,
        lost: states.filter((state) => state === 'lost').length,
        longestDrainMs: Math.max(0, ...orders.map(({ expiredAt }) => now - expiredAt)),
        rolloutShare: tasks.length === 0 ? 1 : done / tasks.length,
        front,
        forecastArrivals: 12.4,
      },
      memory: { ...noMemory, images: imagesOf(now, rollout) },
    },
    errors: [
      { call: 'register-target', message: 'in-09: throttled (Rate exceeded), again in the next pass' },
    ],
    spent: { observeMs: 812, planMs: 6, applyMs: 1_420 },
  };
}
