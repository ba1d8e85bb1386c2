import type { Heartbeat, Order } from '../../../core/fleet/heartbeat.ts';
import type { InputWarning } from '../../../core/media/flow.ts';
import type { Logger } from '../../../runtime/telemetry/log.ts';
import type { Door } from './door.ts';
import { Heart } from './heart.ts';

export interface MemberOptions {
  /** As the task was told at its start. */
  readonly identity: Pick<Heartbeat, 'taskId' | 'slot' | 'hostId' | 'digest'>;
  /** Stores a heartbeat, answers with the task's order (runtime/store/tables/fleet.ts). */
  readonly beat: (heartbeat: Heartbeat) => Promise<Order | undefined>;
  readonly everyMs: number;
  readonly door: Door;
  /** Share of the host's cores. */
  readonly cpu: () => number;
  /** Bytes that object storage has not confirmed, whoever's they are. */
  readonly unstoredBytes: () => number;
  /** Where this task takes newcomers from others; undefined while it does not. */
  readonly relay: () => string | undefined;
  /** Connections that it passes on to others. */
  readonly passing: () => number;
  /** `notices` has changed. */
  readonly onNotices: () => void;
  readonly clock: { now(): number };
  readonly log: Logger;
}

/** `input.warnings` of a broadcaster whose server is to go. */
const renewing: InputWarning = {
  code: 'server-renewing',
  text: 'this server is being renewed: nothing to do now, your next show starts on another one',
};

/**
 * This task as a member of the fleet: says how it is, and obeys the scheduler's orders. It is told to go in
 * two ways: by an order, which can be taken back, and by a signal (`leave`, `end`), which can't.
 */
export class Member {
  readonly #options: MemberOptions;
  readonly #heart: Heart;
  readonly #startedAt: number;
  readonly #joined = Promise.withResolvers<void>();
  readonly #served = Promise.withResolvers<void>();
  readonly #finish = Promise.withResolvers<void>();
  #sequence = 0;
  #obeys = 0;
  #ordered: Order['phase'] = 'serve';
  #leaving: 'no' | 'draining' | 'ending' = 'no';
  /** The ports are open. */
  #isReady = false;
  #failures = 0;
  #failedInARow = 0;

  constructor(options: MemberOptions) {
    this.#options = options;
    this.#startedAt = options.clock.now();
    this.#heart = new Heart({ everyMs: options.everyMs, beat: () => this.#beat() });
  }

  get phase(): Heartbeat['phase'] {
    if (this.#leaving !== 'no') return this.#leaving;
    if (this.#ordered === 'drain' || this.#ordered === 'finish') return 'draining';
    return this.#isReady ? 'serving' : 'starting';
  }

  get obeys(): number {
    return this.#obeys;
  }

  /** Resolves when an operator wants it to end with whatever it holds. */
  get finishOrdered(): Promise<void> {
    return this.#finish.promise;
  }

  /** Heartbeats that could not be stored. */
  get failures(): number {
    return this.#failures;
  }

  /** What broadcasters have to know of their server. */
  get notices(): readonly InputWarning[] {
    return this.#ordered === 'serve' && this.#leaving === 'no' ? [] : [renewing];
  }

  /** Resolves when a heartbeat was stored: an order that is there already has been heard. */
  join(): Promise<void> {
    this.#heart.soon();
    return this.#joined.promise;
  }

  /** The ports are open. Resolves when the door is for the first time. */
  serve(): Promise<void> {
    this.#isReady = true;
    this.#adjust();
    return this.#served.promise;
  }

  /** Something has changed that the scheduler should not have to wait for. */
  changed(): void {
    this.#heart.soon();
  }

  /** No new broadcasts from here on, and no order brings them back. */
  leave(): void {
    if (this.#leaving !== 'no') return;
    this.#leaving = 'draining';
    this.#adjust();
  }

  /** Told to finish at once. */
  end(): void {
    this.#leaving = 'ending';
    this.#adjust();
  }

  /** The last heartbeat is out, or failed. */
  stop(): Promise<void> {
    return this.#heart.stop();
  }

  /** First the door, then the word about it: a heartbeat that says "closed" must be true when it is made. */
  #adjust(): void {
    const { door, onNotices } = this.#options;
    if (this.#isReady && this.#leaving === 'no' && this.#ordered !== 'drain' && this.#ordered !== 'finish')
      door.open();
    else door.close();
    onNotices();
    this.#heart.soon();
  }

  #obey(order: Order): void {
    const { identity, log } = this.#options;
    // Repeated, or older than what is obeyed: orders are read from a table, and may come out of order.
    if (order.taskId !== identity.taskId || order.generation <= this.#obeys) return;
    // Who has had a signal can't stay, and must not say that it obeys.
    if (order.phase === 'serve' && this.#leaving !== 'no') return;
    const { phase, generation, reason, text } = order;
    log.info({ order: phase, generation, reason, text }, 'obeying the scheduler');
    this.#obeys = generation;
    this.#ordered = phase;
    this.#adjust();
    if (phase === 'finish') this.#finish.resolve();
  }

  /** Never rejects: a task goes on without its table, and says so with its silence. */
  async #beat(): Promise<void> {
    const { beat, door, log } = this.#options;
    const { epoch } = door;
    const heartbeat = this.#heartbeat();
    try {
      const order = await beat(heartbeat);
      if (this.#failedInARow > 0) log.info({ failed: this.#failedInARow }, 'the fleet hears this task again');
      this.#failedInARow = 0;
      if (order !== undefined) this.#obey(order);
      this.#joined.resolve();
      if (!heartbeat.accepting) return;
      door.confirm(epoch);
      if (door.isOpen) this.#served.resolve();
    } catch (error) {
      if (this.#failedInARow === 0) log.error({ err: error }, 'the fleet does not hear this task; trying on');
      this.#failedInARow += 1;
      this.#failures += 1;
    }
  }

  #heartbeat(): Heartbeat {
    const { identity, door, cpu, unstoredBytes, passing, clock } = this.#options;
    const relay = this.#options.relay();
    this.#sequence += 1;
    return {
      ...identity,
      startedAt: this.#startedAt,
      at: clock.now(),
      sequence: this.#sequence,
      accepting: door.accepting,
      full: door.full,
      phase: this.phase,
      obeys: this.#obeys,
      shows: door.shows,
      roomPoints: door.roomPoints,
      cpu: cpu(),
      unstoredBytes: unstoredBytes(),
      ...(relay === undefined ? {} : { relay }),
      passing: passing(),
    };
  }
}
