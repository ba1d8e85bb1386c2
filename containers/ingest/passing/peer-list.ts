import { setTimeout as delay } from 'node:timers/promises';
import type { Peer } from '../../../core/fleet/heartbeat.ts';
import type { Logger } from '../../../runtime/telemetry/log.ts';

/** The scheduler writes a new list with every pass that sees a difference, every 10 s. */
const keptMs = 5_000;
/** So long a newcomer waits for the table, which answers in 10 ms: an older list is nearly as good. */
const patienceMs = 500;

/** A full task chooses among so many of the best peers. The simulator counts on it (tools/simulate/model/encoder.ts). */
const chosenAmong = 4;
/** Until whom this task led to a peer is in the slots that the scheduler names: a heartbeat, and a pass. */
const unseenMs = 15_000;

/** Tasks with room, as the scheduler last named them. While the table is away the last list stands. */
export class PeerList {
  readonly #read: () => Promise<readonly Peer[]>;
  readonly #own: string;
  readonly #nowMs: () => number;
  readonly #log: Logger;
  #peers: readonly Peer[] = [];
  #askedAt = -Infinity;
  #asking: Promise<void> | undefined;
  /** Whom this task has led where, oldest first. */
  #led: readonly { readonly taskId: string; readonly at: number }[] = [];

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

  /**
   * In which order peers are asked: one by chance among the first few that have room, by that room, then one of
   * those that are the first few without it, and so on; those without room come last. Full tasks that have
   * the same list spread their newcomers so, and one task does not lead two of its own to one free slot.
   */
  async inTurn(random: () => number): Promise<Iterable<Peer>> {
    return this.#turns(await this.get(), random);
  }

  /** Who is named counts as led there from then on. */
  *#turns(peers: readonly Peer[], random: () => number): Iterable<Peer> {
    const left = [...peers];
    while (left.length > 0) {
      const now = this.#nowMs();
      this.#led = this.#led.filter(({ at }) => now - at < unseenMs);
      const free = left
        .map((peer) => ({ peer, slots: this.#slotsOf(peer) }))
        .filter(({ slots }) => slots > 0);
      const some = (free.length > 0 ? free : left.map((peer) => ({ peer, slots: 1 }))).slice(0, chosenAmong);
      let at = random() * some.reduce((sum, { slots }) => sum + slots, 0);
      const peer = some.find(({ slots }) => (at -= slots) < 0)?.peer ?? some[0]?.peer;
      if (peer === undefined) return;
      left.splice(left.indexOf(peer), 1);
      this.#led = [...this.#led, { taskId: peer.taskId, at: now }];
      yield peer;
    }
  }

  #slotsOf({ taskId, slots }: Peer): number {
    return slots - this.#led.filter((led) => led.taskId === taskId).length;
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
