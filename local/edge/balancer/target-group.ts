/**
 * What a load balancer has behind one path rule: the tasks of a chat shard. It knows which of them are well and
 * how much each has to do, and chooses. An open WebSocket counts as a request that is not over.
 */
import { pause } from '../../pause.ts';
import type { Finding, HealthCheck } from './health.ts';

export type TargetState = 'starting' | 'healthy' | 'unhealthy';

export interface Target {
  /** In the cookie of whoever stays with it; says nothing of where it is. */
  readonly id: string;
  readonly url: URL;
}

export interface TargetView extends Target {
  readonly state: TargetState;
  readonly outstanding: number;
}

/** A target's time for one request. */
export interface Lease {
  readonly target: Target;
  /** The request is over. May be called often. */
  readonly release: () => void;
  /** Nobody listens there: it gets nothing more before a check finds it well. Releases too. */
  readonly refused: () => void;
}

interface Entry extends Target {
  state: TargetState;
  outstanding: number;
  /** Number of the lease that it was given last: of two that have as much to do, the one that waited longer is next. */
  lastLease: number;
  /** Checks without an answer, one after the other. */
  silences: number;
  readonly abort: AbortController;
}

/** One silence may be a long tick of a busy machine. What says itself that it is not well is believed at once. */
const silencesAllowed = 1;

export class TargetGroup {
  readonly #check: HealthCheck;
  readonly #everyMs: number;
  readonly #newId: () => string;
  readonly #entries = new Map<string, Entry>();
  #leases = 0;

  constructor(options: {
    readonly check: HealthCheck;
    /** From one check to the next. */
    readonly everyMs: number;
    readonly newId: () => string;
  }) {
    this.#check = options.check;
    this.#everyMs = options.everyMs;
    this.#newId = options.newId;
  }

  get targets(): readonly TargetView[] {
    return [...this.#entries.values()].map(({ id, url, state, outstanding }) => ({
      id,
      url,
      state,
      outstanding,
    }));
  }

  /** It gets requests from its first good check on. */
  register(url: URL): void {
    if (this.#entries.has(url.href)) return;
    const entry: Entry = {
      id: this.#newId(),
      url,
      state: 'starting',
      outstanding: 0,
      lastLease: 0,
      silences: 0,
      abort: new AbortController(),
    };
    this.#entries.set(url.href, entry);
    void this.#watch(entry);
  }

  /** It gets nothing new; what it has goes on. */
  deregister(url: URL): void {
    this.#entries.get(url.href)?.abort.abort();
    this.#entries.delete(url.href);
  }

  /**
   * The one that has least to do, or the one that the asker was with if it is well.
   * @returns undefined when none is well
   */
  take(stickyId?: string): Lease | undefined {
    const healthy = [...this.#entries.values()].filter(({ state }) => state === 'healthy');
    const [least] = healthy.toSorted((a, b) => a.outstanding - b.outstanding || a.lastLease - b.lastLease);
    const entry = healthy.find(({ id }) => id === stickyId) ?? least;
    return entry && this.#lease(entry);
  }

  close(): void {
    for (const { url } of this.targets) this.deregister(url);
  }

  #lease(entry: Entry): Lease {
    this.#leases += 1;
    entry.lastLease = this.#leases;
    entry.outstanding += 1;
    let released = false;
    const release = (): void => {
      if (!released) entry.outstanding -= 1;
      released = true;
    };
    return {
      target: { id: entry.id, url: entry.url },
      release,
      refused: () => {
        release();
        entry.state = 'unhealthy';
      },
    };
  }

  async #watch(entry: Entry): Promise<void> {
    const { signal } = entry.abort;
    while (!signal.aborted) {
      const finding = await this.#check(entry.url, signal);
      note(entry, finding);
      await pause(this.#everyMs, signal);
    }
  }
}

function note(entry: Entry, finding: Finding): void {
  entry.silences = finding === 'silent' ? entry.silences + 1 : 0;
  if (finding === 'well') entry.state = 'healthy';
  else if (finding === 'unwell' || entry.silences > silencesAllowed) {
    // One that has not come up yet is not ill.
    if (entry.state === 'healthy') entry.state = 'unhealthy';
  }
}
