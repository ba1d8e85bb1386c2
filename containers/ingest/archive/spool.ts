import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { EventEntry } from '../../../core/hls/event-playlist.ts';
import type { FoundSegment } from '../../../core/hls/archive-index.ts';
import { decimalSeconds } from '../../../core/hls/format.ts';
import { initName, parseMediaFileName } from '../../../core/media/names.ts';
import { writeChunks } from '../../../runtime/store/objects/write-chunks.ts';
import type { Allowance } from './budget.ts';

/** The spool has no room: its limit is reached, or the disk is full. */
export class SpoolError extends Error {
  override readonly name = 'SpoolError';
}

export interface SpoolFile {
  readonly path: string;
  readonly bytes: number;
}

export interface SpooledSegment extends FoundSegment {
  readonly file: SpoolFile;
}

export interface SpoolContents {
  readonly segments: readonly SpooledSegment[];
  readonly inits: readonly { readonly rendition: string; readonly run: string; readonly bytes: Uint8Array }[];
}

/**
 * Segments of one broadcast on the local disk until the store's own playlist names them:
 *
 *   <spool>/<broadcast>/<rendition>/<run>-init.mp4
 *   <spool>/<broadcast>/<rendition>/<msn>_<run>_<seconds>_<date in ms>_<c|d>.m4s    d: a discontinuity
 *   <spool>/<broadcast>/<rendition>/<…>.gap                                         could not be kept
 *
 * The name says all that the playlist needs, so that one rename makes segment and description appear
 * together. Nothing is synced: the spool outlives the process, and on the loss of a host it is gone.
 */
export class Spool {
  readonly #folder: string;
  readonly #allowance: Allowance;
  readonly #made = new Set<string>();
  #count = 0;
  #held = 0;

  constructor(options: {
    readonly spoolDir: string;
    readonly broadcastId: string;
    readonly allowance: Allowance;
  }) {
    if (!folderName.test(options.broadcastId))
      throw new SpoolError(`not a broadcast's id: ${JSON.stringify(options.broadcastId.slice(0, 100))}`);
    this.#folder = join(options.spoolDir, options.broadcastId);
    this.#allowance = options.allowance;
  }

  /** Bytes of this broadcast. */
  get bytes(): number {
    return this.#held;
  }

  async write(rendition: string, entry: EventEntry, chunks: readonly Uint8Array[]): Promise<SpoolFile> {
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (!this.#allowance.take(bytes))
      throw new SpoolError(`the spool's limit of ${this.#allowance.limit} bytes is reached`);
    this.#held += bytes;
    try {
      const path = await this.#place(rendition, fileName(entry), chunks);
      return { path, bytes };
    } catch (error) {
      this.#give(bytes);
      throw new SpoolError('could not write to the spool', { cause: error });
    }
  }

  async writeInit(rendition: string, run: string, bytes: Uint8Array): Promise<void> {
    await this.#place(rendition, initName(run), [bytes]);
  }

  /** Remembers a segment that is lost, so that a resume gives it the right place, length and date. */
  async markGap(rendition: string, entry: EventEntry): Promise<SpoolFile> {
    return { path: await this.#place(rendition, fileName({ ...entry, gap: true }), []), bytes: 0 };
  }

  async read(file: SpoolFile): Promise<readonly Uint8Array[]> {
    return [await readFile(file.path)];
  }

  async remove(file: SpoolFile): Promise<void> {
    await rm(file.path, { force: true });
    this.#give(file.bytes);
  }

  /** What an earlier task of this host left. Half-written files go. */
  async scan(): Promise<SpoolContents> {
    const segments: SpooledSegment[] = [];
    const inits: { rendition: string; run: string; bytes: Uint8Array }[] = [];
    for (const rendition of await foldersIn(this.#folder)) {
      for (const name of await readdir(join(this.#folder, rendition))) {
        const path = join(this.#folder, rendition, name);
        const entry = readFileName(name);
        const media = parseMediaFileName(name);
        if (entry !== undefined) {
          const bytes = (await stat(path)).size;
          this.#allowance.count(bytes);
          this.#held += bytes;
          segments.push({ ...entry, rendition, file: { path, bytes } });
        } else if (media?.kind === 'init')
          inits.push({ rendition, run: media.run, bytes: await readFile(path) });
        else await rm(path, { force: true });
      }
    }
    return { segments, inits };
  }

  /** The broadcast is whole in the store. */
  async removeAll(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
    this.release();
  }

  /** The files stay for a later resume, which will count them again. */
  release(): void {
    this.#allowance.give(this.#held);
    this.#held = 0;
  }

  #give(bytes: number): void {
    // After release() nothing of this broadcast is counted any more.
    const given = Math.min(bytes, this.#held);
    this.#held -= given;
    this.#allowance.give(given);
  }

  async #place(rendition: string, name: string, chunks: readonly Uint8Array[]): Promise<string> {
    const folder = join(this.#folder, rendition);
    if (!this.#made.has(folder)) {
      await mkdir(folder, { recursive: true });
      this.#made.add(folder);
    }
    const path = join(folder, name);
    const temporary = join(folder, `.${this.#count++}`);
    try {
      await writeChunks(temporary, chunks);
      await rename(temporary, path);
      return path;
    } catch (error) {
      this.#made.delete(folder);
      // A full disk must not stay full of halves.
      await rm(temporary, { force: true });
      throw error;
    }
  }
}

/** Broadcasts that a crash, a shutdown or an outage left in the spool. */
export async function spooledBroadcasts(spoolDir: string): Promise<readonly string[]> {
  return (await foldersIn(spoolDir)).filter((name) => folderName.test(name));
}

const folderName = /^[\w-]{1,64}$/;

async function foldersIn(path: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

const fileName = (entry: EventEntry): string =>
  `${entry.msn}_${entry.run}_${decimalSeconds(entry.durationS)}_${Math.round(entry.programDateTimeMs)}` +
  `_${entry.discontinuity ? 'd' : 'c'}.${entry.gap ? 'gap' : 'm4s'}`;

const fileNamePattern = /^(\d{1,10})_(\d{1,10}-\d{1,10})_(\d{1,7}\.\d{1,6})_(\d{1,15})_([cd])\.(m4s|gap)$/;

function readFileName(name: string): EventEntry | undefined {
  const [, msn, run, durationS, date, continuity, kind] = fileNamePattern.exec(name) ?? [];
  if (run === undefined) return undefined;
  return {
    msn: Number(msn),
    run,
    durationS: Number(durationS),
    programDateTimeMs: Number(date),
    discontinuity: continuity === 'd',
    gap: kind === 'gap',
  };
}
