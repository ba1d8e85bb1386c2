import { atMost, expectedPerMinute, pointsOfOne } from './demand.ts';
import type { DemandMemory } from './memory.ts';
import type { Policy } from './policy.ts';
import type { Situation, Unit } from './situation.ts';

/**
 * Which addresses `ingest.<domain>` answers with: the fewest hosts that newcomers can share without meeting a
 * full one. Encoders pick one of the answers at random, and OBS gives up when its first connect is refused, so
 * what counts is not the sum of free room but how likely it is that too many pick the same host before DNS
 * has heard of it.
 */

/** Broadcasts turned away for each that comes, at most: the aim is one in 10,000, with a reserve. */
const refusedShare = 2e-5;

/** How long a host still gets newcomers after it should not: heartbeat, pass, Route 53, resolvers' time-to-live. */
export const lagMs = (policy: Policy): number => policy.front.ttlS * 1000 + policy.front.slackMs / 2;

/** Mean of max(0, N − slots) for N of a Poisson distribution with mean `mu`: those who find no room. */
export function overflow(mu: number, slots: number): number {
  let term = Math.exp(-mu);
  let below = 0;
  for (let n = 0; n < slots; n += 1) {
    below += term;
    term *= mu / (n + 1);
  }
  // E = μ·P(N ≥ s) − s·P(N ≥ s + 1)
  return Math.max(0, mu * (1 - below) - slots * (1 - below - term));
}

/** How many newcomers the host's door still takes: up to the ceiling, as containers/ingest does. */
const doorSlots = (unit: Unit, policy: Policy, points: number): number => {
  const room = ((unit.heartbeat?.roomPoints ?? 0) * policy.cpu.ceiling) / policy.cpu.high;
  return Math.max(0, Math.floor((room - unit.used) / points));
};

/** A unit that may be in the front set, with a whole newcomer's room inside the band. */
const isCandidate = (unit: Unit, points: number): boolean =>
  unit.free >= points && unit.address !== undefined;

/** With a target there, unless no candidate has one: then viewers wait, but broadcasts are taken. */
function reachable(units: readonly Unit[]): readonly Unit[] {
  const registered = units.filter((unit) => unit.target !== undefined && unit.target.health !== 'draining');
  return registered.length > 0 ? registered : units;
}

export interface FrontChoice {
  readonly units: readonly Unit[];
  /** Share of the newcomers that would find a full host. */
  readonly refusedShare: number;
  /** Even all candidates together are too few. */
  readonly isShort: boolean;
  /** The size limit stopped it, not the want of hosts. */
  readonly isCapped: boolean;
}

/**
 * In the order of preference: hosts of the image that is to stay, then those whose broadcasts have run the
 * longest (lengths are heavy-tailed: what has run for long goes on for long, so this host stays anyway), then
 * the fullest, so that the others run empty and can go.
 */
function preferred(situation: Situation, digest: string | undefined): (a: Unit, b: Unit) => number {
  const oldest = new Map<Unit, number>();
  const stays = (unit: Unit): number => {
    const known = oldest.get(unit);
    if (known !== undefined) return known;
    let at = situation.now;
    for (const show of unit.heartbeat?.shows ?? []) at = Math.min(at, show.startedAt);
    // In steps of five minutes: nobody's place should change from one pass to the next.
    const step = Math.floor(at / 300_000);
    oldest.set(unit, step);
    return step;
  };
  return (a, b) => {
    const image = Number(b.task?.digest === digest) - Number(a.task?.digest === digest);
    if (image !== 0) return image;
    return stays(a) - stays(b) || b.used - a.used || (a.host.hostId < b.host.hostId ? -1 : 1);
  };
}

/** @param digest image that newcomers should land on. */
export function chooseFront(
  situation: Situation,
  demand: DemandMemory,
  digest: string | undefined,
): FrontChoice {
  const { policy } = situation;
  const points = pointsOfOne(demand);
  const candidates = reachable(situation.units.filter((unit) => isCandidate(unit, points))).toSorted(
    preferred(situation, digest),
  );
  const coming = comingOf(situation, demand);
  const chosen: Unit[] = [];
  const bySlots = new Map<number, number>();
  let refused = 1;
  for (const unit of candidates) {
    if (chosen.length >= policy.front.maxAddresses) break;
    chosen.push(unit);
    const slots = doorSlots(unit, policy, points);
    bySlots.set(slots, (bySlots.get(slots) ?? 0) + 1);
    if (chosen.length < policy.front.minAddresses) continue;
    refused = refusedOf(bySlots, chosen.length, coming);
    if (refused <= refusedShare) break;
  }
  return {
    units: chosen,
    refusedShare: refused,
    isShort: refused > refusedShare && chosen.length === candidates.length,
    isCapped: refused > refusedShare && chosen.length < candidates.length,
  };
}

/** Even at the quietest hour two may come at once. */
const minimumComing = 0.5;

/** Newcomers while DNS lags behind. */
const comingOf = ({ policy, now }: Situation, demand: DemandMemory): number =>
  Math.max(
    minimumComing,
    atMost((expectedPerMinute(demand, now, policy.hosts.leadMs) * lagMs(policy)) / 60_000, 1),
  );

function refusedOf(bySlots: ReadonlyMap<number, number>, hosts: number, coming: number): number {
  let refused = 0;
  for (const [slots, count] of bySlots) refused += count * overflow(coming / hosts, slots);
  return refused / coming;
}

/** How many empty hosts more the front set would need for newcomers to be safe; 0 when more would not help. */
export function overflowOfExtra(
  situation: Situation,
  points: number,
  choice: FrontChoice,
  demand: DemandMemory,
): number {
  const { policy } = situation;
  const bySlots = new Map<number, number>();
  for (const unit of choice.units) {
    const slots = doorSlots(unit, policy, points);
    bySlots.set(slots, (bySlots.get(slots) ?? 0) + 1);
  }
  const empty = Math.floor((policy.hosts.roomPoints * policy.cpu.ceiling) / policy.cpu.high / points);
  const coming = comingOf(situation, demand);
  const most = policy.front.maxAddresses - choice.units.length;
  for (let extra = 1; extra <= most; extra += 1) {
    bySlots.set(empty, (bySlots.get(empty) ?? 0) + 1);
    if (refusedOf(bySlots, choice.units.length + extra, coming) <= refusedShare) return extra;
  }
  return Math.max(0, most);
}
