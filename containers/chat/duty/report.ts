import type { ChatStore, ShardStore } from '../../../core/chat/store.ts';

export interface ReportOptions {
  readonly shards: Pick<ShardStore, 'announce' | 'report'>;
  readonly limits: Pick<ChatStore, 'limits'>;
  readonly shard: string;
  /** Without a secret. */
  readonly redisUrl: string;
  readonly taskId: string;
  /** Sockets that the task is made for. */
  readonly capacity: number;
  readonly sockets: () => number;
  /** Hears how many there are as often as the tables. */
  readonly said: (sockets: number) => void;
  /** Messages a second that a channel shows, as operators want it now. */
  readonly shownPerS: (shownPerS: number) => void;
  readonly now: () => number;
  readonly failed: (error: unknown) => void;
}

/** A load counts for 30 s (core/chat/store.ts): two may be lost. */
const reportMs = 10_000;

/** Tells the tables every 10 s that this shard has a task and how full it is, and hears what has been changed. */
export class Report {
  readonly #options: ReportOptions;
  readonly #timer: NodeJS.Timeout;
  #isAnnounced = false;
  #isTelling: Promise<void> | undefined;

  constructor(options: ReportOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.tell(), reportMs);
  }

  /** Does not throw: what could not be said now is said with the next one. */
  async tell(): Promise<void> {
    this.#isTelling ??= this.#tell().finally(() => (this.#isTelling = undefined));
    await this.#isTelling;
  }

  /** Nothing is written after this, so that nobody takes a task that is gone for one that serves. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#isTelling;
  }

  async #tell(): Promise<void> {
    const { shards, limits, shard, redisUrl, taskId, capacity, shownPerS, now, failed } = this.#options;
    const sockets = this.#options.sockets();
    this.#options.said(sockets);
    try {
      if (!this.#isAnnounced) await shards.announce({ shard, redisUrl });
      this.#isAnnounced = true;
      await shards.report({ shard, taskId, sockets, capacity, at: now() });
      shownPerS((await limits.limits()).shownPerS);
    } catch (error) {
      failed(error);
    }
  }
}
