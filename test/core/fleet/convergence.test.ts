import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../core/fleet/decision.ts';
import { noMemory } from '../../../core/fleet/memory.ts';
import { isFresh } from '../../../core/fleet/state.ts';
import { carriedOut, lived, passes, think, worldOf, type World } from './applied.ts';
import { anyFleet, type Drawn } from './arbitrary.ts';
import { actions, inShort, minute, now, second } from './fixture.ts';

const runs = Number(process.env['FC_RUNS'] ?? 120);

interface Rest {
  readonly world: World;
  readonly made: Plan;
  /** What was still decided in the last half hour. */
  readonly late: readonly string[];
}

function restOf(start: World): Rest {
  let last: { readonly world: World; readonly made: Plan } | undefined;
  const late: string[] = [];
  for (const pass of passes(start)) {
    last = pass;
    if (pass.world.now - start.now > 120 * minute) late.push(...inShort(pass.made));
  }
  if (last === undefined) throw new Error('no pass was made');
  return { ...last, late };
}

const always = (holds: (rest: Rest) => void): void =>
  fc.assert(
    fc.property(anyFleet, ({ snapshot, policy }) => {
      holds(restOf(worldOf(snapshot, policy, now)));
    }),
    { numRuns: runs },
  );

/** Living hosts with their task. */
const living = ({ facts, policy, now: at }: World) =>
  facts.hosts.flatMap((host) => {
    if (host.state !== 'running') return [];
    const on = facts.tasks.filter(({ hostId, status }) => hostId === host.hostId && status !== 'stopped');
    const task = on.toSorted((a, b) => b.startedAt - a.startedAt)[0];
    const beat = facts.heartbeats.find(({ taskId }) => taskId === task?.taskId);
    const order = facts.orders.find(({ taskId }) => taskId === task?.taskId);
    const address = facts.addresses.find(({ hostId }) => hostId === host.hostId);
    return [{ host, task, beat, order, address, isHeard: isFresh(beat, policy, at) }];
  });

describe('under constant facts, whatever they were at first', () => {
  it('I6: the fleet comes to rest', () => {
    always(({ late }) => {
      expect(late).toEqual([]);
    });
  });

  it('I4: addresses, records and targets are what the hosts need, and no more', () => {
    always(({ world, made }) => {
      const { facts, policy } = world;
      const hosts = new Map(facts.hosts.map((host) => [host.hostId, host]));
      const ours = facts.addresses.filter(({ hostId }) => hostId === undefined || hosts.has(hostId));
      const free = ours.filter(({ hostId }) => hostId === undefined);
      const waiting = living(world).filter(({ address }) => address === undefined);
      expect(free.length).toBeLessThanOrEqual(policy.addresses.spare + waiting.length);
      const targets = facts.targets.map(({ slot, targetId }) => `${slot} ${targetId}`);
      const wanted = living(world).flatMap(({ host, address }) =>
        address === undefined || host.privateIp === undefined ? [] : `${address.slot} ${host.privateIp}`,
      );
      // Two hosts with the address of one slot: that is said, and people have to look.
      if (new Set(wanted.map((each) => each.split(' ')[0])).size === wanted.length) {
        // Where the address of a host is another slot's, viewers still come by the slot of its task.
        const running = new Set(living(world).map(({ host, task }) => `${task?.slot} ${host.privateIp}`));
        const others = targets.filter((each) => wanted.includes(each) || !running.has(each));
        expect(others.toSorted()).toEqual(wanted.toSorted());
      }
      if (!policy.hasDomain) return;
      const slots = facts.addresses.map(({ slot }) => slot);
      // The name of a running task's slot stays, whoever took its address away.
      const inUse = facts.tasks.flatMap(({ slot, status }) => (status === 'stopped' ? [] : slot));
      const names = Object.keys(facts.records.slots);
      expect(names).toEqual(expect.arrayContaining(slots));
      for (const name of names) expect([...slots, ...inUse]).toContain(name);
      expect(made.decisions).toEqual([]);
    });
  });

  it('I4: no task that is empty and was told to go is still there, and no host stands idle', () => {
    always(({ world, made }) => {
      // Two addresses of one slot, by somebody's hand: that is said, and a person has to look.
      if (made.alarms.some(({ name }) => name === 'address-conflict')) return;
      for (const { host, task, beat, order, isHeard, address } of living(world)) {
        // The last one that takes newcomers stays in the front set until there is another.
        const isLast = world.facts.records.front.includes(address?.ip ?? '');
        const isGoing = order !== undefined && order.phase !== 'serve' && !isLast;
        if (isGoing && isHeard && beat?.phase !== 'ending') {
          expect(`${task?.taskId} holds ${beat?.shows.length ?? 0}`).not.toMatch(/ 0$/);
        }
        const isLimited = made.limitedBy.includes('address quota') || made.limitedBy.includes('slots');
        if (task === undefined && host.ready && !isLimited) {
          expect(`${host.hostId} at ${address?.slot ?? 'no address'} is idle`).toBe('in use');
        }
      }
    });
  });

  it('I3: the front set names tasks that serve, if any does', () => {
    always(({ world }) => {
      const open = living(world).filter(
        ({ beat, order, isHeard, task, address }) =>
          isHeard &&
          beat?.phase === 'serving' &&
          beat.accepting &&
          (order === undefined || order.phase === 'serve') &&
          task?.slot === address?.slot,
      );
      if (open.length === 0) return;
      const ips = new Set(open.map(({ address }) => address?.ip));
      expect(world.facts.records.front.length).toBeGreaterThan(0);
      for (const ip of world.facts.records.front) expect(ips).toContain(ip);
    });
  });

  it('has the room that the policy wants, or says what limits it', () => {
    always(({ made }) => {
      if (made.limitedBy.length > 0) return;
      expect(made.figures.freePoints).toBeGreaterThanOrEqual(made.figures.wantedPoints);
    });
  });
});

describe('I5 and I8: a plan that is carried out', () => {
  const anyWorld = fc
    .tuple(anyFleet, fc.nat({ max: 25 }))
    .map(([{ snapshot, policy }, age]: readonly [Drawn, number]) => {
      let world = worldOf(snapshot, policy, now);
      for (let pass = 0; pass < age; pass += 1) {
        world = lived(carriedOut(world, think(world)), 10 * second);
      }
      return world;
    });

  it('changes nothing more when it is carried out twice', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const made = think(world);
        const once = carriedOut(world, made);
        // Only a host's end counts: AWS answers a second one with "not in the group".
        const again = made.decisions.filter(({ action }) => action.kind !== 'terminate-host');
        expect(carriedOut(once, { ...made, decisions: again }).facts).toEqual(once.facts);
      }),
      { numRuns: runs },
    );
  });

  it('is not made again from what it left', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const made = think(world);
        const next = think(carriedOut(world, made));
        const before = new Set(inShort(made));
        expect(inShort(next).filter((each) => before.has(each))).toEqual([]);
      }),
      { numRuns: runs },
    );
  });

  it('is taken up again by the next scheduler when any one call was the last', () => {
    fc.assert(
      fc.property(anyFleet, fc.infiniteStream(fc.nat()), ({ snapshot, policy }, cuts) => {
        let world = worldOf(snapshot, policy, now);
        // Each pass ends after some call, half of them without saving what they remember.
        for (let pass = 0; pass < 25; pass += 1) {
          const made = think(world);
          const cut = Number(cuts.next().value) % (2 * made.decisions.length + 2);
          const some = made.decisions.slice(0, Math.floor(cut / 2));
          const memory = cut % 2 === 0 ? world.memory : made.memory;
          world = lived(carriedOut(world, { decisions: some, memory }), 10 * second);
        }
        const { late, made } = restOf(world);
        expect(late).toEqual([]);
        if (made.limitedBy.length > 0) return;
        expect(made.figures.freePoints).toBeGreaterThanOrEqual(made.figures.wantedPoints);
      }),
      { numRuns: runs },
    );
  });

  it('leaves the same fleet when the memory was lost', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        expect(restOf({ ...world, memory: noMemory }).late).toEqual([]);
      }),
      { numRuns: runs },
    );
  });
});

/** Hosts that become full and have room again come into the front set and leave it. */
const toggled = (world: World, who: number, full: boolean): World => {
  const heartbeats = world.facts.heartbeats.map((beat, n) => (n % 5 === who ? { ...beat, full } : beat));
  return { ...world, facts: { ...world.facts, heartbeats } };
};

describe('memory that lags by a pass', () => {
  const anyStep = fc.record({ who: fc.nat({ max: 4 }), full: fc.boolean(), isSaved: fc.boolean() });

  it('lets no task drain while a DNS answer may name it', () => {
    fc.assert(
      fc.property(
        anyFleet,
        fc.array(anyStep, { minLength: 40, maxLength: 40 }),
        ({ snapshot, policy }, steps) => {
          const waitMs = policy.front.ttlS * second + policy.front.slackMs;
          const namedAt = new Map<string, number>();
          let world = worldOf(snapshot, policy, now);
          let wasSaved = true;
          for (const { who, full, isSaved } of steps) {
            world = toggled(world, who, full);
            for (const ip of world.facts.records.front) namedAt.set(ip, world.now);
            const made = think(world);
            for (const { order } of actions(made, 'write-order')) {
              // One that drains already refuses them anyhow.
              if (order.phase !== 'drain' || order.reason === 'clean-up') continue;
              const task = world.facts.tasks.find(({ taskId }) => taskId === order.taskId);
              const address = world.facts.addresses.find(({ hostId }) => hostId === task?.hostId);
              const at = namedAt.get(address?.ip ?? '');
              // What the first snapshot remembers may be anything; and a hand may have moved an address.
              if (at === undefined || at === now || address?.slot !== task?.slot) continue;
              expect(world.now - at).toBeGreaterThanOrEqual(waitMs);
            }
            wasSaved = isSaved || !wasSaved;
            const memory = wasSaved ? made.memory : world.memory;
            world = lived(carriedOut(world, { ...made, memory }), 10 * second);
          }
        },
      ),
      { numRuns: 2 * runs },
    );
  });
});
