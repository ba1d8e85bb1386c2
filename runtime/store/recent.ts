export interface RecentOptions<Value> {
  readonly read: (key: string) => Promise<Value>;
  readonly freshMs: number | ((value: Value) => number);
  /** How long an old answer counts while there is no new one to be had. */
  readonly staleMs?: number;
  /** Answers that are kept. */
  readonly most?: number;
  /** ms, of a clock that never steps: one that was put back would keep what is old. */
  readonly steady: () => number;
}

/** Enough for every channel and person of a busy quarter of an hour, some MB. */
const usualMost = 50_000;

interface Answer<Value> {
  readonly value: Value;
  readonly at: number;
}

interface Entry<Value> {
  value: Promise<Value>;
  freshUntil: number;
  /** The newest that was read. */
  last: Answer<Value> | undefined;
}

/**
 * What was read a moment ago. Many who ask at once cause one read; one that fails is not kept; and a read that
 * began before `forget` is not kept either, so that nobody sees their own change undone.
 */
export class Recent<Value> {
  readonly #options: RecentOptions<Value>;
  readonly #entries = new Map<string, Entry<Value>>();

  constructor(options: RecentOptions<Value>) {
    this.#options = options;
  }

  get(key: string): Promise<Value> {
    const { steady, most = usualMost } = this.#options;
    const known = this.#entries.get(key);
    if (known !== undefined && steady() < known.freshUntil) return known.value;
    const entry = this.#ask(key, known?.last);
    // Deleted first, so that what was read last stands last, and what nobody asks for goes.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > most && oldest !== undefined) this.#entries.delete(oldest);
    return entry.value;
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }

  #ask(key: string, last: Answer<Value> | undefined): Entry<Value> {
    const { read, freshMs, staleMs = 0, steady } = this.#options;
    // Counted from the question: what it says may be as old as that.
    const at = steady();
    const reading = read(key);
    const entry: Entry<Value> = { value: reading, freshUntil: Infinity, last };
    entry.value = reading.then(
      (value) => {
        entry.last = { value, at };
        entry.freshUntil = at + (typeof freshMs === 'number' ? freshMs : freshMs(value));
        return value;
      },
      (error: unknown) => {
        entry.freshUntil = -Infinity;
        if (last !== undefined && steady() - last.at < staleMs) return last.value;
        if (this.#entries.get(key) === entry) this.#entries.delete(key);
        throw error;
      },
    );
    return entry;
  }
}
