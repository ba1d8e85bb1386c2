import { lostAfterMs, type Broadcast } from '../../../core/broadcast/types.ts';
import type { Archive } from '../archive/archive.ts';
import type { Broadcasts } from './broadcasts.ts';
import type { BroadcastDependencies } from './ports.ts';

class TaskStoppingError extends Error {
  override readonly name = 'TaskStoppingError';
}

interface Sign {
  readonly seenAt: number;
  readonly firstReadAt: number;
}

/**
 * Ends what nobody holds any more. A task killed with -9 leaves broadcasts that still say `live`; every task
 * looks for such ones, and a conditional write decides which task ends each. Within the grace window they
 * are left alone, so that the encoder can come back and continue.
 *
 * A fact that could not be read is unknown, and unknown is never idle (design section 5): how long a
 * broadcast has been silent is counted from when this task first read its last sign of life, so that an
 * outage of the table, or a clock that is off, makes nobody look dead.
 */
export class Recovery {
  readonly #deps: BroadcastDependencies;
  readonly #broadcasts: Broadcasts;
  readonly #spooled: () => Promise<readonly string[]>;
  /** What the sweeps before have read, by broadcast. */
  #signs = new Map<string, Sign>();
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;
  #archive: Archive | undefined;

  constructor(
    deps: BroadcastDependencies,
    broadcasts: Broadcasts,
    /** Broadcasts with segments in this host's spool. */
    spooled: () => Promise<readonly string[]>,
  ) {
    this.#deps = deps;
    this.#broadcasts = broadcasts;
    this.#spooled = spooled;
  }

  start(everyMs: number): void {
    void this.sweep();
    this.#timer = setInterval(() => void this.sweep(), everyMs);
  }

  /** What is under way is left to the next start, or to another task. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#timer);
    await this.#archive?.close();
    await this.#running;
  }

  /** One pass; a pass that is still under way is joined. Never rejects. */
  sweep(): Promise<void> {
    this.#running ??= this.#sweepOnce()
      .catch((error: unknown) => {
        this.#signs.clear();
        this.#deps.log.error({ err: error }, 'could not look for broadcasts left behind');
      })
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }

  async #sweepOnce(): Promise<void> {
    const signs = new Map<string, Sign>();
    for await (const broadcast of this.#deps.records.unended()) {
      if (this.#stopping) return;
      if (this.#broadcasts.holds(broadcast.broadcastId)) continue;
      const sign = this.#signOf(broadcast);
      signs.set(broadcast.broadcastId, sign);
      if (!this.#isAbandoned(broadcast, sign)) continue;
      const taken = await this.#deps.records.takeOver(broadcast);
      if (taken !== undefined) await this.#end(taken);
    }
    this.#signs = signs;
    for (const broadcastId of await this.#spooled()) {
      if (this.#stopping) return;
      if (!this.#broadcasts.holds(broadcastId)) await this.#completeArchive(broadcastId);
    }
  }

  #signOf({ broadcastId, seenAt }: Broadcast): Sign {
    const before = this.#signs.get(broadcastId);
    return before?.seenAt === seenAt ? before : { seenAt, firstReadAt: this.#deps.clock.now() };
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
    if (broadcast?.state !== 'ended' || broadcast.plan === undefined) return;
    try {
      await this.#writeEnd(broadcast);
      log.info({ broadcast: broadcastId }, 'completed a recording from the spool');
    } catch (error) {
      log.error(
        { broadcast: broadcastId, err: error },
        'could not complete a recording from the spool; trying again',
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
