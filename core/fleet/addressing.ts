import type { Draft } from './draft.ts';
import type { FrontChoice } from './front.ts';
import type { Memory } from './memory.ts';
import type { Situation, Unit } from './situation.ts';
import { byId, remembered } from './remembered.ts';
import type { AddressFact, TargetFact } from './snapshot.ts';

/** Addresses, targets and records follow the hosts (I4). */

const namesOf = remembered((slots: readonly string[]): ReadonlySet<string> => new Set(slots));

/** One address for each slot: the one in use, else the first. Others of the same slot are left over from lost replies. */
const bySlot = remembered((addresses: readonly AddressFact[]) => {
  const slots = new Map<string, AddressFact>();
  const surplus: AddressFact[] = [];
  for (const address of addresses) {
    const other = slots.get(address.slot);
    if (other === undefined) slots.set(address.slot, address);
    else if (other.hostId === undefined && address.hostId !== undefined) {
      surplus.push(other);
      slots.set(address.slot, address);
    } else surplus.push(address);
  }
  return { slots, surplus };
});

const sortedTargets = remembered((targets: readonly TargetFact[]) =>
  targets.toSorted(byId((target) => `${target.slot} ${target.targetId}`)),
);

/** @param wanting hosts that are needed; @param unseen hosts on their way that no list shows yet */
export function addressHosts(
  draft: Draft,
  situation: Situation,
  memory: Memory,
  wanting: readonly Unit[],
  unseen: number,
): void {
  const { policy, units, now } = situation;
  if (situation.snapshot.sources.addresses === undefined) return;
  const { slots, surplus } = bySlot(situation.addresses);
  const names = namesOf(policy.slots);
  const taken = new Set(units.flatMap((unit) => (unit.task === undefined ? [] : [unit.task.slot])));
  const hostIds = new Set(units.map((unit) => unit.host.hostId));
  const unused: AddressFact[] = [];
  const leftOver = [...surplus];
  for (const address of slots.values()) {
    if (address.hostId !== undefined) continue;
    // The policy may have lost a slot: its address goes as soon as no host has it.
    (names.has(address.slot) ? unused : leftOver).push(address);
  }
  const free = unused.filter((address) => !taken.has(address.slot));

  if (situation.isKnown('addresses') && situation.isKnown('tasks') && situation.isKnown('hosts')) {
    for (const unit of wanting.filter((each) => each.address === undefined)) {
      const address = free.shift();
      if (address === undefined) {
        if (situation.addresses.length >= policy.addresses.quota) {
          const text = `hosts wait for an address; the quota of ${policy.addresses.quota} is used up`;
          draft.limit('address quota', text);
        } else if (policy.slots.every((slot) => slots.has(slot) || taken.has(slot))) {
          draft.limit('slots', `hosts wait for a slot; all ${policy.slots.length} are in use`);
        }
        break;
      }
      const { addressId, slot, ip } = address;
      draft.decide(
        { kind: 'associate-address', addressId, hostId: unit.host.hostId, slot },
        { hostId: unit.host.hostId, slot },
        'address',
        `gives ${ip} to a host that gets a task`,
      );
    }
  }
  const going = new Set(draft.of('terminate-host').map((decision) => decision.subject.hostId));
  const waiting = units.filter(
    ({ address, host }) => address === undefined && host.state !== 'terminating' && !going.has(host.hostId),
  );
  allocate(draft, situation, waiting.length + unseen + policy.addresses.spare - unused.length, slots, taken);
  release(draft, situation, memory, unused, leftOver, waiting.length + unseen + policy.addresses.spare);
  for (const address of situation.addresses) {
    if (address.hostId === undefined || hostIds.has(address.hostId)) continue;
    const known = situation.snapshot.sources.hosts?.value.some((host) => host.hostId === address.hostId);
    // A host that has just gone still has it for a moment.
    if (known === true || !situation.isKnown('hosts')) continue;
    const since = memory.addresses[address.addressId]?.unusedSince ?? now;
    if (now - since < policy.addresses.keepMs) continue;
    const text = `${address.ip} is on ${address.hostId}, which is none of the fleet's hosts`;
    draft.alarm('address-conflict', { slot: address.slot }, text);
  }
}

function allocate(
  draft: Draft,
  situation: Situation,
  missing: number,
  slots: ReadonlyMap<string, AddressFact>,
  taken: ReadonlySet<string>,
): void {
  const { policy } = situation;
  let left = Math.min(missing, policy.caps.launches);
  let count = situation.addresses.length;
  for (const slot of policy.slots) {
    if (left <= 0) return;
    if (slots.has(slot) || taken.has(slot)) continue;
    if (count >= policy.addresses.quota) return;
    draft.decide({ kind: 'allocate-address', slot }, { slot }, 'address', 'for a host to come');
    count += 1;
    left -= 1;
  }
}

function release(
  draft: Draft,
  situation: Situation,
  memory: Memory,
  unused: readonly AddressFact[],
  surplus: readonly AddressFact[],
  keep: number,
): void {
  const { policy, now, front } = situation;
  if (!situation.mayShrink) return;
  const inDns = new Set(front ?? []);
  // The last slots go first, so that the first ones are the fleet at night.
  const old = unused
    .slice(keep)
    .filter(
      ({ addressId }) => now - (memory.addresses[addressId]?.unusedSince ?? now) >= policy.addresses.keepMs,
    );
  for (const { addressId, ip, slot, hostId } of [...surplus, ...old]) {
    if (inDns.has(ip)) continue;
    if (hostId !== undefined) {
      draft.alarm('address-conflict', { slot, hostId }, `a second address of ${slot}, ${ip}, is in use`);
      continue;
    }
    draft.decide(
      { kind: 'release-address', addressId, ip, slot },
      { slot },
      'clean-up',
      `${ip} is not needed any more`,
    );
  }
}

/** The names of slots. They stay while the slot has its address, whether a host is there or not, or a task. */
export function nameSlots(draft: Draft, situation: Situation): void {
  const records = situation.snapshot.sources.records?.value.slots;
  if (!situation.policy.hasDomain || records === undefined) return;
  if (!situation.isKnown('records') || !situation.isKnown('addresses')) return;
  const { slots } = bySlot(situation.addresses);
  for (const [slot, { ip }] of slots) {
    if (records[slot] === ip) continue;
    draft.decide({ kind: 'set-slot-record', slot, ip }, { slot }, 'record', `${slot} is ${ip}`);
  }
  if (!situation.mayShrink) return;
  const leftOver = Object.entries(records).filter(
    ([slot]) => !slots.has(slot) && !situation.slotsInUse.has(slot),
  );
  for (const [slot, ip] of leftOver.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    draft.decide({ kind: 'remove-slot-record', slot, ip }, { slot }, 'clean-up', 'has no address any more');
  }
}

/**
 * The target group of a slot holds the host that has the slot's address, and nothing else. One that no list shows
 * for a moment stays there while the slot's task runs: viewers would be cut off.
 */
export function aimTargets(draft: Draft, situation: Situation): void {
  const targets = situation.snapshot.sources.targets?.value;
  if (targets === undefined || !situation.isKnown('targets') || !situation.isKnown('addresses')) return;
  const going = new Set(draft.of('terminate-host').map((decision) => decision.subject.hostId));
  const wanted = new Map<string, string>();
  for (const { host, address } of situation.units) {
    if (address === undefined || host.privateIp === undefined) continue;
    if (host.state !== 'running' || going.has(host.hostId)) continue;
    wanted.set(address.slot, host.privateIp);
  }
  const runsAt = new Map(situation.units.map(({ task, host }) => [task?.slot, host.privateIp]));
  const mayBeRight = (slot: string, targetId: string): boolean =>
    !wanted.has(slot) && (runsAt.has(slot) ? runsAt.get(slot) === targetId : situation.slotsInUse.has(slot));
  const there = new Set<string>();
  for (const { slot, targetId, health } of sortedTargets(targets)) {
    if (health === 'draining') continue;
    if (wanted.get(slot) === targetId) there.add(slot);
    else if (situation.mayShrink && !mayBeRight(slot, targetId)) {
      const text = `${targetId} does not have ${slot} any more`;
      draft.decide({ kind: 'deregister-target', slot, targetId }, { slot }, 'target', text);
    }
  }
  for (const [slot, targetId] of wanted) {
    if (there.has(slot)) continue;
    draft.decide({ kind: 'register-target', slot, targetId }, { slot }, 'target', `${targetId} has ${slot}`);
  }
}

/** It can be reached, and takes newcomers or says that it is full. */
const isOpen = ({ state, heartbeat, host, address, task }: Unit): boolean =>
  state === 'serving' &&
  heartbeat?.accepting === true &&
  host.state === 'running' &&
  address?.slot === task?.slot;

/**
 * Writes the front set when it differs. Never emptied while anything serves (I3).
 * @param remaining those that are not told to go in this pass
 */
export function nameFront(
  draft: Draft,
  situation: Situation,
  choice: FrontChoice,
  remaining: readonly Unit[],
): readonly string[] {
  const { front, policy, units } = situation;
  const needed = ['records', 'heartbeats', 'tasks', 'addresses'] as const;
  if (front === undefined || !needed.every(situation.isKnown)) return front ?? [];
  let wanted = ipsOf(choice.units);
  // Everything is full, or on its way out: those that serve stay rather than nobody.
  for (const some of [remaining, units]) if (wanted.length === 0) wanted = ipsOf(some.filter(isOpen));
  if (wanted.length === 0) return front;
  const before = front.toSorted();
  if (before.length === wanted.length && before.every((ip, index) => ip === wanted[index])) return front;
  const text = changeOf(before, wanted, situation.addresses);
  draft.decide({ kind: 'set-front', ips: wanted, ttlS: policy.front.ttlS }, {}, 'front-set', text);
  if (choice.isCapped) {
    draft.limit('front set size', `${policy.front.maxAddresses} addresses are too few for this rush`);
  }
  return wanted;
}

/** "in-03 joins; in-01, in-02 leave" */
function changeOf(
  before: readonly string[],
  wanted: readonly string[],
  addresses: readonly AddressFact[],
): string {
  const slots = new Map(addresses.map(({ ip, slot }) => [ip, slot]));
  const say = (ips: readonly string[], verb: string): string[] =>
    ips.length === 0
      ? []
      : [`${ips.map((ip) => slots.get(ip) ?? ip).join(', ')} ${verb}${ips.length === 1 ? 's' : ''}`];
  const [is, was] = [new Set(wanted), new Set(before)];
  const joining = wanted.filter((ip) => !was.has(ip));
  const leaving = before.filter((ip) => !is.has(ip));
  return [...say(joining, 'join'), ...say(leaving, 'leave')].join('; ');
}

const ipsOf = (units: readonly Unit[]): readonly string[] =>
  [...new Set(units.flatMap((unit) => (unit.address === undefined ? [] : [unit.address.ip])))].toSorted();
