import { mkdir, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { EventEntry } from '../../../core/hls/event-playlist.ts';
import type { FoundSegment } from '../../../core/hls/archive-index.ts';
import { decimalSeconds } from '../../../core/hls/format.ts';
import { initName, parseMediaFileName } from '../../../core/media/names.ts';
import { writeChunks } from '../../../runtime/store/objects/write-chunks.ts';
import type { DiskAllowance } from './budget.ts';

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
  readonly inits: readonly {
    readonly rendition: string;
    readonly run: string;
    readonly bytes: Uint8Array;
    readonly file: SpoolFile;
  }[];
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
  readonly #allowance: DiskAllowance;
  readonly #made = new Set<string>();
  #count = 0;
  #segmentBytes = 0;

  constructor(options: {
    readonly spoolDir: string;
    readonly broadcastId: string;
    readonly allowance: DiskAllowance;
  }) {
    if (!folderName.test(options.broadcastId))
      throw new SpoolError(`not a broadcast's id: ${JSON.stringify(options.broadcastId.slice(0, 100))}`);
    this.#folder = join(options.spoolDir, options.broadcastId);
    this.#allowance = options.allowance;
  }

  /** Of the segments of this broadcast. */
  get bytes(): number {
    return this.#segmentBytes;
  }

  async write(rendition: string, entry: EventEntry, chunks: readonly Uint8Array[]): Promise<SpoolFile> {
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const path = this.#pathOf(rendition, fileName(entry));
    if (!this.#allowance.take(path, bytes))
      throw new SpoolError(`the spool's limit of ${this.#allowance.limit} bytes is reached`);
    this.#segmentBytes += bytes;
    try {
      await this.#place(path, chunks);
      return { path, bytes };
    } catch (error) {
      this.#segmentBytes -= this.#allowance.give(path);
      throw new SpoolError('could not write to the spool', { cause: error });
    }
  }

  async writeInit(rendition: string, run: string, bytes: Uint8Array): Promise<void> {
    const path = this.#pathOf(rendition, initName(run));
    await this.#place(path, [bytes]);
    // Never refused: a kilobyte, without which the segments after it would be of no use.
    this.#allowance.count(path, bytes.length);
  }

  /** Remembers a segment that is lost, so that a resume gives it the right place, length and date. */
  async markGap(rendition: string, entry: EventEntry): Promise<SpoolFile> {
    const path = this.#pathOf(rendition, fileName({ ...entry, gap: true }));
    await this.#place(path, []);
    return { path, bytes: 0 };
  }

  async read(file: SpoolFile): Promise<readonly Uint8Array[]> {
    return [await readFile(file.path)];
  }

  async remove(file: SpoolFile): Promise<void> {
    await rm(file.path, { force: true });
    this.#segmentBytes -= this.#allowance.give(file.path);
  }

  /** What an earlier task of this host left. Half-written files go. */
  async scan(): Promise<SpoolContents> {
    const segments: SpooledSegment[] = [];
    const inits: { rendition: string; run: string; bytes: Uint8Array; file: SpoolFile }[] = [];
    const files: SpoolFile[] = [];
    for (const rendition of await foldersIn(this.#folder)) {
      for (const name of await readdir(join(this.#folder, rendition))) {
        const path = join(this.#folder, rendition, name);
        const entry = readFileName(name);
        const media = parseMediaFileName(name);
        if (entry !== undefined) {
          const file = { path, bytes: (await stat(path)).size };
          files.push(file);
          segments.push({ ...entry, rendition, file });
        } else if (media?.kind === 'init') {
          const bytes = await readFile(path);
          const file = { path, bytes: bytes.length };
          files.push(file);
          inits.push({ rendition, run: media.run, bytes, file });
        } else await rm(path, { force: true });
      }
    }
    this.#allowance.recount(this.#folder, files);
    this.#segmentBytes = segments.reduce((sum, { file }) => sum + file.bytes, 0);
    return { segments, inits };
  }

  /** The broadcast is whole in the store. */
  async removeAll(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
    this.#allowance.recount(this.#folder, []);
    this.#segmentBytes = 0;
  }

  /** Where nothing is left. */
  async removeEmptyFolders(): Promise<void> {
    const renditions = (await foldersIn(this.#folder)).map((name) => join(this.#folder, name));
    // rmdir refuses a folder that is not empty, also when something has come into it just now.
    for (const folder of [...renditions, this.#folder]) await rmdir(folder).catch(ignoreNotEmpty);
  }

  #pathOf(rendition: string, name: string): string {
    return join(this.#folder, rendition, name);
  }

  async #place(path: string, chunks: readonly Uint8Array[]): Promise<void> {
    const folder = dirname(path);
    if (!this.#made.has(folder)) {
      await mkdir(folder, { recursive: true });
      this.#made.add(folder);
    }
    const temporary = join(folder, `.${this.#count++}`);
    try {
      await writeChunks(temporary, chunks);
      await rename(temporary, path);
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

/** Counts what is in the spool already. Before the first archive of a task is opened. */
export async function countSpool(spoolDir: string, allowance: DiskAllowance): Promise<void> {
  for (const broadcastId of await spooledBroadcasts(spoolDir)) {
    const folder = join(spoolDir, broadcastId);
    const files: SpoolFile[] = [];
    for (const rendition of await foldersIn(folder))
      for (const name of await readdir(join(folder, rendition))) {
        const path = join(folder, rendition, name);
        files.push({ path, bytes: (await stat(path)).size });
      }
    allowance.recount(folder, files);
  }
}

function ignoreNotEmpty(error: unknown): void {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ENOTEMPTY' && code !== 'ENOENT') throw error;
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
