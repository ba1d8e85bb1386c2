import type { WholeAnswer } from './answer.ts';

interface Entry {
  readonly answer: WholeAnswer;
  readonly expiresAtMs: number;
  readonly bytes: number;
}

/** Headers, key and book-keeping of an entry; a guess on the high side, so that many tiny answers are bounded too. */
const overheadBytes = 1024;

/** Answers by key; the least recently used go when the bytes do not suffice. */
export class Cache {
  readonly #maxBytes: number;
  // A Map keeps the order of insertion: the first key is the least recently used one.
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string, nowMs: number): WholeAnswer | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.expiresAtMs <= nowMs) {
      this.#bytes -= entry.bytes;
      return undefined;
    }
    this.#entries.set(key, entry);
    return entry.answer;
  }

  put(key: string, answer: WholeAnswer, ttlS: number): void {
    this.#remove(key);
    const bytes = answer.body.length + key.length + overheadBytes;
    if (ttlS <= 0 || bytes > this.#maxBytes) return;
    this.#entries.set(key, { answer, expiresAtMs: answer.receivedAtMs + ttlS * 1000, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#remove(oldest);
    }
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}
