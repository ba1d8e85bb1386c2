import { typicalPoints } from '../../../core/fleet/cost.ts';
import type { Heartbeat, HeldShow, Order } from '../../../core/fleet/heartbeat.ts';
import type { Policy } from '../../../core/fleet/policy.ts';
import { heartbeatMs } from './parts.ts';
import type { RefusalCause } from './tally.ts';

export interface ProcessIdentity {
  readonly taskId: string;
  readonly slot: string;
  readonly hostId: string;
  readonly digest: string;
}

/** What the process was from `at` on: a heartbeat of then or later shows it. */
interface Version {
  readonly at: number;
  readonly phase: Heartbeat['phase'];
  readonly isAccepting: boolean;
  readonly obeys: number;
  readonly shows: readonly HeldShow[];
  readonly points: number;
  readonly unstoredBytes: number;
  readonly passing: number;
}

/** CPU of a host without broadcasts. */
const idleCpu = 0.02;

/**
 * An ingest task's process: its door, the broadcasts it holds, and the heartbeats it wrote. Heartbeats are not
 * events: what the store has is worked out when somebody looks, from the phase of this process's beat and
 * from what it was then.
 */
export class IngestProcess {
  readonly identity: ProcessIdentity;
  readonly startedAt: number;
  readonly #policy: Policy;
  readonly #firstBeat: number;
  /** Beats until here are stored in the table; the reader of a list may be behind by it. */
  readonly #storedAfterMs: number;
  readonly #versions: Version[] = [];
  /** From and until when nothing reaches the table. */
  readonly #silences: (readonly [number, number])[] = [];
  #endedAt = Infinity;
  #last: Heartbeat | undefined;
  #current: Version;

  constructor(
    identity: ProcessIdentity,
    options: {
      readonly policy: Policy;
      readonly now: number;
      readonly storedAfterMs: number;
      /** An image that never gets to serve. */
      readonly isStuck: boolean;
    },
  ) {
    this.identity = identity;
    this.startedAt = options.now;
    this.#policy = options.policy;
    this.#firstBeat = options.now;
    this.#storedAfterMs = options.storedAfterMs;
    this.#current = {
      at: options.now,
      phase: options.isStuck ? 'starting' : 'serving',
      isAccepting: !options.isStuck,
      obeys: 0,
      shows: Object.freeze([]),
      points: 0,
      unstoredBytes: 0,
      passing: 0,
    };
    this.#versions.push(this.#current);
  }

  get isAlive(): boolean {
    return this.#endedAt === Infinity;
  }

  get shows(): readonly HeldShow[] {
    return this.#current.shows;
  }

  get points(): number {
    return this.#current.points;
  }

  get cpu(): number {
    return this.#cpuOf(this.#current);
  }

  get phase(): Heartbeat['phase'] {
    return this.#current.phase;
  }

  get isAccepting(): boolean {
    return this.isAlive && this.#current.isAccepting;
  }

  /** In truth, now. */
  get isEmpty(): boolean {
    const { shows, unstoredBytes, passing } = this.#current;
    return shows.length === 0 && unstoredBytes === 0 && passing === 0;
  }

  /** Points that fit below the ceiling of the door. */
  get #doorPoints(): number {
    return (this.#policy.hosts.roomPoints * this.#policy.cpu.ceiling) / this.#policy.cpu.high;
  }

  /** Why a newcomer is not taken; undefined when it is. The first is taken only after `accepting` was stored. */
  refuses(now: number): RefusalCause | undefined {
    if (!this.isAlive || this.beatBefore(now - this.#storedAfterMs) === undefined) return 'dead';
    if (!this.#current.isAccepting) return this.#current.phase === 'starting' ? 'dead' : 'draining';
    return this.#isFull(this.#current) ? 'full' : undefined;
  }

  /**
   * It has no room for a newcomer inside the band, and passes one on. While a show is interrupted it takes
   * newcomers up to the ceiling first: one of them may be that show's encoder, who is better off here.
   */
  get passesOn(): boolean {
    return (
      this.points + typicalPoints > this.#policy.hosts.roomPoints &&
      (this.#isFull(this.#current) || this.shows.every(({ state }) => state !== 'interrupted'))
    );
  }

  /** Whether it takes a newcomer whom a full task wants to pass on: only inside the band. */
  get takesPassedOn(): boolean {
    return this.isAccepting && this.points + typicalPoints <= this.#policy.hosts.roomPoints;
  }

  get passing(): number {
    return this.#current.passing;
  }

  /** One connection more, or one less, goes through here to another task. */
  passOn(change: 1 | -1, now: number): void {
    this.#change(now, { passing: this.#current.passing + change });
  }

  hold(show: HeldShow, now: number): void {
    const others = this.#current.shows.filter(({ broadcastId }) => broadcastId !== show.broadcastId);
    this.#change(now, { shows: Object.freeze([...others, Object.freeze(show)]) });
  }

  /** The broadcast is over and stored, or another task has it. */
  letGo(broadcastId: string, now: number): void {
    this.#change(now, {
      shows: Object.freeze(this.shows.filter((show) => show.broadcastId !== broadcastId)),
    });
  }

  held(broadcastId: string): HeldShow | undefined {
    return this.#current.shows.find((show) => show.broadcastId === broadcastId);
  }

  /** Bytes on the spool come, and go when object storage has confirmed them. */
  addUnstored(bytes: number, now: number): void {
    this.#change(now, { unstoredBytes: this.#current.unstoredBytes + bytes });
  }

  obey(order: Order, now: number): void {
    if (!this.isAlive || order.generation <= this.#current.obeys || this.#current.phase === 'ending') return;
    const isDrain = order.phase === 'drain';
    const isStarting = this.#current.phase === 'starting';
    this.#change(now, {
      obeys: order.generation,
      phase: isDrain ? 'draining' : isStarting ? 'starting' : 'serving',
      isAccepting: !isDrain && !isStarting,
    });
  }

  /** SIGTERM: no newcomers from now on. */
  terminate(now: number): void {
    if (this.isAlive) this.#change(now, { phase: 'draining', isAccepting: false });
  }

  end(now: number): void {
    this.#endedAt = Math.min(this.#endedAt, now);
  }

  /** Nothing that it writes arrives, although it works. */
  silence(from: number, until: number): void {
    this.#silences.push([from, until]);
  }

  isSilent(at: number): boolean {
    return this.#silences.some(([from, until]) => at >= from && at < until);
  }

  /** The first beat after `now` at which this process gets an answer from the table. */
  nextBeat(now: number): number {
    let beat = Math.max(
      this.#firstBeat,
      this.#firstBeat + Math.ceil((now - this.#firstBeat) / heartbeatMs) * heartbeatMs,
    );
    if (beat <= now) beat += heartbeatMs;
    for (const [from, until] of this.#silences) {
      if (beat >= from && beat < until) return this.nextBeat(until);
    }
    return beat;
  }

  /** The last beat that reached the table up to `at`. */
  beatBefore(at: number): number | undefined {
    let latest = Math.min(at, this.#endedAt);
    for (let n = this.#silences.length - 1; n >= 0; n--) {
      const [from, until] = this.#silences[n] ?? [0, 0];
      const beat = this.#firstBeat + Math.floor((latest - this.#firstBeat) / heartbeatMs) * heartbeatMs;
      if (beat >= from && beat < until) latest = from - 1;
    }
    const beats = Math.floor((latest - this.#firstBeat) / heartbeatMs);
    return beats < 0 ? undefined : this.#firstBeat + beats * heartbeatMs;
  }

  /** The item in the table. `isStrong`: without the lag of a list. */
  heartbeat(now: number, isStrong: boolean): Heartbeat | undefined {
    const beat = this.beatBefore(isStrong ? now : now - this.#storedAfterMs);
    if (beat === undefined) return undefined;
    if (this.#last?.at === beat) return this.#last;
    const versions = this.#versions;
    let index = versions.length - 1;
    while (index > 0 && (versions[index]?.at ?? 0) > beat) index--;
    const version = versions[index] ?? this.#current;
    const { roomPoints } = this.#policy.hosts;
    const heartbeat: Heartbeat = {
      taskId: this.identity.taskId,
      slot: this.identity.slot,
      hostId: this.identity.hostId,
      digest: this.identity.digest,
      startedAt: this.startedAt,
      at: beat,
      sequence: (beat - this.#firstBeat) / heartbeatMs + 1,
      accepting: version.isAccepting,
      full: this.#isFull(version),
      phase: version.phase,
      obeys: version.obeys,
      shows: version.shows,
      roomPoints,
      cpu: this.#cpuOf(version),
      unstoredBytes: version.unstoredBytes,
      relay: `${this.identity.hostId}:1937`,
      passing: version.passing,
    };
    // Lists lag behind single reads: what they may still ask for is kept.
    if (!isStrong) {
      versions.splice(0, index);
      this.#last = heartbeat;
    }
    return heartbeat;
  }

  #cpuOf({ points }: Version): number {
    const { cpu, hosts } = this.#policy;
    return Math.min(1, idleCpu + (points / hosts.roomPoints) * (cpu.high - idleCpu));
  }

  #isFull(version: Version): boolean {
    // The door does not know what a newcomer will cost: it counts as typical (core/fleet/cost.ts).
    return version.points + typicalPoints > this.#doorPoints;
  }

  #change(at: number, change: Partial<Version>): void {
    const shows = change.shows ?? this.#current.shows;
    const points =
      change.shows === undefined ? this.#current.points : shows.reduce((sum, show) => sum + show.points, 0);
    this.#current = { ...this.#current, ...change, at, points };
    this.#versions.push(this.#current);
  }
}
