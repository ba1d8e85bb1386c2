import { costOf, typicalPoints } from '../../core/fleet/cost.ts';
import { defaultPolicy, slotNames, type Policy } from '../../core/fleet/policy.ts';
import { ladderFor, type Rung } from '../../core/media/ladder.ts';
import { timingFor } from '../../core/media/timing.ts';

/** How often a task of this fleet says how it is. */
export const heartbeatS = 1;

export interface LocalPolicyOptions {
  readonly rungs: readonly Rung[];
  readonly minHosts: number;
  readonly maxHosts: number;
  /** Shows of the ladder that one host is to hold. */
  readonly showsPerHost: number;
  readonly graceMs: number;
}

/** What a 16:9 source at 30 fps costs that has every rung of the ladder. */
export function pointsOf(rungs: readonly Rung[]): number {
  const height = Math.max(...rungs.map((rung) => rung.height));
  return costOf({
    ladder: ladderFor({ width: Math.round((height * 16) / 9), height }, 30, rungs),
    timing: timingFor({ num: 30, den: 1 }),
  });
}

/**
 * The policy of one machine: the same rules as on AWS, with times that somebody who watches has patience for.
 * A pass comes every second instead of every ten, a host boots in a second instead of in minutes.
 */
export function localPolicy(options: LocalPolicyOptions): Policy {
  const { minHosts, maxHosts, showsPerHost, graceMs } = options;
  const showPoints = pointsOf(options.rungs);
  return {
    ...defaultPolicy,
    hosts: {
      min: minHosts,
      max: maxHosts,
      // One of them may be a newcomer, which counts as typical until its picture is known.
      roomPoints: (showsPerHost - 1) * showPoints + typicalPoints,
      // Boot 1 s, process 1–2 s, a few passes.
      leadMs: 5_000,
      // A Node process is up in a second; ten of them starting at once on two cores take eight.
      startWithinMs: 15_000,
    },
    buffer: {
      // One newcomer finds room at any time.
      absolutePoints: typicalPoints,
      relativeShare: 0,
      deviations: 1,
      minimumShare: 0.5,
      hysteresisPoints: Math.ceil(showPoints / 2),
    },
    front: {
      // Long enough that the forwarder's resolvers give old answers during a drain, as real ones do.
      ttlS: 2,
      // Nothing has to spread on one machine; a pass.
      slackMs: 1_000,
      maxAddresses: defaultPolicy.front.maxAddresses,
      minAddresses: Math.min(minHosts, defaultPolicy.front.minAddresses),
    },
    // Three heartbeats of a new image are enough here, and nobody waits six hours to see a release through.
    rollout: { ...defaultPolicy.rollout, canaryMs: 3_000, patienceMs: 5_000 },
    // So that a host is seen to go without a coffee break, and not at every pause between two tries.
    scaleIn: { idleMs: 20_000, afterScaleOutMs: 20_000 },
    // Five heartbeats: processes of a busy machine are late.
    staleness: { heartbeatMs: heartbeatS * 5_000, factsMs: 10_000, futureMs: 2_000 },
    addresses: {
      // One for each host and one more, so that nothing waits for an address unless somebody wants to see it.
      quota: maxHosts + 1,
      spare: 1,
      keepMs: 30_000,
    },
    // Two more than hosts: a slot is free while an old host still goes.
    slots: slotNames(maxHosts + 2),
    hasDomain: true,
    graceMs,
  };
}
