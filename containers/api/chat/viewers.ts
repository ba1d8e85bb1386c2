import type { Shards } from './shards.ts';

/** Tasks count every 5 s: asking sooner says nothing new. */
const freshMs = 5_000;
/** No answer is late by more than this because a Redis hangs. */
const patienceMs = 300;
/** A Redis that did not answer is left alone for so long. */
const restMs = 2_000;
const maxKept = 10_000;

export interface Whereabouts {
  readonly broadcastId: string;
  readonly shard: string;
}

/** How many people watch: one question to a shard for all that a list shows, kept for some seconds. */
export class Viewers {
  readonly #shards: Pick<Shards, 'buses'>;
  readonly #steady: () => number;
  readonly #kept = new Map<string, { readonly at: number; readonly count: number }>();
  /** Shards that have not answered yet: they are asked nothing more meanwhile. */
  readonly #asked = new Map<string, Promise<void>>();
  readonly #restUntil = new Map<string, number>();

  constructor(shards: Pick<Shards, 'buses'>, steady: () => number) {
    this.#shards = shards;
    this.#steady = steady;
  }

  /** Those of whom nobody knows in time are missing. */
  async of(all: readonly Whereabouts[]): Promise<ReadonlyMap<string, number>> {
    const wanted = new Map<string, string[]>();
    for (const { broadcastId, shard } of all)
      if (!this.#isFresh(broadcastId)) wanted.set(shard, [...(wanted.get(shard) ?? []), broadcastId]);
    if (wanted.size > 0) await this.#within([...wanted].map(([shard, ids]) => this.#ask(shard, ids)));
    return new Map(
      all.flatMap(({ broadcastId }) => {
        const kept = this.#kept.get(broadcastId);
        return kept !== undefined && this.#isFresh(broadcastId) ? [[broadcastId, kept.count]] : [];
      }),
    );
  }

  async #within(questions: readonly Promise<void>[]): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, patienceMs)));
    await Promise.race([Promise.all(questions), patience]);
    clearTimeout(timer);
  }

  async #ask(shard: string, ids: readonly string[]): Promise<void> {
    // Another list may have asked for others: wait for it, then only for what is still missing.
    while (this.#asked.has(shard)) await this.#asked.get(shard);
    const missing = ids.filter((id) => !this.#isFresh(id));
    const bus = this.#shards.buses.get(shard);
    if (missing.length === 0 || bus === undefined || this.#rests(shard)) return;
    const question = bus.viewers(missing).then(
      (counts) => {
        for (const id of missing) this.#keep(id, counts.get(id) ?? 0);
      },
      () => void this.#restUntil.set(shard, this.#steady() + restMs),
    );
    this.#asked.set(shard, question);
    await question;
    this.#asked.delete(shard);
  }

  #rests(shard: string): boolean {
    return this.#steady() < (this.#restUntil.get(shard) ?? -Infinity);
  }

  #keep(broadcastId: string, count: number): void {
    this.#kept.delete(broadcastId);
    this.#kept.set(broadcastId, { at: this.#steady(), count });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > maxKept && oldest !== undefined) this.#kept.delete(oldest);
  }

  #isFresh(broadcastId: string): boolean {
    const kept = this.#kept.get(broadcastId);
    return kept !== undefined && this.#steady() - kept.at < freshMs;
  }
}
