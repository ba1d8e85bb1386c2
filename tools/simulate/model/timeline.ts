/** Virtual time: what happens when, in order. A binary heap; equal times run in the order of their planning. */
interface Entry {
  readonly at: number;
  readonly n: number;
  readonly run: () => void;
}

const isBefore = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.n < b.n);

export class Timeline {
  readonly #heap: Entry[] = [];
  #now: number;
  #n = 0;
  #isWoken = false;

  constructor(now: number) {
    this.#now = now;
  }

  get now(): number {
    return this.#now;
  }

  /** When the next thing happens; infinite when nothing is planned. */
  get nextAt(): number {
    return this.#heap[0]?.at ?? Infinity;
  }

  at(at: number, run: () => void): void {
    const heap = this.#heap;
    const entry = { at, n: this.#n++, run };
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const up = (index - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || !isBefore(entry, parent)) break;
      heap[index] = parent;
      index = up;
    }
    heap[index] = entry;
  }

  after(ms: number, run: () => void): void {
    this.at(this.#now + ms, run);
  }

  /**
   * For a program that waits in virtual time (lambda/scheduler/clock.ts): `run` is somebody's waking, after
   * which its promises have to be given the floor. Returns what takes it back.
   */
  wakeAfter(ms: number, run: () => void): () => void {
    let isWanted = true;
    this.after(ms, () => {
      if (!isWanted) return;
      isWanted = false;
      this.#isWoken = true;
      run();
    });
    return () => {
      isWanted = false;
    };
  }

  /** Up to `to`, or until somebody has been woken: true, and the time stands still there. */
  advanceUntilWoken(to: number): boolean {
    this.#isWoken = false;
    for (let top = this.#heap[0]; top !== undefined && top.at <= to; top = this.#heap[0]) {
      this.#step(top);
      // Set in the step, which the compiler can't see.
      if (this.#isWoken as boolean) return true;
    }
    if (to > this.#now) this.#now = to;
    return false;
  }

  /**
   * Lets everything up to `to` happen. May be called from within something that happens (a call that takes
   * time, made by a scheduler that an event has started): time only ever moves forward.
   */
  advance(to: number): void {
    for (let top = this.#heap[0]; top !== undefined && top.at <= to; top = this.#heap[0]) this.#step(top);
    if (to > this.#now) this.#now = to;
  }

  #step(top: Entry): void {
    this.#remove();
    if (top.at > this.#now) this.#now = top.at;
    top.run();
  }

  #remove(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let down = 2 * index + 1;
      let child = heap[down];
      if (child === undefined) break;
      const right = heap[down + 1];
      if (right !== undefined && isBefore(right, child)) {
        child = right;
        down++;
      }
      if (!isBefore(child, last)) break;
      heap[index] = child;
      index = down;
    }
    heap[index] = last;
  }
}
