import { FleetCallError } from '../../../core/fleet/ports.ts';
import type { Random } from '../random.ts';
import type { Timeline } from './timeline.ts';
import type { Tally } from './tally.ts';

/**
 * What becomes of one call. `lost`: it was done, but its answer never came. `crash-*`: the program that made it
 * dies before or after it was done; it never hears of anything again. `slow`: it is done after a minute and
 * a half, when its maker has long lost the lease.
 */
export type Fate = 'done' | 'throttled' | 'unreachable' | 'lost' | 'crash-before' | 'crash-after' | 'slow';

export interface Call {
  /** `read tasks`, `start-task`, `writeOrder` … */
  readonly name: string;
  readonly kind: 'read' | 'act' | 'store-read' | 'store-write';
  /** Number among the calls of this connection, from 0. */
  readonly n: number;
}

export type Fates = (call: Call) => Fate;

export const allDone: Fates = () => 'done';

/** How long calls that change something take, ms. Reads run side by side and count as one moment. */
const actMs = [20, 200] as const;
const storeMs = [3, 15] as const;
const slowMs = 90_000;

/**
 * One program's line to the world: every call of it goes through here, takes its time, and meets its fate.
 * A call that takes time lets the world go on meanwhile: encoders come, hosts die between the check and the stop.
 */
export class Line {
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #tally: Tally;
  readonly #fates: Fates;
  #n = 0;
  #crash: (() => void) | undefined;
  #isCrashed = false;
  /** Resolves when the program has died. */
  readonly crashed: Promise<void>;

  constructor(options: {
    readonly timeline: Timeline;
    readonly random: Random;
    readonly tally: Tally;
    readonly fates: Fates;
  }) {
    this.#timeline = options.timeline;
    this.#random = options.random;
    this.#tally = options.tally;
    this.#fates = options.fates;
    this.crashed = new Promise((resolve) => {
      this.#crash = resolve;
    });
  }

  get isCrashed(): boolean {
    return this.#isCrashed;
  }

  get calls(): number {
    return this.#n;
  }

  call<T>(kind: Call['kind'], name: string, work: () => T): Promise<T> {
    if (this.#isCrashed) return new Promise<T>(() => undefined);
    this.#tally.call(name);
    const fate = this.#fates({ name, kind, n: this.#n++ });
    if (kind === 'act') this.#takeTime(actMs);
    else if (kind === 'store-write') this.#takeTime(storeMs);
    try {
      return this.#meet(fate, name, work);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #meet<T>(fate: Fate, name: string, work: () => T): Promise<T> {
    if (fate === 'done') return Promise.resolve(work());
    if (fate === 'throttled' || fate === 'unreachable') {
      this.#tally.fault(fate);
      throw new FleetCallError(`${name}: ${fate} (simulated)`, { kind: fate });
    }
    if (fate === 'lost') {
      this.#tally.fault('lost reply');
      work();
      throw new FleetCallError(`${name}: connection reset (simulated)`, { kind: 'unreachable' });
    }
    if (fate === 'slow') {
      this.#tally.fault('slow call');
      return new Promise<void>((resolve) => {
        this.#timeline.wakeAfter(slowMs, resolve);
      }).then(work);
    }
    this.#tally.fault('scheduler crash');
    if (fate === 'crash-after') work();
    this.#isCrashed = true;
    this.#crash?.();
    return new Promise<T>(() => undefined);
  }

  #takeTime([from, to]: readonly [number, number]): void {
    this.#timeline.advance(this.#timeline.now + Math.round(this.#random.between(from, to)));
  }
}
