/**
 * Everything that can be set, with its unit and why its default is what it is. Points as in cost.ts.
 * The same object is typed by tidecast.config.ts, given to the scheduler as JSON, and used by the simulator.
 */
export interface Policy {
  readonly hosts: {
    /** Never fewer: one host may die without the front set becoming empty. */
    readonly min: number;
    /** As many as slots: one load balancer has 100 target groups. Draining hosts count. */
    readonly max: number;
    /** Points that one host of this type holds with its CPU at `cpu.high`. */
    readonly roomPoints: number;
    /** From asking for a host to its task serving: boot 60–180 s, pull and start 30 s, passes. */
    readonly leadMs: number;
    /** A task that has not served for so long after its start has failed: ten times what pull and start take. */
    readonly startWithinMs: number;
  };
  readonly cpu: {
    /** Below it (the lower end of the band) measured CPU never makes room smaller than costs say. */
    readonly low: number;
    /** What room is planned to: above it x264 has no reserve for a scene change. */
    readonly high: number;
    /** The task's own door goes by it when no other task has room either. The scheduler never plans into it. */
    readonly ceiling: number;
  };
  readonly buffer: {
    /** Free room at any hour: two typical broadcasts. */
    readonly absolutePoints: number;
    /** Of the room in use. The forecast below asks for more at nearly all hours; tuned with it. */
    readonly relativeShare: number;
    /**
     * How many standard deviations of the arrivals expected in `hosts.leadMs` are kept free on top of their mean.
     * Tuned in the simulator, as the rest of the buffer: the least that refuses under 1 in 10,000.
     */
    readonly deviations: number;
    /** Added to them at hours that have not been seen before: on the first day, and after a loss of memory. */
    readonly unforeseenDeviations: number;
    /** Of the wanted room, the share that must stay free when tasks are expired (I2). */
    readonly minimumShare: number;
    /** Surplus above the wanted room before a host may go, half a broadcast: against flapping. */
    readonly hysteresisPoints: number;
  };
  readonly front: {
    /** Seconds. Short, so that a full host is out of the answers soon. */
    readonly ttlS: number;
    /** Beyond the time-to-live: Route 53 takes up to 60 s to spread a change, resolvers round up. */
    readonly slackMs: number;
    /** One UDP answer without EDNS holds 28 addresses. */
    readonly maxAddresses: number;
    /** The death of one host leaves another in the answers. */
    readonly minAddresses: number;
    /**
     * Share of the newcomers that may meet a full host and be passed on to another. More lets fewer, fuller
     * hosts take them, and ties more broadcasts to two hosts. The simulator's figures: docs/decisions/0008.
     */
    readonly passedOnShare: number;
  };
  readonly rollout: {
    /** How long the first task of an image must serve before others follow. */
    readonly canaryMs: number;
    /** Tasks that have to fail before the image is called broken: the first may have had a bad host. */
    readonly attempts: number;
    /**
     * For so long only empty tasks of the old image go, and hosts with room take newcomers whatever their
     * image: a fleet that shrinks at night is renewed by that at no cost. Then newcomers get the new image
     * only, and the rest is expired as far as the minimum of free room allows. 0: at once.
     */
    readonly patienceMs: number;
  };
  readonly scaleIn: {
    /**
     * A host must have been empty and unneeded for so long: three passes. Twice as long, with a cooldown
     * twice as long, was 1 % more host hours in the simulator (seed 1). */
    readonly idleMs: number;
    /** After a scale-out nothing shrinks for so long: what was asked for has to show first. */
    readonly afterScaleOutMs: number;
  };
  readonly staleness: {
    /** A task silent for so long is lost: three heartbeats. */
    readonly heartbeatMs: number;
    /** A source older than this, three passes, is unknown. */
    readonly factsMs: number;
    /** A heartbeat from further in the future is of a wrong clock, and says nothing. */
    readonly futureMs: number;
  };
  readonly drain: {
    /** A drain older than this raises the alarm: 26 h, longer than a show that runs around the clock. Nothing is forced. */
    readonly stuckMs: number;
  };
  /** Bounds of one pass, so that a wrong fact can't change the whole fleet at once. */
  readonly caps: {
    readonly launches: number;
    readonly starts: number;
    readonly expires: number;
    readonly stops: number;
    readonly terminations: number;
  };
  readonly addresses: {
    /** Elastic IPs that the account grants to the fleet. */
    readonly quota: number;
    /** Unused ones that are kept, so that the next host need not wait for one; each costs as much as one in use. */
    readonly spare: number;
    /** An unused one above the spare is released after so long: no DNS answer names it any more. */
    readonly keepMs: number;
  };
  /** Slots by name, in the order of their use: each has a target group. */
  readonly slots: readonly string[];
  /** A slot name record is written when there is a domain. */
  readonly hasDomain: boolean;
  /** How long an interrupted broadcast is waited for (design section 1); the simulator's tasks go by it. */
  readonly graceMs: number;
}

export const slotNames = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `in-${String(index + 1).padStart(2, '0')}`);

export const defaultPolicy: Policy = {
  hosts: { min: 2, max: 100, roomPoints: 4000, leadMs: 240_000, startWithinMs: 300_000 },
  cpu: { low: 0.5, high: 0.7, ceiling: 0.9 },
  buffer: {
    absolutePoints: 2000,
    relativeShare: 0.01,
    deviations: 1.5,
    unforeseenDeviations: 2,
    minimumShare: 0.5,
    hysteresisPoints: 500,
  },
  front: { ttlS: 20, slackMs: 100_000, maxAddresses: 28, minAddresses: 2, passedOnShare: 0.3 },
  rollout: { canaryMs: 60_000, attempts: 2, patienceMs: 43_200_000 },
  scaleIn: { idleMs: 30_000, afterScaleOutMs: 60_000 },
  staleness: { heartbeatMs: 15_000, factsMs: 30_000, futureMs: 2_000 },
  drain: { stuckMs: 93_600_000 },
  caps: { launches: 20, starts: 20, expires: 10, stops: 20, terminations: 10 },
  addresses: { quota: 5, spare: 1, keepMs: 1_800_000 },
  slots: slotNames(100),
  hasDomain: true,
  graceMs: 60_000,
};
