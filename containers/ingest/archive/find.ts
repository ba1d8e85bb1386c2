import { selectFound, type FoundSegment } from '../../../core/hls/archive-index.ts';
import { EventPlaylist, type EventEntry } from '../../../core/hls/event-playlist.ts';
import { archiveFolder, masterKey, mediaKey, playlistKey } from '../../../core/media/addresses.ts';
import type { EncodingPlan } from '../../../core/media/flow.ts';
import { durationOf } from '../../../core/media/fmp4/duration.ts';
import { initName, parseMediaFileName, segmentName } from '../../../core/media/names.ts';
import { retrying } from './retry.ts';
import type { Spool, SpoolFile } from './spool.ts';
import type { StoreAccess } from './upload-queue.ts';

/** A segment that an earlier task left outside of the playlist. */
export interface Leftover extends FoundSegment {
  readonly isStored: boolean;
  readonly file?: SpoolFile;
}

/** An archive as an earlier task left it. */
export interface Found {
  readonly playlists: ReadonlyMap<string, EventPlaylist>;
  readonly master: string | undefined;
  /** In the order in which to take them up. */
  readonly leftovers: readonly Leftover[];
  /** Init segments of the leftovers; without bytes they are in the store already. */
  readonly inits: readonly {
    readonly rendition: string;
    readonly run: string;
    readonly bytes?: Uint8Array;
  }[];
  /** For the master playlist, when it is still to be written. */
  readonly sampleInits: ReadonlyMap<string, Uint8Array>;
  /** Files of the spool that the playlist names already, or that came too late. */
  readonly useless: readonly SpoolFile[];
}

export const nothingFound: Found = {
  playlists: new Map(),
  master: undefined,
  leftovers: [],
  inits: [],
  sampleInits: new Map(),
  useless: [],
};

interface Search {
  readonly access: StoreAccess;
  readonly spool: Spool;
  readonly broadcastId: string;
  readonly plan: EncodingPlan;
}

/**
 * Reads back an archive: its playlists, what is stored but not listed, and what is still in the spool.
 * Rejects when the store does not answer within limits.openPatienceMs.
 */
export async function findArchive(search: Search): Promise<Found> {
  const { spool, broadcastId, plan } = search;
  const spooled = await spool.scan();
  const stored = await listStored(search);
  const master = await readText(search, masterKey(broadcastId));
  const playlists = new Map<string, EventPlaylist>();
  for (const { name } of plan.ladder) {
    const text = await readText(search, playlistKey(broadcastId, name));
    const playlist = text === undefined ? undefined : EventPlaylist.read(text, plan.timing.targetDurationS);
    if (playlist !== undefined) playlists.set(name, playlist);
    else if (text !== undefined)
      search.access.log.error({ rendition: name }, 'the playlist is not one of ours; building it again');
  }

  const candidates = new Map<string, Leftover>();
  for (const segment of storedSegments(stored, search.plan)) candidates.set(addressOf(segment), segment);
  for (const segment of spooled.segments) {
    const isStored = candidates.has(addressOf(segment));
    // The mark of a gap says less than a stored segment whose confirmation was lost.
    if (!(segment.gap && isStored)) candidates.set(addressOf(segment), { ...segment, isStored });
  }
  const ends = new Map(plan.ladder.map(({ name }) => [name, playlists.get(name)?.last]));
  const { usable } = selectFound(ends, [...candidates.values()]);
  const chosen = new Set<FoundSegment>(usable);

  const inits = new Inits(search, stored, spooled.inits);
  const leftovers = await describe(
    search,
    ends,
    [...candidates.values()].filter((segment) => chosen.has(segment)).sort((a, b) => a.msn - b.msn),
    inits,
  );
  const kept = new Set(leftovers.map(({ file }) => file?.path));
  return {
    playlists,
    master,
    leftovers,
    inits: inits.used(leftovers),
    sampleInits: master === undefined ? await inits.samples(playlists, leftovers) : new Map(),
    useless: spooled.segments.map(({ file }) => file).filter(({ path }) => !kept.has(path)),
  };
}

const addressOf = ({ rendition, run, msn }: FoundSegment): string => `${rendition}/${segmentName(run, msn)}`;

const patience = ({ access }: Search): Parameters<typeof retrying>[1] => ({
  patienceMs: access.limits.openPatienceMs,
  signal: new AbortController().signal,
});

async function readText(search: Search, key: string): Promise<string | undefined> {
  const bytes = await readBytes(search, key);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
}

async function readBytes(search: Search, key: string): Promise<Uint8Array | undefined> {
  const { access } = search;
  const object = await retrying(access, patience(search), (signal) => access.store.get(key, signal));
  return object?.bytes;
}

/** Names below the archive's folder: `<rendition>/<file>`. */
async function listStored(search: Search): Promise<ReadonlySet<string>> {
  const { access, broadcastId } = search;
  const folder = archiveFolder(broadcastId);
  return retrying(access, patience(search), async (signal) => {
    const names = new Set<string>();
    for await (const key of access.store.list(folder, signal)) names.add(key.slice(folder.length));
    return names;
  });
}

const unknown = { durationS: Number.NaN, programDateTimeMs: Number.NaN, discontinuity: false, gap: false };

function* storedSegments(stored: ReadonlySet<string>, plan: EncodingPlan): Iterable<Leftover> {
  const renditions = new Set(plan.ladder.map(({ name }) => name));
  for (const path of stored) {
    const [rendition = '', name = ''] = path.split('/');
    const file = parseMediaFileName(name);
    if (file?.kind === 'segment' && renditions.has(rendition))
      yield { ...unknown, rendition, msn: file.msn, run: file.run, isStored: true };
  }
}

/**
 * Segments that only the store has (their task is on another host, or gone) do not say how long they are
 * and when they were: the length is read from their bytes, the date goes on from the segment before.
 */
async function describe(
  search: Search,
  ends: ReadonlyMap<string, EventEntry | undefined>,
  segments: readonly Leftover[],
  inits: Inits,
): Promise<readonly Leftover[]> {
  const before = new Map(ends);
  const described: Leftover[] = [];
  for (let start = 0; start < segments.length; start += readsAtOnce) {
    const batch = segments.slice(start, start + readsAtOnce);
    const durations = await Promise.all(batch.map((segment) => durationIn(search, segment, inits)));
    for (const [index, segment] of batch.entries()) {
      const durationS = durations[index];
      if (durationS === undefined) continue;
      const programDateTimeMs = dateOf(search, segment, before.get(segment.rendition));
      const whole = { ...segment, durationS, programDateTimeMs };
      before.set(segment.rendition, whole);
      described.push(whole);
    }
  }
  return described;
}

/** A task that died left at most a minute of its show unlisted; whole segments are read, so not more at once. */
const readsAtOnce = 16;

async function durationIn(search: Search, segment: Leftover, inits: Inits): Promise<number | undefined> {
  if (segment.gap) return segment.durationS;
  const { rendition, run, msn } = segment;
  if (!Number.isNaN(segment.durationS)) return inits.has(rendition, run) ? segment.durationS : undefined;
  const init = await inits.bytes(rendition, run);
  const bytes = await readBytes(search, mediaKey(search.broadcastId, rendition, segmentName(run, msn)));
  if (init === undefined || bytes === undefined) return undefined;
  try {
    return durationOf(init, bytes);
  } catch (error) {
    search.access.log.error(
      { rendition, msn, err: error },
      'a stored segment cannot be read; leaving it out',
    );
    return undefined;
  }
}

function dateOf({ access, plan }: Search, segment: Leftover, before: EventEntry | undefined): number {
  if (!Number.isNaN(segment.programDateTimeMs)) return segment.programDateTimeMs;
  if (before === undefined) return access.clock.now();
  const missing = segment.msn - before.msn - 1;
  return before.programDateTimeMs + (before.durationS + missing * plan.timing.segmentDurationS) * 1_000;
}

/** Init segments, wherever they are. */
class Inits {
  readonly #search: Search;
  readonly #stored: ReadonlySet<string>;
  readonly #known = new Map<string, Uint8Array>();

  constructor(
    search: Search,
    stored: ReadonlySet<string>,
    spooled: readonly { readonly rendition: string; readonly run: string; readonly bytes: Uint8Array }[],
  ) {
    this.#search = search;
    this.#stored = stored;
    for (const { rendition, run, bytes } of spooled) this.#known.set(`${rendition}/${initName(run)}`, bytes);
  }

  has(rendition: string, run: string): boolean {
    const path = `${rendition}/${initName(run)}`;
    return this.#stored.has(path) || this.#known.has(path);
  }

  async bytes(rendition: string, run: string): Promise<Uint8Array | undefined> {
    const path = `${rendition}/${initName(run)}`;
    const known = this.#known.get(path);
    if (known !== undefined || !this.#stored.has(path)) return known;
    const read = await readBytes(this.#search, mediaKey(this.#search.broadcastId, rendition, initName(run)));
    if (read !== undefined) this.#known.set(path, read);
    return read;
  }

  used(leftovers: readonly Leftover[]): Found['inits'] {
    const media = leftovers.filter(({ gap }) => !gap);
    const byPath = new Map(
      media.map(({ rendition, run }) => [`${rendition}/${initName(run)}`, { rendition, run }]),
    );
    const used: { rendition: string; run: string; bytes?: Uint8Array }[] = [];
    for (const [path, { rendition, run }] of byPath) {
      const bytes = this.#stored.has(path) ? undefined : this.#known.get(path);
      used.push(bytes === undefined ? { rendition, run } : { rendition, run, bytes });
    }
    return used;
  }

  async samples(
    playlists: ReadonlyMap<string, EventPlaylist>,
    leftovers: readonly Leftover[],
  ): Promise<ReadonlyMap<string, Uint8Array>> {
    const samples = new Map<string, Uint8Array>();
    const runs = [
      ...[...playlists].map(([rendition, { mappedRun }]) => ({ rendition, run: mappedRun })),
      ...leftovers.filter(({ gap }) => !gap),
    ];
    for (const { rendition, run } of runs) {
      if (run === undefined || samples.has(rendition)) continue;
      const bytes = await this.bytes(rendition, run);
      if (bytes !== undefined) samples.set(rendition, bytes);
    }
    return samples;
  }
}
