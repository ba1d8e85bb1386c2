/** One waiting request's share of a flight. */
export interface Ticket<T> {
  /** This request started the flight; the others were collapsed into it. */
  readonly first: boolean;
  readonly result: Promise<T>;
  /** The viewer went away. The last one to leave ends the flight. May be called at any time and often. */
  leave(): void;
}

interface Flight<T> {
  readonly result: Promise<T>;
  readonly abort: AbortController;
  waiting: number;
}

/** Request collapsing: what is asked for under one key at the same time is fetched once. */
export class Flights<T> {
  readonly #flights = new Map<string, Flight<T>>();

  get size(): number {
    return this.#flights.size;
  }

  /** `start` must have stored what is to be kept when its promise resolves: the next request looks there. */
  join(key: string, start: (signal: AbortSignal) => Promise<T>): Ticket<T> {
    const known = this.#flights.get(key);
    const flight = known ?? this.#start(key, start);
    flight.waiting += 1;
    let left = false;
    const leave = (): void => {
      if (left) return;
      left = true;
      flight.waiting -= 1;
      if (flight.waiting === 0) this.#end(key, flight);
    };
    return { first: known === undefined, result: flight.result, leave };
  }

  #start(key: string, start: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const abort = new AbortController();
    const result = start(abort.signal);
    const flight: Flight<T> = { result, abort, waiting: 0 };
    this.#flights.set(key, flight);
    const landed = (): void => this.#land(key, flight);
    // Both ways handled here: a flight that everybody has left may fail without anybody looking.
    result.then(landed, landed);
    return flight;
  }

  #land(key: string, flight: Flight<T>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }

  #end(key: string, flight: Flight<T>): void {
    if (this.#flights.get(key) !== flight) return;
    // Out of the list at once: a newcomer must not be tied to a fetch that is being ended.
    this.#flights.delete(key);
    flight.abort.abort();
  }
}
