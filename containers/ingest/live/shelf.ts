/** Bytes of one file, in pieces that are sent one after the other. */
export type Chunks = readonly Uint8Array[];

/**
 * The media files of one rendition by name. A file that has left the playlist stays for a while, because
 * players still hold the old playlist (RFC 8216bis 6.2.2), and is then forgotten.
 */
export class Shelf {
  readonly #files = new Map<string, Chunks>();
  readonly #leaving = new Map<string, number>();

  get(name: string): Chunks | undefined {
    return this.#files.get(name);
  }

  put(name: string, chunks: Chunks): void {
    this.#files.set(name, chunks);
    this.#leaving.delete(name);
  }

  removeAt(name: string, atMs: number): void {
    if (this.#files.has(name)) this.#leaving.set(name, atMs);
  }

  /** Forgets what is due. Called with every change; nothing needs to be forgotten while nothing comes in. */
  sweep(nowMs: number): void {
    for (const [name, atMs] of this.#leaving)
      if (atMs <= nowMs) {
        this.#leaving.delete(name);
        this.#files.delete(name);
      }
  }

  clear(): void {
    this.#files.clear();
    this.#leaving.clear();
  }
}
