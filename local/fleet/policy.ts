import { typicalPoints } from '../../core/fleet/cost.ts';
import { defaultPolicy, slotNames, type Policy } from '../../core/fleet/policy.ts';

/** How often a task of this fleet says how it is. */
export const heartbeatS = 1;

export interface LocalPolicyOptions {
  readonly minHosts: number;
  readonly maxHosts: number;
  /**
   * Points that a host holds: two typical newcomers by default, so that a few shows are enough to see the fleet
   * grow. A small machine says before, by its measured CPU, that there is no room.
   */
  readonly roomPoints?: number;
  readonly graceMs: number;
}

/**
 * The policy of one machine: the same rules as on AWS, with times that somebody who watches has patience for.
 * A pass comes every second instead of every ten, a host boots in a second instead of in minutes.
 */
export function localPolicy(options: LocalPolicyOptions): Policy {
  const { minHosts, maxHosts, roomPoints = 2 * typicalPoints, graceMs } = options;
  return {
    ...defaultPolicy,
    hosts: {
      min: minHosts,
      max: maxHosts,
      roomPoints,
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
      unforeseenDeviations: 0,
      minimumShare: 0.5,
      hysteresisPoints: typicalPoints / 2,
    },
    front: {
      // Long enough that the forwarder's resolvers give old answers during a drain, as real ones do.
      ttlS: 2,
      // Nothing has to spread on one machine; a pass.
      slackMs: 1_000,
      maxAddresses: defaultPolicy.front.maxAddresses,
      passedOnShare: defaultPolicy.front.passedOnShare,
      // When this machine dies, both of two are gone: one that has room is enough.
      minAddresses: 1,
    },
    // Three heartbeats of a new image are enough here, and nobody waits half a day to see a release through.
    rollout: { ...defaultPolicy.rollout, canaryMs: 3_000, patienceMs: 0 },
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
