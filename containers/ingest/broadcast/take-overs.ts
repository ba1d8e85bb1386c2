/**
 * The same key again takes over at once: an encoder whose old connection hangs must not wait for it. But two
 * encoders that are both set up with one key, each trying again when it is cut off (OBS does, after two
 * seconds), would take over from each other for ever and leave no picture to anybody.
 */
export class TakeOvers {
  /** Times of the last take-overs, by channel. */
  readonly #times = new Map<string, readonly number[]>();

  /** Counts one more. False when the newcomer must be refused instead. */
  allow(channelId: string, nowMs: number): boolean {
    const recent = this.#recent(channelId, nowMs);
    if (recent.length >= maxInWindow) return false;
    this.#times.set(channelId, [...recent, nowMs]);
    return true;
  }

  /** Forgets channels that have been quiet. */
  sweep(nowMs: number): void {
    for (const channelId of this.#times.keys()) {
      const recent = this.#recent(channelId, nowMs);
      if (recent.length === 0) this.#times.delete(channelId);
    }
  }

  #recent(channelId: string, nowMs: number): readonly number[] {
    return (this.#times.get(channelId) ?? []).filter((time) => nowMs - time < windowMs);
  }
}

/** A person who restarts OBS a few times in a row stays below this; two machines in a fight pass it in ten seconds. */
const maxInWindow = 5;
const windowMs = 60_000;
