import { lostAfterMs, type Broadcast } from '../../../core/broadcast/types.ts';
import type { Broadcasts } from './broadcasts.ts';
import type { BroadcastDependencies } from './ports.ts';

/**
 * Ends what nobody holds any more. A task killed with -9 leaves broadcasts that still say `live`; every task
 * looks for such ones, and a conditional write decides which task ends each. Within the grace window they
 * are left alone, so that the encoder can come back and continue.
 */
export class Recovery {
  readonly #deps: BroadcastDependencies;
  readonly #broadcasts: Broadcasts;
  readonly #spooled: () => Promise<readonly string[]>;
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

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

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  /** One pass; a pass that is still under way is joined. Never rejects. */
  sweep(): Promise<void> {
    this.#running ??= this.#sweepOnce()
      .catch((error: unknown) =>
        this.#deps.log.error({ err: error }, 'could not look for broadcasts left behind'),
      )
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }

  async #sweepOnce(): Promise<void> {
    for await (const broadcast of this.#deps.records.unended()) {
      if (!this.#broadcasts.holds(broadcast.broadcastId) && this.#isAbandoned(broadcast)) {
        const taken = await this.#deps.records.takeOver(broadcast);
        if (taken !== undefined) await this.#end(taken);
      }
    }
    for (const broadcastId of await this.#spooled()) {
      if (!this.#broadcasts.holds(broadcastId)) await this.#completeArchive(broadcastId);
    }
  }

  #isAbandoned(broadcast: Broadcast): boolean {
    const now = this.#deps.clock.now();
    return now - broadcast.seenAt > lostAfterMs && now - broadcast.encoderSeenAt > this.#deps.graceMs;
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
    });
    try {
      const { durationS } = await archive.end();
      return durationS;
    } finally {
      await archive.close();
    }
  }
}
