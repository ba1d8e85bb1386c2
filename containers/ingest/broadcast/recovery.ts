import { lostAfterMs, type Broadcast } from '../../../core/broadcast/types.ts';
import type { HeldShow } from '../../../core/fleet/heartbeat.ts';
import type { Archive } from '../archive/archive.ts';
import type { Broadcasts } from './broadcasts.ts';
import type { BroadcastDependencies } from './ports.ts';

class TaskStoppingError extends Error {
  override readonly name = 'TaskStoppingError';
}

interface Sign {
  readonly seenAt: number;
  readonly firstReadAt: number;
  readonly readAt: number;
}

/**
 * Up to so many broadcasts of the whole fleet every look reads all of them. Every task looks, so that with
 * more they are read more rarely, in proportion: what one task reads in a second stays the same. In between
 * only the silent ones are looked at again, so that their end does not wait for the next full look.
 */
const readEveryTime = 100;

/** After an outage of the table everybody looks silent: what is not followed is found by the next full look. */
const maxFollowed = 50;

/** Tasks that were started together must not all read at the same moment: each look comes up to so much sooner or later. */
const jitter = 0.2;

/**
 * Ends what nobody holds any more. A task killed with -9 leaves broadcasts that still say `live`; every task
 * looks for such ones, and a conditional write decides which task ends each. Within the grace window they
 * are left alone, so that the encoder can come back and continue.
 *
 * A fact that could not be read is unknown, and unknown is never idle (design section 5): how long a
 * broadcast has been silent is counted from when this task first read its last sign of life, so that an
 * outage of the table, a clock that is off, or a machine that slept, makes nobody look dead.
 */
export class Recovery {
  readonly #deps: BroadcastDependencies;
  readonly #broadcasts: Broadcasts;
  readonly #spooled: () => Promise<readonly string[]>;
  readonly #mayTakeOver: () => boolean;
  /** What the sweeps before have read, by broadcast. */
  #signs = new Map<string, Sign>();
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;
  #archive: Archive | undefined;
  #ending: Broadcast | undefined;
  /** Looks until all are read again. */
  #skip = 0;

  constructor(
    deps: BroadcastDependencies,
    broadcasts: Broadcasts,
    /** Broadcasts with segments in this host's spool. */
    spooled: () => Promise<readonly string[]>,
    /** False on a task that is to become empty: others end what is left behind. */
    mayTakeOver: () => boolean = () => true,
  ) {
    this.#deps = deps;
    this.#broadcasts = broadcasts;
    this.#spooled = spooled;
    this.#mayTakeOver = mayTakeOver;
  }

  /** What it has taken over and is about to end. It costs no encoding. */
  get show(): HeldShow | undefined {
    if (this.#ending === undefined) return undefined;
    const { broadcastId, startedAt, session } = this.#ending;
    return { broadcastId, state: 'ending', points: 0, startedAt, session };
  }

  start(everyMs: number, random: () => number): void {
    const again = (): void => {
      if (this.#stopping) return;
      const inMs = everyMs * (1 + jitter * (2 * random() - 1));
      const dueAt = this.#deps.clock.now() + inMs;
      const look = (): void => {
        // This process has stood still, and others perhaps with it (a machine that slept): nobody was watched.
        if (this.#deps.clock.now() - dueAt >= lostAfterMs) this.#forgetSigns();
        void this.#look().finally(again);
      };
      this.#timer = setTimeout(look, inMs);
    };
    void this.sweep().finally(again);
  }

  /** What is under way is left to the next start, or to another task. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    await this.#archive?.close();
    await this.#running;
  }

  /** One pass over everything; a pass that is still under way is joined. Never rejects. */
  sweep(): Promise<void> {
    this.#skip = 0;
    return this.#look();
  }

  #look(): Promise<void> {
    this.#running ??= (this.#skip > 0 ? this.#follow() : this.#readAll())
      .then(() => this.#completeSpooled())
      .catch((error: unknown) => {
        this.#forgetSigns();
        this.#deps.log.error({ err: error }, 'could not look for broadcasts left behind');
      })
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }

  #forgetSigns(): void {
    this.#signs.clear();
    this.#skip = 0;
  }

  async #readAll(): Promise<void> {
    const signs = new Map<string, Sign>();
    let count = 0;
    for await (const broadcast of this.#deps.records.unended()) {
      if (this.#stopping) return;
      count += 1;
      if (this.#broadcasts.holds(broadcast.broadcastId)) continue;
      const sign = this.#signOf(broadcast);
      signs.set(broadcast.broadcastId, sign);
      await this.#endIfAbandoned(broadcast, sign);
    }
    this.#signs = signs;
    this.#skip = Math.ceil(count / readEveryTime) - 1;
  }

  /** Between two readings of everything: those that were silent at the last one. */
  async #follow(): Promise<void> {
    this.#skip -= 1;
    const silent = [...this.#signs].filter(([, { readAt, seenAt }]) => readAt - seenAt > lostAfterMs);
    for (const [broadcastId] of silent.slice(0, maxFollowed)) {
      if (this.#stopping) return;
      const broadcast = await this.#deps.records.get(broadcastId);
      if (broadcast === undefined || broadcast.state === 'ended' || this.#broadcasts.holds(broadcastId)) {
        this.#signs.delete(broadcastId);
        continue;
      }
      const sign = this.#signOf(broadcast);
      this.#signs.set(broadcastId, sign);
      await this.#endIfAbandoned(broadcast, sign);
    }
  }

  async #endIfAbandoned(broadcast: Broadcast, sign: Sign): Promise<void> {
    if (!this.#isAbandoned(broadcast, sign) || !this.#mayTakeOver()) return;
    const taken = await this.#deps.records.takeOver(broadcast);
    if (taken === undefined) return;
    this.#ending = taken;
    try {
      await this.#end(taken);
    } finally {
      this.#ending = undefined;
    }
  }

  async #completeSpooled(): Promise<void> {
    for (const broadcastId of await this.#spooled()) {
      if (this.#stopping) return;
      if (!this.#broadcasts.holds(broadcastId)) await this.#completeArchive(broadcastId);
    }
  }

  #signOf({ broadcastId, seenAt }: Broadcast): Sign {
    const before = this.#signs.get(broadcastId);
    const readAt = this.#deps.clock.now();
    return { seenAt, readAt, firstReadAt: before?.seenAt === seenAt ? before.firstReadAt : readAt };
  }

  #isAbandoned(broadcast: Broadcast, sign: Sign): boolean {
    const now = this.#deps.clock.now();
    return now - sign.firstReadAt >= lostAfterMs && now - broadcast.encoderSeenAt > this.#deps.graceMs;
  }

  async #end(broadcast: Broadcast): Promise<void> {
    const { broadcastId, session, plan } = broadcast;
    const { records, log } = this.#deps;
    try {
      if (plan === undefined) return await records.discard(broadcast);
      const durationS = await this.#writeEnd(broadcast);
      // It ended when it was last heard of, not when somebody noticed.
      await records.end({ broadcastId, session, endedAt: broadcast.encoderSeenAt, durationS });
      log.warn({ broadcast: broadcastId, durationS }, 'ended a broadcast that its task had left behind');
    } catch (error) {
      log.error(
        { broadcast: broadcastId, err: error },
        'could not end a broadcast that was left behind; trying again',
      );
    }
  }

  /** Segments that were still in the spool when their broadcast ended are brought into its recording. */
  async #completeArchive(broadcastId: string): Promise<void> {
    const { records, log } = this.#deps;
    const broadcast = await records.get(broadcastId);
    if (broadcast?.plan === undefined || this.#broadcasts.holds(broadcastId)) return;
    try {
      if (broadcast.state !== 'ended') return await this.#deps.pruneSpool(broadcastId, broadcast.plan);
      await this.#writeEnd(broadcast);
      log.info({ broadcast: broadcastId }, 'completed a recording from the spool');
    } catch (error) {
      log.error(
        { broadcast: broadcastId, err: error },
        'could not clear the spool of a broadcast; trying again',
      );
    }
  }

  async #writeEnd(broadcast: Broadcast): Promise<number> {
    if (broadcast.plan === undefined) return 0;
    const archive = await this.#deps.openArchive({
      broadcastId: broadcast.broadcastId,
      plan: broadcast.plan,
      isNew: false,
      publishThumbnail: () => broadcast.visibility !== 'private',
      // The broadcast is ours by takeOver, or has ended.
      mayPublish: () => true,
    });
    this.#archive = archive;
    try {
      const { durationS, complete } = await archive.end();
      if (!complete && this.#stopping) throw new TaskStoppingError('the rest is left to the next start');
      return durationS;
    } finally {
      this.#archive = undefined;
      await archive.close();
    }
  }
}
