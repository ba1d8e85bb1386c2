import { sep } from 'node:path';

/** What all broadcasts of a task share. One is made per task and given to every archive. */
export interface ArchiveBudget {
  readonly uploads: Slots;
  readonly spool: DiskAllowance;
  readonly memory: Allowance;
}

export function createArchiveBudget(options: {
  readonly uploads?: number;
  readonly spoolBytes?: number;
  readonly memoryBytes?: number;
}): ArchiveBudget {
  return {
    // Below the SDK's 50 sockets to a host, so that playlists never wait behind segments.
    uploads: new Slots(options.uploads ?? 32),
    spool: new DiskAllowance(options.spoolBytes ?? 4 * 1024 ** 3),
    // Segments that are not on disk: four minutes of a 9 Mbps ladder when the disk is full.
    memory: new Allowance(options.memoryBytes ?? 256 * 1024 ** 2),
  };
}

/** Bytes that may be taken up to a limit. */
export class Allowance {
  readonly limit: number;
  #used = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  /** False, and nothing taken, when it would not fit. */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.limit) return false;
    this.#used += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}

/**
 * Bytes on the disk up to a limit. Each file counts once, under its path, from before it is written until
 * it is removed: what an archive leaves there when it closes still takes the room.
 */
export class DiskAllowance {
  readonly limit: number;
  readonly #files = new Map<string, number>();
  #used = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  /** False, and nothing taken, when it would not fit. */
  take(path: string, bytes: number): boolean {
    if (this.#used + bytes > this.limit) return false;
    this.count(path, bytes);
    return true;
  }

  /** For what is there already, fit or not. */
  count(path: string, bytes: number): void {
    this.give(path);
    this.#files.set(path, bytes);
    this.#used += bytes;
  }

  /** The file is gone. Returns what it was counted with. */
  give(path: string): number {
    const bytes = this.#files.get(path) ?? 0;
    this.#files.delete(path);
    this.#used -= bytes;
    return bytes;
  }

  /** A folder holds these files and no others. */
  recount(folder: string, files: readonly { readonly path: string; readonly bytes: number }[]): void {
    for (const path of [...this.#files.keys()]) if (path.startsWith(folder + sep)) this.give(path);
    for (const { path, bytes } of files) this.count(path, bytes);
  }
}

/** A number of places, given out in the order they were asked for: no broadcast starves another. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(places: number) {
    this.#free = places;
  }

  async hold<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
