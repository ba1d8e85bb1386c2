import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import {
  openArchive,
  type Archive,
  type ArchiveOptions,
} from '../../../../containers/ingest/archive/archive.ts';
import { readEntries, type EventEntry } from '../../../../core/hls/event-playlist.ts';
import type { EncodingPlan, FinishedSegment, MediaSegment } from '../../../../core/media/flow.ts';
import { initName, segmentName } from '../../../../core/media/names.ts';
import { timingFor } from '../../../../core/media/timing.ts';
import {
  ObjectStoreError,
  type ObjectStore,
  type PutOptions,
  type StoredObject,
} from '../../../../runtime/store/objects/port.ts';
import { tinyInit, tinySegment } from './mp4.ts';

export const broadcastId = '01b';
export const startMs = Date.UTC(2026, 10, 20, 9, 0, 0);
const renditions = ['720p', '360p'];

export const plan: EncodingPlan = {
  ladder: renditions.map((name) => ({
    name,
    width: 640,
    height: 360,
    videoBitrateBps: 800_000,
    audioBitrateBps: 96_000,
  })),
  timing: timingFor({ num: 30, den: 1 }),
};

/** What stands at a place in the show; the same in every rendition. */
export interface Place {
  readonly msn: number;
  readonly run: string;
  readonly discontinuity: boolean;
}

export const mediaSegment = (rendition: string, { msn, run, discontinuity }: Place): MediaSegment => ({
  kind: 'media',
  rendition,
  msn,
  run,
  discontinuity,
  durationS: 2,
  programDateTimeMs: startMs + msn * 2_000,
  chunks: tinySegment(2, `${rendition} ${run} ${msn}`),
  init: tinyInit(`${rendition} ${run}`),
});

/** Adds a segment of every rendition. */
export function addAll(archive: Archive, place: Partial<Place> & { readonly msn: number }): void {
  for (const rendition of renditions)
    archive.add(mediaSegment(rendition, { run: '1-0', discontinuity: false, ...place }));
}

export const gapOf = (segment: MediaSegment): FinishedSegment => {
  const { chunks: _chunks, init: _init, ...rest } = segment;
  return { ...rest, kind: 'gap' };
};

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'archive-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export const silent = pino({ level: 'silent' });

/** Back-off without waiting: tests wait for events, not for time. */
export const quick = { backoffBaseMs: 0, backoffCapMs: 0, openPatienceMs: 0 } as const;

export function archiveOptions(
  store: ObjectStore,
  spoolDir: string,
  changes: Partial<ArchiveOptions> = {},
): ArchiveOptions {
  return {
    store,
    spoolDir,
    broadcastId,
    plan,
    clock: Date,
    random: () => 0.5,
    log: silent,
    publishThumbnail: () => true,
    ...changes,
    limits: { ...quick, ...changes.limits },
  };
}

export const open = (...options: Parameters<typeof archiveOptions>): Promise<Archive> =>
  openArchive(archiveOptions(...options));

export type Call = 'put' | 'get' | 'list' | 'delete';
/** Decides what a call meets: resolves to let it through, rejects to refuse. `after`: it was done already. */
export type Weather = (call: Call, key: string, moment: 'before' | 'after') => Promise<void>;

export const refused = (retryable = true): ObjectStoreError => new ObjectStoreError('refused', { retryable });

/**
 * Object storage in memory that checks at every put of a playlist what must be true at any time: it names
 * stored objects only, is in order, and begins with what was there before.
 */
export class CheckedStore implements ObjectStore {
  readonly objects = new Map<string, StoredObject>();
  readonly calls: { readonly call: Call; readonly key: string }[] = [];
  weather: Weather = async () => {};
  isChecking = true;

  async put(key: string, chunks: readonly Uint8Array[], options: PutOptions): Promise<void> {
    await this.#pass('put', key, options.signal, () => {
      const bytes = Buffer.concat(chunks);
      if (this.isChecking && key.endsWith('.m3u8')) this.#check(key, bytes.toString());
      const { contentType, cacheControl } = options;
      this.objects.set(key, { bytes, contentType, cacheControl, etag: '"x"' });
    });
  }

  async get(key: string, signal?: AbortSignal): Promise<StoredObject | undefined> {
    let found: StoredObject | undefined;
    await this.#pass('get', key, signal, () => {
      found = this.objects.get(key);
    });
    return found;
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncIterable<string> {
    await this.#pass('list', prefix, signal, () => {});
    yield* [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    await this.#pass('delete', key, signal, () => void this.objects.delete(key));
  }

  text(key: string): string {
    return Buffer.from(this.objects.get(key)?.bytes ?? []).toString();
  }

  puts(pattern: RegExp): string[] {
    return this.calls.filter(({ call, key }) => call === 'put' && pattern.test(key)).map(({ key }) => key);
  }

  async #pass(call: Call, key: string, signal: AbortSignal | undefined, work: () => void): Promise<void> {
    if (signal?.aborted === true) throw refused();
    this.calls.push({ call, key });
    await unlessAborted(this.weather(call, key, 'before'), signal);
    work();
    await unlessAborted(this.weather(call, key, 'after'), signal);
  }

  #check(key: string, text: string): void {
    const folder = key.slice(0, key.lastIndexOf('/') + 1);
    if (key.endsWith('/master.m3u8')) {
      for (const line of text.split('\n'))
        if (line.endsWith('.m3u8') && !this.objects.has(folder + line)) throw broken(`${key} names ${line}`);
      return;
    }
    const entries = readEntries(withoutEnd(text), 2);
    if (entries === undefined || entries[0]?.msn !== 0) throw broken(`${key} is not in order:\n${text}`);
    for (const { run, msn, gap } of entries)
      for (const name of gap ? [] : [segmentName(run, msn), initName(run)])
        if (!this.objects.has(folder + name)) throw broken(`${key} names ${name}, which is not stored`);
    if (!text.startsWith(withoutEnd(this.text(key)))) throw broken(`${key} does not grow at its end`);
  }
}

/** Collected as well as thrown: the archive would take a thrown one for a fault of the store. */
export const violations: string[] = [];
function broken(text: string): Error {
  violations.push(text);
  return new Error(text);
}

const withoutEnd = (text: string): string => text.replace('#EXT-X-ENDLIST\n', '');

function unlessAborted(wait: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return wait;
  const aborted = Promise.withResolvers<void>();
  const abort = (): void =>
    aborted.reject(new ObjectStoreError('aborted', { cause: signal.reason, retryable: true }));
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort);
  return Promise.race([wait, aborted.promise]).finally(() => signal.removeEventListener('abort', abort));
}

export const listOf = (store: CheckedStore, rendition: string): readonly EventEntry[] =>
  readEntries(withoutEnd(store.text(`archive/${broadcastId}/${rendition}/index.m3u8`)), 2) ?? [];

export const isEnded = (store: CheckedStore, rendition: string): boolean =>
  store.text(`archive/${broadcastId}/${rendition}/index.m3u8`).endsWith('#EXT-X-ENDLIST\n');

export const shape = (entries: readonly EventEntry[]): string[] =>
  entries.map(
    ({ msn, run, gap, discontinuity }) => `${discontinuity ? '| ' : ''}${run}-${msn}${gap ? ' gap' : ''}`,
  );

/** Lets everything run that can run until the condition holds. The test's own time limit is the bound. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setImmediate();
}
