import type { Random } from '../random.ts';
import type { Wish } from '../trace/trace.ts';
import { draw, type Surroundings } from './parts.ts';
import type { IngestProcess } from './process.ts';
import type { RefusalCause, Tally } from './tally.ts';

/** OBS waits so long before each try to come back (obs-studio issue 8335), and then the last again and again. */
export const retryDelaysMs = [5_000, 10_000, 20_000, 40_000] as const;
/** A person whose first connect was refused tries again after so long, up to so many times (judged). */
const personWaitsMs = [15_000, 60_000] as const;
const personTries = 5;
/** After so many shows the last segments are still on the spool when the end is stored (judged). */
const slowSpoolShare = 0.2;
const slowSpoolBytes = 2_000_000;
/** A full task chooses among so many of the best peers, as containers/ingest does. */
const peersTried = 4;

/** What an encoder needs of the world. */
export interface Ingest extends Surroundings {
  readonly tally: Tally;
  /** Encoders' own dice, so that the scheduler's acts do not move those of the faults. */
  readonly people: Random;
  readonly graceMs: number;
  /** Share of encoders that try another address when one does not take the TCP connection. */
  readonly fallbackShare: number;
  readonly resolve: (resolver: number) => readonly string[];
  readonly someResolver: () => number;
  /** The process behind an address, if the packets get to one. */
  readonly processAt: (ip: string) => IngestProcess | undefined;
  /** The peers that a full task knows, best first, with the room that the scheduler saw. */
  readonly peers: () => readonly { readonly process: IngestProcess | undefined; readonly slots: number }[];
  readonly newBroadcastId: () => string;
  /** Whose encoder it is that holds this broadcast: asked when its process ends. */
  readonly encoderOf: Map<string, Encoder>;
  /** Whose connections go through a process to another. */
  readonly passengersOf: Map<IngestProcess, Set<Encoder>>;
}

type Answer =
  | { readonly process: IngestProcess; readonly via: IngestProcess | undefined }
  | { readonly refusal: RefusalCause };

/** One person with OBS, from the wish to go live to the end of the show. */
export class Encoder {
  readonly #world: Ingest;
  readonly #wish: Wish;
  readonly #resolver: number;
  readonly #hasFallback: boolean;
  readonly #wantedAt: number;
  #refusals = 0;
  /** The show as the platform sees it; undefined before it is live and after it ended. */
  #broadcast: { readonly id: string; readonly startedAt: number; session: number } | undefined;
  /** Who holds it. The process may be dead: then the hold lapses with the grace window. */
  #holder: IngestProcess | undefined;
  #isConnected = false;
  /** The full task that its connection goes through. */
  #via: IngestProcess | undefined;
  /** The network is away until then. */
  #awayUntil = 0;
  #endsAt = Infinity;
  #isOver = false;
  /** Rises with every change of the connection: what was planned for an earlier one does not happen. */
  #epoch = 0;

  constructor(world: Ingest, wish: Wish) {
    this.#world = world;
    this.#wish = wish;
    this.#resolver = world.someResolver();
    this.#hasFallback = world.people.chance(world.fallbackShare);
    this.#wantedAt = world.timeline.now;
    world.tally.encoders++;
    this.#start();
  }

  /** The process that held it is gone: a reset, and OBS tries to come back. */
  processEnded(): void {
    if (this.#holder === undefined || this.#broadcast === undefined) return;
    this.#holder = undefined;
    if (this.#isConnected) this.#disconnected();
    this.#lapseAfterGrace();
  }

  /** The task that its connection went through is gone. */
  passerEnded(): void {
    this.#via = undefined;
    if (!this.#isConnected || this.#isOver) return;
    this.#disconnected();
    this.#noticedByTask();
  }

  isHeldBy(process: IngestProcess): boolean {
    return this.#holder === process;
  }

  // First connect

  #start(): void {
    const answer = this.#connect();
    if ('process' in answer) {
      this.#goLive(answer);
      return;
    }
    const { tally, timeline, people } = this.#world;
    tally.refusals[answer.refusal]++;
    if (this.#refusals === 0) tally.refusedEncoders++;
    this.#refusals++;
    if (this.#refusals > personTries) {
      tally.gaveUp++;
      tally.waitsMs.push(timeline.now - this.#wantedAt);
      this.#giveUp();
      return;
    }
    const [from, to] = personWaitsMs;
    timeline.after(Math.round(people.between(from, to)), () => {
      if (!this.#isOver) this.#start();
    });
  }

  /** A resolver's answer, one address of it by chance, and what is behind it. */
  #connect(): Answer {
    const { people } = this.#world;
    const ips = this.#world.resolve(this.#resolver);
    if (ips.length === 0) return { refusal: 'no-answer' };
    let ip = people.pick(ips);
    let process = ip === undefined ? undefined : this.#world.processAt(ip);
    if (process === undefined && this.#hasFallback && ips.length > 1) {
      ip = people.pick(ips.filter((other) => other !== ip));
      process = ip === undefined ? undefined : this.#world.processAt(ip);
    }
    if (process === undefined) return { refusal: 'dead' };
    const held = this.#broadcast === undefined ? undefined : process.held(this.#broadcast.id);
    // Its own task takes it back whatever it refuses to others.
    if (held !== undefined) return { process, via: undefined };
    const { now } = this.#world.timeline;
    const refusal = process.refuses(now);
    if ((refusal === undefined || refusal === 'full') && process.passesOn) {
      const peer = this.#peerOf(process);
      if (peer !== undefined) return { process: peer, via: process };
    }
    return refusal === undefined ? { process, via: undefined } : { refusal };
  }

  /** Whom a full task passes it on to: by chance among the first few, by their room; the next when one does not answer or is full by now. */
  #peerOf(full: IngestProcess): IngestProcess | undefined {
    const { people } = this.#world;
    const peers = this.#world.peers().filter(({ process }) => process !== full);
    while (peers.length > 0) {
      const some = peers.slice(0, peersTried);
      let at = people.next() * some.reduce((sum, { slots }) => sum + slots, 0);
      const index = Math.max(
        0,
        some.findIndex(({ slots }) => (at -= slots) < 0),
      );
      const [peer] = peers.splice(index, 1);
      if (peer?.process?.takesPassedOn === true) return peer.process;
    }
    return undefined;
  }

  #goLive({ process, via }: Exclude<Answer, { readonly refusal: RefusalCause }>): void {
    const { timeline, tally } = this.#world;
    const { now } = timeline;
    const isFirst = this.#endsAt === Infinity;
    tally.broadcasts++;
    this.#broadcast = { id: this.#world.newBroadcastId(), startedAt: now, session: 1 };
    this.#world.encoderOf.set(this.#broadcast.id, this);
    this.#take(process, via);
    if (!isFirst) return;
    tally.waitsMs.push(now - this.#wantedAt);
    this.#endsAt = now + this.#wish.lengthMs;
    timeline.at(this.#endsAt, () => this.#atEnd());
    for (const drop of this.#wish.drops) {
      timeline.at(now + drop.after, () => this.#dropped(drop.awayMs));
    }
  }

  #take(process: IngestProcess, via: IngestProcess | undefined): void {
    const broadcast = this.#broadcast;
    if (broadcast === undefined) return;
    this.#epoch++;
    this.#holder = process;
    this.#isConnected = true;
    this.#goThrough(via);
    process.hold(
      {
        broadcastId: broadcast.id,
        state: 'live',
        points: this.#wish.points,
        startedAt: broadcast.startedAt,
        session: broadcast.session,
      },
      this.#world.timeline.now,
    );
  }

  #goThrough(via: IngestProcess | undefined): void {
    const { passengersOf, tally, timeline } = this.#world;
    if (this.#via !== undefined) {
      passengersOf.get(this.#via)?.delete(this);
      this.#via.passOn(-1, timeline.now);
    }
    this.#via = via;
    if (via === undefined) return;
    tally.passedOn++;
    via.passOn(1, timeline.now);
    const passengers = passengersOf.get(via) ?? new Set();
    passengersOf.set(via, passengers.add(this));
  }

  // Drops and returns

  #dropped(awayMs: number): void {
    if (!this.#isConnected || this.#isOver) return;
    const { timeline, tally } = this.#world;
    tally.drops++;
    this.#awayUntil = timeline.now + awayMs;
    this.#disconnected();
    this.#noticedByTask();
  }

  #disconnected(): void {
    this.#isConnected = false;
    this.#goThrough(undefined);
    this.#epoch++;
    this.#tryAgain(0, this.#epoch);
  }

  #tryAgain(attempt: number, epoch: number): void {
    const delay = retryDelaysMs[Math.min(attempt, retryDelaysMs.length - 1)] ?? 0;
    this.#world.timeline.after(delay, () => {
      if (this.#isOver || epoch !== this.#epoch) return;
      if (this.#world.timeline.now < this.#awayUntil || !this.#comeBack()) this.#tryAgain(attempt + 1, epoch);
    });
  }

  #comeBack(): boolean {
    const { tally, timeline } = this.#world;
    const answer = this.#connect();
    if (!('process' in answer)) {
      tally.resumesRefused++;
      return false;
    }
    const broadcast = this.#broadcast;
    if (broadcast === undefined) {
      tally.brokenApart++;
      this.#goLive(answer);
      return true;
    }
    const before = this.#holder;
    if (before === undefined) tally.resumed.afterDeath++;
    else if (before === answer.process) tally.resumed.sameTask++;
    else {
      tally.resumed.otherTask++;
      // It learns of the new holder when it next asks the table.
      timeline.at(before.nextBeat(timeline.now), () => {
        if (this.#holder !== before) before.letGo(broadcast.id, timeline.now);
      });
    }
    broadcast.session++;
    this.#take(answer.process, answer.via);
    return true;
  }

  #noticedByTask(): void {
    const { timeline, random } = this.#world;
    const epoch = this.#epoch;
    timeline.after(draw(random, 'noticeMs'), () => {
      if (this.#isConnected || this.#epoch !== epoch || this.#broadcast === undefined) return;
      const held = this.#holder?.held(this.#broadcast.id);
      if (held !== undefined) this.#holder?.hold({ ...held, state: 'interrupted' }, timeline.now);
      this.#lapseAfterGrace();
    });
  }

  #lapseAfterGrace(): void {
    const epoch = this.#epoch;
    this.#world.timeline.after(this.#world.graceMs, () => {
      if (this.#isConnected || this.#broadcast === undefined || this.#epoch !== epoch) return;
      this.#endBroadcast();
    });
  }

  // The end

  #atEnd(): void {
    if (this.#isOver) return;
    if (this.#isConnected) this.#end(this.#wish.endsCleanly);
    else this.#giveUp();
  }

  #end(isClean: boolean): void {
    this.#isConnected = false;
    this.#goThrough(undefined);
    this.#epoch++;
    this.#isOver = true;
    if (isClean) this.#endBroadcast();
    else this.#noticedByTask();
  }

  #giveUp(): void {
    this.#isOver = true;
  }

  /** The task stores the end; until then the broadcast counts. */
  #endBroadcast(): void {
    const broadcast = this.#broadcast;
    const holder = this.#holder;
    if (broadcast === undefined) return;
    this.#broadcast = undefined;
    this.#holder = undefined;
    this.#world.encoderOf.delete(broadcast.id);
    const held = holder?.held(broadcast.id);
    if (holder === undefined || held === undefined) return;
    const { timeline, random } = this.#world;
    holder.hold({ ...held, state: 'ending' }, timeline.now);
    timeline.after(draw(random, 'endingMs'), () => {
      holder.letGo(broadcast.id, timeline.now);
      if (!random.chance(slowSpoolShare)) return;
      holder.addUnstored(slowSpoolBytes, timeline.now);
      timeline.after(draw(random, 'endingMs'), () => holder.addUnstored(-slowSpoolBytes, timeline.now));
    });
  }
}
