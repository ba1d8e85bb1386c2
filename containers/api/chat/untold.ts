import type { PostBus } from '../../../core/chat/bus.ts';
import { BusError } from '../../../core/chat/bus.ts';
import type { Logger } from '../../../runtime/telemetry/log.ts';
import type { Shards } from './shards.ts';

const retryMs = 500;
/** What was not told for so long concerns nobody any more: the broadcast is over, or its shard was given up. */
const forgetMs = 3_600_000;
/** A moderator's hour of work; beyond it the oldest is forgotten. */
const maxWaiting = 10_000;

type Word = (bus: PostBus) => Promise<unknown>;

interface Waiting {
  readonly word: Word;
  readonly since: number;
}

/**
 * What a Redis has to know, and is told as soon as it answers: a Redis that was frozen comes back with all that
 * it knew before, so reading the store when it is empty is not enough.
 */
export class Untold {
  readonly #shards: Pick<Shards, 'bus'>;
  readonly #steady: () => number;
  readonly #log: Logger;
  readonly #waiting = new Map<string, Map<string, Waiting>>();
  readonly #timer: NodeJS.Timeout;
  #working: Promise<void> | undefined;

  constructor(options: {
    readonly shards: Pick<Shards, 'bus'>;
    readonly steady: () => number;
    readonly log: Logger;
  }) {
    this.#shards = options.shards;
    this.#steady = options.steady;
    this.#log = options.log;
    this.#timer = setInterval(() => {
      this.#working ??= this.#work().finally(() => (this.#working = undefined));
    }, retryMs);
  }

  /**
   * @param about what it is about: a later word about the same takes the place of one that was not told yet
   * @returns whether it is told already
   */
  async tell(shard: string, about: string, word: Word): Promise<boolean> {
    const waiting = this.#waiting.get(shard) ?? new Map<string, Waiting>();
    this.#waiting.set(shard, waiting);
    const entry: Waiting = { word, since: this.#steady() };
    waiting.delete(about);
    waiting.set(about, entry);
    const [oldest] = waiting.keys();
    if (waiting.size > maxWaiting && oldest !== undefined) waiting.delete(oldest);
    return this.#try(shard, waiting, about, entry);
  }

  /** It is not so any more. */
  cancel(shard: string, about: string): void {
    this.#waiting.get(shard)?.delete(about);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#working;
  }

  async #try(shard: string, waiting: Map<string, Waiting>, about: string, entry: Waiting): Promise<boolean> {
    try {
      const bus = await this.#shards.bus(shard);
      if (bus === undefined) return false;
      await entry.word(bus);
    } catch (error) {
      if (error instanceof BusError) return false;
      this.#log.error({ err: error, shard, about }, 'the chat could not be told');
    }
    if (waiting.get(about) === entry) waiting.delete(about);
    return true;
  }

  async #work(): Promise<void> {
    await Promise.all(
      [...this.#waiting].map(async ([shard, waiting]) => {
        for (const [about, entry] of waiting) {
          if (this.#steady() - entry.since > forgetMs) waiting.delete(about);
          else if (!(await this.#try(shard, waiting, about, entry))) return;
        }
      }),
    );
  }
}
