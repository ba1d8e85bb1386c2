import { Timeline } from '../model/timeline.ts';
import { Random } from '../random.ts';
import type { Trace, Wish } from '../trace/trace.ts';
import type { Baseline } from './baseline.ts';

/**
 * A service with CPU target tracking, as AWS documents it: scale out when the average is above the target for
 * three minutes, scale in when it is below 90 % of it for fifteen; the capacity changes in proportion. It knows
 * nothing of broadcasts: whoever is on an instance that goes is cut off, and comes back elsewhere.
 */
const minuteMs = 60_000;
/** A host with its room in use is at 70 % CPU (policy.cpu.high). */
const cpuWhenFull = 0.7;
const target = 0.6;
const outAfterMinutes = 3;
const inAfterMinutes = 15;
const inBelow = 0.9;
/** Time between two scale-ins, and until a new instance counts in the average. */
const cooldownMs = 300_000;
const warmUpMs = 300_000;
const bootMs = [60_000, 180_000] as const;
/** The same door as ours: full at 90 % CPU. */
const ceiling = 0.9;
const leastHosts = 2;
const personWaitsMs = [15_000, 60_000] as const;
const personTries = 5;
/** OBS comes back after this. */
const retryMs = 5_000;

interface Instance {
  readonly launchedAt: number;
  readyAt: number;
  points: number;
  readonly shows: Set<Show>;
}

interface Show {
  readonly wish: Wish;
  endsAt: number;
  isRefused: boolean;
  tries: number;
}

export function targetTracking(options: {
  readonly trace: Trace;
  readonly roomPoints: number;
  readonly seed: number;
  readonly cutByReleases: number;
}): Baseline {
  const service = new Service(options.roomPoints, options.seed);
  const hosts = service.run(options.trace);
  return {
    name: 'CPU target tracking',
    hostHours: service.hostMs / 3_600_000,
    cutByScaling: service.cut,
    cutByReleases: options.cutByReleases,
    refused: service.refused,
    note: `target ${target * 100} % CPU, out after ${outAfterMinutes} min, in after ${inAfterMinutes} min below ${Math.round(target * inBelow * 100)} %, connections spread at random over instances`,
    hosts,
  };
}

class Service {
  hostMs = 0;
  cut = 0;
  refused = 0;
  readonly #timeline = new Timeline(0);
  readonly #random: Random;
  readonly #roomPoints: number;
  readonly #instances = new Set<Instance>();
  #above = 0;
  #below = 0;
  #lastInAt = -cooldownMs;

  constructor(roomPoints: number, seed: number) {
    this.#roomPoints = roomPoints;
    this.#random = new Random(seed, 'target tracking');
  }

  run(trace: Trace): Float64Array {
    const minutes = Math.ceil(trace.lengthMs / minuteMs);
    const hosts = new Float64Array(minutes);
    for (let n = 0; n < leastHosts; n++) this.#launch(0);
    for (const wish of trace.wishes) {
      const show: Show = { wish, endsAt: Infinity, isRefused: false, tries: 0 };
      this.#timeline.at(wish.at, () => this.#connect(show));
    }
    for (let minute = 0; minute < minutes; minute++) {
      this.#timeline.advance(minute * minuteMs);
      hosts[minute] = this.#instances.size;
      this.#alarms();
    }
    this.#timeline.advance(trace.lengthMs);
    for (const { launchedAt } of this.#instances) this.hostMs += trace.lengthMs - launchedAt;
    return hosts;
  }

  #launch(delay: number): void {
    const { now } = this.#timeline;
    const instance: Instance = {
      launchedAt: now,
      readyAt: now + delay,
      points: 0,
      shows: new Set(),
    };
    this.#instances.add(instance);
  }

  #connect(show: Show): void {
    const { now } = this.#timeline;
    if (show.endsAt <= now) return;
    const ready = [...this.#instances].filter(({ readyAt }) => readyAt <= now);
    const instance = this.#random.pick(ready);
    const door = (this.#roomPoints * ceiling) / cpuWhenFull;
    if (instance === undefined || instance.points + show.wish.points > door) {
      this.#refuse(show);
      return;
    }
    if (show.endsAt === Infinity) show.endsAt = now + show.wish.lengthMs;
    instance.shows.add(show);
    instance.points += show.wish.points;
    this.#timeline.at(show.endsAt, () => {
      if (!instance.shows.delete(show)) return;
      instance.points -= show.wish.points;
    });
  }

  #refuse(show: Show): void {
    // Who was live before is OBS coming back, which tries on.
    const isReturn = show.endsAt !== Infinity;
    if (!isReturn && !show.isRefused) this.refused++;
    show.isRefused = true;
    show.tries++;
    if (!isReturn && show.tries > personTries) return;
    const wait = isReturn ? 2 * retryMs : this.#random.between(...personWaitsMs);
    this.#timeline.after(wait, () => this.#connect(show));
  }

  #alarms(): void {
    const { now } = this.#timeline;
    const warm = [...this.#instances].filter(({ readyAt }) => readyAt + warmUpMs <= now || readyAt === 0);
    if (warm.length === 0) return;
    const points = warm.reduce((sum, instance) => sum + instance.points, 0);
    const cpu = (points / (warm.length * this.#roomPoints)) * cpuWhenFull;
    this.#above = cpu > target ? this.#above + 1 : 0;
    this.#below = cpu < target * inBelow ? this.#below + 1 : 0;
    const wanted = Math.max(leastHosts, Math.ceil((warm.length * cpu) / target));
    if (this.#above >= outAfterMinutes) {
      for (let n = this.#instances.size; n < wanted; n++) this.#launch(this.#random.between(...bootMs));
    } else if (this.#below >= inAfterMinutes && now - this.#lastInAt >= cooldownMs) {
      this.#lastInAt = now;
      for (let n = this.#instances.size; n > wanted; n--) this.#terminate();
    }
  }

  /** The default termination policy looks at zones, launch templates and billing hours: as good as chance. */
  #terminate(): void {
    const victim = this.#random.pick([...this.#instances]);
    if (victim === undefined) return;
    this.#instances.delete(victim);
    this.hostMs += this.#timeline.now - victim.launchedAt;
    for (const show of victim.shows) {
      this.cut++;
      this.#timeline.after(retryMs, () => this.#connect(show));
    }
    victim.shows.clear();
  }
}
