export interface FlightsOptions<T> {
  readonly read: (key: string) => Promise<T>;
  /** How long an answer counts. */
  readonly freshMs: (value: T) => number;
  /** How long an old one counts while there is no new one to be had. */
  readonly staleMs: number;
  /** Answers that are kept. */
  readonly most: number;
  readonly now: () => number;
}

interface Answer<T> {
  readonly value: T;
  readonly at: number;
}

/**
 * Answers that many ask for at once: asked for once, kept for seconds. So a crowd that joins a broadcast costs
 * the tables one read every few seconds.
 */
export class Flights<T> {
  readonly #options: FlightsOptions<T>;
  readonly #answers = new Map<string, Answer<T>>();
  readonly #flying = new Map<string, Promise<T>>();

  constructor(options: FlightsOptions<T>) {
    this.#options = options;
  }

  async get(key: string): Promise<T> {
    const known = this.#answers.get(key);
    if (known !== undefined && this.#age(known) < this.#options.freshMs(known.value)) return known.value;
    try {
      return await (this.#flying.get(key) ?? this.#fly(key));
    } catch (error) {
      if (known !== undefined && this.#age(known) < this.#options.staleMs) return known.value;
      throw error;
    }
  }

  /** What is being read now may be old, too: who asks after this gets a new answer. */
  forget(key: string): void {
    this.#answers.delete(key);
    this.#flying.delete(key);
  }

  async #fly(key: string): Promise<T> {
    const flight = this.#options.read(key);
    this.#flying.set(key, flight);
    try {
      const value = await flight;
      if (this.#flying.get(key) === flight) this.#keep(key, value);
      return value;
    } finally {
      if (this.#flying.get(key) === flight) this.#flying.delete(key);
    }
  }

  #keep(key: string, value: T): void {
    // Deleted first, so that what was read last stands last, and what nobody asks for goes.
    this.#answers.delete(key);
    this.#answers.set(key, { value, at: this.#options.now() });
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > this.#options.most && oldest !== undefined) this.#answers.delete(oldest);
  }

  #age({ at }: Answer<T>): number {
    return this.#options.now() - at;
  }
}
