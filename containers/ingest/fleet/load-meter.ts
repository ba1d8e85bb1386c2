import type { MeasuredLoad } from '../../../core/fleet/room.ts';

/** What a heartbeat says is a mean of so long (core/fleet/heartbeat.ts). */
const windowMs = 30_000;
/** Less says nothing yet: a program that starts is busy with itself. */
const leastMs = 5_000;

interface Sample {
  readonly atMs: number;
  /** CPU seconds of this process so far. */
  readonly ownS: number;
  /** CPU seconds a second of all of its ffmpegs. */
  readonly transcode: number;
  readonly points: number;
}

/** The share of the host's cores that this task uses, with its ffmpegs, and what it held meanwhile. */
export class LoadMeter {
  readonly #cores: number;
  readonly #read: () => Omit<Sample, 'atMs'>;
  readonly #nowMs: () => number;
  #samples: Sample[] = [];

  constructor(options: {
    readonly cores: number;
    readonly read: () => Omit<Sample, 'atMs'>;
    /** Monotonic. */
    readonly nowMs: () => number;
  }) {
    this.#cores = options.cores;
    this.#read = options.read;
    this.#nowMs = options.nowMs;
  }

  /** To be called about once a second. */
  sample(): void {
    const atMs = this.#nowMs();
    this.#samples.push({ atMs, ...this.#read() });
    this.#samples = this.#samples.filter((sample) => atMs - sample.atMs <= windowMs);
  }

  /** Undefined until there is enough to tell by. */
  get measured(): MeasuredLoad | undefined {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.atMs - first.atMs < leastMs) return undefined;
    const own = ((last.ownS - first.ownS) * 1000) / (last.atMs - first.atMs);
    return {
      cpu: (own + this.#mean(({ transcode }) => transcode)) / this.#cores,
      points: this.#mean(({ points }) => points),
    };
  }

  #mean(of: (sample: Sample) => number): number {
    return this.#samples.reduce((sum, sample) => sum + of(sample), 0) / this.#samples.length;
  }
}
