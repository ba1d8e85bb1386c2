/** Enough for every channel and person of a busy quarter of an hour, some MB. */
const maxEntries = 50_000;

interface Entry<Value> {
  readonly value: Promise<Value>;
  freshUntil: number;
}

/**
 * What was read a moment ago. Many who ask at once cause one read; one that fails is not kept; and a read that
 * began before `forget` is not kept either, so that nobody sees their own change undone.
 */
export class Recent<Value> {
  readonly #read: (key: string) => Promise<Value>;
  readonly #freshMs: (value: Value) => number;
  readonly #steady: () => number;
  readonly #entries = new Map<string, Entry<Value>>();

  constructor(options: {
    readonly read: (key: string) => Promise<Value>;
    readonly freshMs: number | ((value: Value) => number);
    readonly steady: () => number;
  }) {
    const { freshMs } = options;
    this.#read = options.read;
    this.#freshMs = typeof freshMs === 'number' ? () => freshMs : freshMs;
    this.#steady = options.steady;
  }

  get(key: string): Promise<Value> {
    const known = this.#entries.get(key);
    if (known !== undefined && this.#steady() < known.freshUntil) return known.value;
    const began = this.#steady();
    const entry: Entry<Value> = { value: this.#read(key), freshUntil: Infinity };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > maxEntries && oldest !== undefined) this.#entries.delete(oldest);
    entry.value.then(
      // Counted from the question: what it says may be as old as that.
      (value) => (entry.freshUntil = began + this.#freshMs(value)),
      () => this.#entries.get(key) === entry && this.#entries.delete(key),
    );
    return entry.value;
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }
}
