import { setTimeout as delay } from 'node:timers/promises';
import type { Peer } from '../../../core/fleet/heartbeat.ts';
import type { Logger } from '../../../runtime/telemetry/log.ts';

/** The scheduler writes a new list with every pass that sees a difference, every 10 s. */
const keptMs = 5_000;
/** So long a newcomer waits for the table, which answers in 10 ms: an older list is nearly as good. */
const patienceMs = 500;

/** Tasks with room, as the scheduler last named them. While the table is away the last list stands. */
export class PeerList {
  readonly #read: () => Promise<readonly Peer[]>;
  readonly #own: string;
  readonly #nowMs: () => number;
  readonly #log: Logger;
  #peers: readonly Peer[] = [];
  #askedAt = -Infinity;
  #asking: Promise<void> | undefined;

  constructor(options: {
    readonly read: () => Promise<readonly Peer[]>;
    /** The task that reads it, and is no peer of its own. */
    readonly taskId: string;
    /** Monotonic. */
    readonly nowMs: () => number;
    readonly log: Logger;
  }) {
    this.#read = options.read;
    this.#own = options.taskId;
    this.#nowMs = options.nowMs;
    this.#log = options.log;
  }

  /** Best first. Never rejects. */
  async get(): Promise<readonly Peer[]> {
    if (this.#asking === undefined && this.#nowMs() - this.#askedAt >= keptMs) this.#asking = this.#ask();
    if (this.#asking !== undefined) {
      const done = new AbortController();
      const enough = delay(patienceMs, undefined, { signal: done.signal }).catch(() => {});
      await Promise.race([this.#asking, enough]);
      done.abort();
    }
    return this.#peers;
  }

  async #ask(): Promise<void> {
    this.#askedAt = this.#nowMs();
    try {
      const peers = await this.#read();
      this.#peers = peers.filter(({ taskId }) => taskId !== this.#own);
    } catch (error) {
      this.#log.warn({ err: error }, 'the list of peers could not be read: the last one stands');
    } finally {
      this.#asking = undefined;
    }
  }
}

/** A full task chooses among so many of the best peers. The simulator counts on it (tools/simulate/model/encoder.ts). */
const chosenAmong = 4;

/**
 * In which order peers are asked: one by chance among the first few, by their room, then one of those that are
 * the first few without it, and so on. Full tasks that have the same list spread their newcomers so.
 */
export function* inTurn(peers: readonly Peer[], random: () => number): Iterable<Peer> {
  const left = [...peers];
  while (left.length > 0) {
    const some = left.slice(0, chosenAmong);
    let at = random() * some.reduce((sum, { slots }) => sum + slots, 0);
    const index = some.findIndex(({ slots }) => (at -= slots) < 0);
    yield* left.splice(Math.max(0, index), 1);
  }
}
