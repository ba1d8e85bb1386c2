import { atMost, expectedPerMinute, pointsOfOne } from './demand.ts';
import type { Peer } from './heartbeat.ts';
import type { DemandMemory } from './memory.ts';
import type { Policy } from './policy.ts';
import type { Situation, Unit } from './situation.ts';

/**
 * Which addresses `ingest.<domain>` answers with: the fewest, fullest hosts. Encoders pick one of the answers
 * at random, and DNS lags behind, so that some pick a host that has become full. Such a host passes the
 * connection on to a peer with room (docs/decisions/0008): what counts here is how many that are, as each
 * depends on two hosts from then on.
 */

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

/** How many newcomers it has room for before it passes them on. */
const slotsOf = (unit: Unit, points: number): number => Math.floor(unit.free / points);

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
  /** Share of the newcomers that will meet a full host and be passed on. */
  readonly passedOnShare: number;
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
    if (digest !== undefined) {
      const image = Number(b.task?.digest === digest) - Number(a.task?.digest === digest);
      if (image !== 0) return image;
    }
    return stays(a) - stays(b) || b.used - a.used || (a.host.hostId < b.host.hostId ? -1 : 1);
  };
}

/** @param digest image that newcomers should land on; undefined when any will do. */
export function chooseFront(
  situation: Situation,
  demand: DemandMemory,
  digest: string | undefined,
): FrontChoice {
  const { policy } = situation;
  const points = pointsOfOne(demand);
  const candidates = candidatesOf(situation, points, digest);
  const coming = comingOf(situation, demand);
  let best: FrontChoice = { units: [], passedOnShare: 1, isCapped: false };
  // Hosts with one free slot fill at once and would only be passed by: it may take fewer without them.
  for (let least = 1; least <= 4; least += 1) {
    const choice = fewest(
      candidates.filter((unit) => slotsOf(unit, points) >= least),
      points,
      coming,
      policy,
    );
    if (isBetter(choice, best, policy)) best = choice;
  }
  return stillGood(candidates, best, situation, points, coming, digest) ?? best;
}

/** The front set of now, where it does nearly as well: each change is a call, and a minute until DNS has it. */
function stillGood(
  candidates: readonly Unit[],
  best: FrontChoice,
  { front, policy }: Situation,
  points: number,
  coming: number,
  digest: string | undefined,
): FrontChoice | undefined {
  if (front === undefined || front.length < policy.front.minAddresses) return undefined;
  if (front.length > best.units.length + 1) return undefined;
  const named = new Set(front);
  const units = candidates.filter((unit) => unit.address !== undefined && named.has(unit.address.ip));
  if (units.length < front.length) return undefined;
  const isOfImage = (unit: Unit): boolean => digest === undefined || unit.task?.digest === digest;
  if (best.units.every(isOfImage) && !units.every(isOfImage)) return undefined;
  const passedOnShare = shareOver(
    units.map((unit) => slotsOf(unit, points)),
    coming,
  );
  return passedOnShare <= policy.front.passedOnShare ? { units, passedOnShare, isCapped: false } : undefined;
}

function isBetter(a: FrontChoice, b: FrontChoice, { front }: Policy): boolean {
  if (a.units.length === 0) return false;
  const isGood = a.passedOnShare <= front.passedOnShare;
  if (isGood !== b.passedOnShare <= front.passedOnShare) return isGood;
  return isGood ? a.units.length < b.units.length : a.passedOnShare < b.passedOnShare;
}

/** The first ones, until few enough are passed on. */
function fewest(candidates: readonly Unit[], points: number, coming: number, { front }: Policy): FrontChoice {
  const units: Unit[] = [];
  const slots: number[] = [];
  let passedOnShare = 1;
  for (const unit of candidates) {
    if (units.length >= front.maxAddresses) break;
    units.push(unit);
    slots.push(slotsOf(unit, points));
    if (units.length < front.minAddresses) continue;
    passedOnShare = shareOver(slots, coming);
    if (passedOnShare <= front.passedOnShare) break;
  }
  return {
    units,
    passedOnShare,
    isCapped: passedOnShare > front.passedOnShare && units.length < candidates.length,
  };
}

/** More a task is not told: with the first it finds room, or the fleet is full. */
const maxPeers = 16;

/** Whom tasks without room pass newcomers on to: in the same order of preference. */
export function peersOf(
  situation: Situation,
  demand: DemandMemory,
  digest: string | undefined,
): readonly Peer[] {
  const points = pointsOfOne(demand);
  return candidatesOf(situation, points, digest)
    .filter((unit) => unit.heartbeat?.relay !== undefined)
    .slice(0, maxPeers)
    .map((unit) => ({
      taskId: unit.task?.taskId ?? '',
      relay: unit.heartbeat?.relay ?? '',
      slots: slotsOf(unit, points),
    }));
}

const candidatesOf = (situation: Situation, points: number, digest: string | undefined): readonly Unit[] =>
  reachable(situation.units.filter((unit) => isCandidate(unit, points))).toSorted(
    preferred(situation, digest),
  );

/** Even at the quietest hour two may come at once. */
const minimumComing = 0.5;

/** Newcomers while DNS lags behind. */
const comingOf = ({ policy, now }: Situation, demand: DemandMemory): number =>
  Math.max(
    minimumComing,
    atMost((expectedPerMinute(demand, now, policy.hosts.leadMs) * lagMs(policy)) / 60_000, 1),
  );

function shareOver(slots: readonly number[], coming: number): number {
  const each = coming / slots.length;
  return slots.reduce((sum, free) => sum + overflow(each, free), 0) / coming;
}
