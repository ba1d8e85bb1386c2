/**
 * What went wrong elsewhere (notes/fleet.md A9, by number) and must not here: the rows about hosts, their number
 * and their addresses.
 * docs/invariants.md has the others.
 */
import { describe, expect, it } from 'vitest';
import type { FleetWish } from './fixture.ts';
import {
  actions,
  fleet,
  front,
  hour,
  idle,
  inShort,
  launching,
  leaving,
  longAgo,
  minute,
  now,
  planned,
  policy,
  second,
  serving,
  starting,
  withFacts,
} from './fixture.ts';
import { carriedOut, lived, think, worldOf } from './applied.ts';

/** Two hosts in the front set that serve quietly, and a spare address. */
const quiet = [front({ shows: 2 }), front()];
const orders = (wish: FleetWish) => actions(planned(wish), 'write-order').map(({ order }) => order);

describe('how many', () => {
  /** So many a minute in the last three. */
  const rush = (perMinute: number) => ({
    demand: {
      countedTo: now - 20 * second,
      week: [],
      quarter: 0,
      arrivals: 0,
      recent: [1, 2, 3].map((ago) => [Math.floor(now / minute) - ago, perMinute] as const),
      meanPoints: 1000,
    },
  });

  it('A9-8 a rush gets all its hosts in one pass', () => {
    const [action] = actions(planned({ hosts: quiet, memory: rush(10) }), 'set-desired');
    expect(action?.hosts).toBeGreaterThan(10);
  });

  it('A9-9 hosts that boot, start or stand idle count before others are asked for', () => {
    const full = [front({ shows: 4 }), front({ shows: 4 })];
    expect(actions(planned({ hosts: full }), 'set-desired')).toEqual([{ kind: 'set-desired', hosts: 3 }]);
    for (const coming of [launching(), starting(), idle()]) {
      expect(actions(planned({ hosts: [...full, coming] }), 'set-desired')).toEqual([]);
    }
    const asked = withFacts(fleet({ hosts: full }), { group: { desired: 3, maxHosts: 100 } });
    expect(actions(planned(asked), 'set-desired')).toEqual([]);
  });

  it('A9-14 newcomers go to the hosts that are in use, so that the others run empty', () => {
    const made = planned({
      hosts: [serving({ shows: 1 }), serving(), serving(), serving({ shows: 2 }), front()],
    });
    expect(actions(made, 'set-front')[0]?.ips).toEqual(['198.51.100.1', '198.51.100.4']);
  });

  it('A9-15 what has no task goes before what serves, what is empty before what holds shows', () => {
    const surplus = { mark: { idleSince: longAgo } };
    const hosts = [
      front({ shows: 1 }),
      front(),
      serving({ shows: 1, ...surplus }),
      serving(surplus),
      idle(surplus),
    ];
    const made = planned({ hosts });
    expect(inShort(made)).toContain('terminate-host i-05');
    expect(actions(made, 'write-order').map(({ order }) => order.taskId)).toEqual(['task-04']);
  });

  it('A9-16 hosts go only when they were idle for long, well above what is wanted, and long after the last came', () => {
    const hosts = (idleSince: number) => [front({ shows: 2 }), front(), serving({ mark: { idleSince } })];
    expect(orders({ hosts: hosts(now - 3 * minute) })).toMatchObject([
      { taskId: 'task-03', reason: 'scale-in' },
    ]);
    expect(orders({ hosts: hosts(now - minute) })).toEqual([]);
    expect(orders({ hosts: hosts(longAgo), memory: { lastScaleOutAt: now - 4 * minute } })).toEqual([]);
    const tight = [front({ shows: 3 }), front({ shows: 2 }), serving({ mark: { idleSince: longAgo } })];
    expect(orders({ hosts: tight })).toEqual([]);
  });

  it('A9-16 the end of many shows at once, and their return, brings no hosts back and forth', () => {
    const full = [front({ shows: 4 }), front({ shows: 4 }), front({ shows: 3 }), front({ shows: 3 })];
    let world = worldOf(fleet({ hosts: full }), policy, now);
    const shows = new Map(world.facts.heartbeats.map((beat) => [beat.taskId, beat.shows]));
    const asked: number[] = [];
    // Gone for one minute in every three, for half an hour.
    for (let pass = 0; pass < 180; pass += 1) {
      const areGone = pass % 18 < 6;
      const heartbeats = world.facts.heartbeats.map((beat) => {
        const list = areGone ? [] : (shows.get(beat.taskId) ?? []);
        return Object.assign({ ...beat }, { shows: list });
      });
      world = Object.assign({ ...world }, { facts: { ...world.facts, heartbeats } });
      const made = think(world);
      asked.push(...actions(made, 'set-desired').map(({ hosts }) => hosts));
      world = lived(carriedOut(world, made), 10 * second);
    }
    expect(asked.length).toBeLessThanOrEqual(2);
  });

  it('A9-17 the free room is the greatest of what is fixed, what is a share, what is expected, and events on top', () => {
    const wanted = (wish: FleetWish) => planned(wish).figures.wantedPoints;
    expect(wanted({ hosts: quiet })).toBe(2000);
    const busy = Array.from({ length: 15 }, () => serving({ shows: 4 }));
    expect(wanted({ hosts: busy })).toBe(3000);
    expect(wanted({ hosts: quiet, memory: rush(10) })).toBeGreaterThan(40_000);
    const event = { eventId: 'final', startsAt: now + 5 * minute, endsAt: now + hour, extraPoints: 9000 };
    expect(wanted({ hosts: quiet, sources: { events: [event] } })).toBe(11_000);
    expect(wanted({ hosts: quiet, sources: { events: [{ ...event, startsAt: now + hour }] } })).toBe(2000);
    expect(
      wanted({ hosts: quiet, sources: { events: [{ ...event, startsAt: longAgo, endsAt: now - 1 }] } }),
    ).toBe(2000);
  });

  it('A9-42 a host is idle from when it could be of use, not from its launch', () => {
    const made = planned({
      hosts: [...quiet, starting({ task: { startedAt: now - 4 * minute } }), launching()],
    });
    expect(made.memory.hosts['i-03']?.idleSince).toBeUndefined();
    expect(made.memory.hosts['i-04']?.idleSince).toBeUndefined();
    expect(planned({ hosts: [...quiet, serving()] }).memory.hosts['i-03']?.idleSince).toBe(now);
  });
});

describe('what AWS does by itself', () => {
  it('A9-18, A9-27 hosts go by their id; the desired count is never lowered', () => {
    const made = planned({ hosts: [...quiet, serving(), idle({ mark: { idleSince: longAgo } })] });
    expect(inShort(made)).toContain('terminate-host i-04');
    expect(actions(made, 'set-desired')).toEqual([]);
    const wished = withFacts(fleet({ hosts: quiet }), { group: { desired: 20, maxHosts: 100 } });
    expect(actions(planned(wished), 'set-desired')).toEqual([]);
  });

  it('A9-27 a desired count below what lives is put right, before the group looks for a victim', () => {
    const lowered = withFacts(fleet({ hosts: quiet }), { group: { desired: 1, maxHosts: 100 } });
    expect(actions(planned(lowered), 'set-desired')).toEqual([{ kind: 'set-desired', hosts: 2 }]);
  });

  it('A9-28 ending a host and asking for others in one pass do not count it twice', () => {
    const twin = idle({ mark: { idleSince: longAgo }, address: { slot: 'in-01' } });
    const made = planned({ hosts: [front({ shows: 4 }), front({ shows: 4 }), twin] });
    expect(inShort(made)).toContain('terminate-host i-03');
    // Three live, one goes and takes one off, one is missing.
    expect(actions(made, 'set-desired')).toEqual([{ kind: 'set-desired', hosts: 3 }]);
  });

  it('A9-19 a task is told to refuse newcomers, by an order that it has to acknowledge', () => {
    const going = leaving('expire', { beat: { obeys: 1 } });
    expect(orders({ hosts: [...quiet, going] })).toMatchObject([
      { taskId: 'task-03', phase: 'drain', generation: 2 },
    ]);
  });

  it('A9-20, A9-21 every host is protected from scale-in, whatever runs on it, and goes all the same when it is idle', () => {
    const bare = { host: { isProtected: false } };
    const made = planned({ hosts: [front({ shows: 1, ...bare }), front(), launching(bare)] });
    expect(actions(made, 'protect-host').map(({ hostId }) => hostId)).toEqual(['i-01', 'i-03']);
    const surplus = idle({ host: { isProtected: true }, mark: { idleSince: longAgo } });
    expect(inShort(planned({ hosts: [...quiet, serving(), surplus] }))).toContain('terminate-host i-04');
  });
});

describe('addresses', () => {
  it('A9-34 a host that is to serve gets address, name, target and task, each when the one before is seen', () => {
    const full = [front({ shows: 4 }), front({ shows: 4 })];
    let world = worldOf(fleet({ hosts: full, spare: [] }), policy, now);
    const steps: string[] = [];
    for (let pass = 0; pass < 8; pass += 1) {
      const made = think(world);
      steps.push(...made.decisions.map(({ action }) => action.kind));
      world = lived(carriedOut(world, made), 10 * second);
    }
    const firsts = [...new Set(steps)].filter((kind) => kind !== 'protect-host');
    expect(firsts.indexOf('allocate-address')).toBeLessThan(firsts.indexOf('associate-address'));
    expect(firsts.indexOf('associate-address')).toBeLessThan(firsts.indexOf('start-task'));
    expect(firsts.indexOf('register-target')).toBeLessThan(firsts.indexOf('start-task'));
    expect(firsts).toContain('set-slot-record');
    expect(world.facts.records.front).toHaveLength(3);
  });

  it('A9-35 an address that somebody has is never taken, and one that nobody needs is given back after a while', () => {
    const full = [front({ shows: 4 }), front({ shows: 4 }), idle({ address: false })];
    const taken = fleet({ hosts: full, spare: [] });
    const foreign = { addressId: 'eip-x', ip: '198.51.100.77', slot: 'in-03', hostId: 'i-of-others' };
    const addresses = [...(taken.sources.addresses?.value ?? []), foreign];
    expect(actions(planned(withFacts(taken, { addresses })), 'associate-address')).toEqual([]);
    const spare = { hosts: quiet, spare: [8, 9] };
    expect(actions(planned(spare), 'release-address')).toEqual([]);
    const old = { unusedSince: now - 31 * minute };
    const memory = { addresses: { 'eip-08': old, 'eip-09': old } };
    expect(actions(planned({ ...spare, memory }), 'release-address').map(({ slot }) => slot)).toEqual([
      'in-09',
    ]);
  });

  it('A9-36 the quota of addresses is an input: the plan stays below it and says so', () => {
    const full = [front({ shows: 4 }), front({ shows: 4 })];
    const made = planned({ hosts: full, spare: [] }, { addresses: { ...policy.addresses, quota: 2 } });
    expect(made.limitedBy).toContain('address quota');
    expect(made.alarms.map(({ name }) => name)).toContain('address-quota');
    expect(actions(made, 'set-desired')).toEqual([]);
    expect(actions(made, 'allocate-address')).toEqual([]);
  });
});
