import {
  decideDelivery,
  hasReached,
  type Delivery,
  type Edge,
  type Position,
} from '../../../core/hls/delivery.ts';
import {
  livePlaylistText,
  type PlaylistPart,
  type PlaylistSegment,
  type RenditionReport,
} from '../../../core/hls/live-playlist.ts';
import type { FinishedSegment } from '../../../core/media/flow.ts';
import type { Rendition } from '../../../core/media/ladder.ts';
import { initName, mediaPlaylistName, partName, segmentName } from '../../../core/media/names.ts';
import type { Timing } from '../../../core/media/timing.ts';
import { PlaylistBody } from './playlist-body.ts';
import { Shelf, type Chunks } from './shelf.ts';

export interface Part {
  readonly durationS: number;
  readonly independent: boolean;
  /** Undefined: there should be media here and there is none. */
  readonly bytes: Uint8Array | undefined;
}

/** Where a segment belongs; the same in every rendition. */
export interface SegmentPlace {
  readonly run: string;
  readonly msn: number;
  readonly discontinuity: boolean;
  readonly programDateTimeMs: number;
}

interface Segment extends SegmentPlace {
  readonly init: Uint8Array | undefined;
  readonly parts: Part[];
  /** Its EXT-X-PART tags are in the playlist. */
  partsListed: boolean;
}

export interface TrackOptions {
  readonly rendition: Rendition;
  readonly timing: Timing;
  readonly firstMsn: number;
  readonly discontinuitySequence: number;
  readonly windowS: number;
}

/**
 * Complete segments whose parts are listed, beside the growing one. EXT-X-PART should not be further than
 * three target durations from the end (RFC 8216bis 6.2.2), and leaves by whole segments, so that a part's
 * place in its segment stays its index.
 */
const segmentsWithParts = 2;

const durationOf = (segment: Segment): number => segment.parts.reduce((sum, part) => sum + part.durationS, 0);
/** A segment with a hole is a segment, and its missing parts are gaps; one without any media is a gap. */
const isGap = (segment: Segment): boolean => segment.parts.every((part) => part.bytes === undefined);

/** One rendition of the window: its segments, its files and its playlist. */
export class Track implements Edge {
  readonly rendition: Rendition;
  readonly #timing: Timing;
  readonly #windowS: number;
  readonly #shelf = new Shelf();
  readonly #segments: Segment[] = [];
  #open: Segment | undefined;
  #lastMsn: number;
  #discontinuitySequence: number;
  #nextPart: string | undefined;
  #body: PlaylistBody | undefined;
  #longestPlaylistS = 0;
  /** The init segment of the newest run; says which codecs there are. */
  lastInit: Uint8Array | undefined;
  /** Bits a second of the fattest segment so far. */
  measuredPeakBps = 0;
  hasMedia = false;

  constructor(options: TrackOptions) {
    this.rendition = options.rendition;
    this.#timing = options.timing;
    this.#windowS = options.windowS;
    this.#lastMsn = options.firstMsn - 1;
    this.#discontinuitySequence = options.discontinuitySequence;
  }

  get lastMsn(): number {
    return this.#lastMsn;
  }

  get openParts(): number {
    return this.#open?.parts.length ?? 0;
  }

  /** The highest media sequence number of which anything is listed. */
  get highestMsn(): number {
    return this.#open?.msn ?? this.#lastMsn;
  }

  /** Name of the part that comes next; a request for it is held. */
  get hint(): string | undefined {
    return this.#nextPart;
  }

  partsOf(msn: number): number | undefined {
    return this.#segments.at(msn - this.#lastMsn - 1)?.parts.length;
  }

  /** Durations of the parts of the segment that is still growing. */
  get openDurations(): readonly number[] {
    return this.#open?.parts.map((part) => part.durationS) ?? [];
  }

  /** When what is listed ends, on the wall clock. */
  get endsAtMs(): number {
    const last = this.#open ?? this.#segments.at(-1);
    return last === undefined ? 0 : last.programDateTimeMs + durationOf(last) * 1000;
  }

  decide(position: Position): Delivery {
    return decideDelivery(position, this, this.#timing);
  }

  has(position: Position): boolean {
    return hasReached(position, this);
  }

  file(name: string): Chunks | undefined {
    return this.#shelf.get(name);
  }

  /** Appends a part, to a new segment where there is none open. The segment is complete with its last part. */
  append(place: SegmentPlace, init: Uint8Array | undefined, part: Part): void {
    const open = (this.#open ??= { ...place, init, parts: [], partsListed: true });
    if (part.bytes !== undefined)
      this.#shelf.put(partName(open.run, open.msn, open.parts.length), [part.bytes]);
    open.parts.push(part);
    if (init !== undefined) this.#shelf.put(initName(open.run), [init]);
    this.#nextPart = partName(open.run, open.msn, open.parts.length);
  }

  /** The open segment gets no more parts. Undefined when none is open. */
  close(): FinishedSegment | undefined {
    const segment = this.#open;
    if (segment === undefined) return undefined;
    const { run, msn, init } = segment;
    this.#open = undefined;
    this.#segments.push(segment);
    this.#lastMsn = msn;
    this.#nextPart = partName(run, msn + 1, 0);
    const common = {
      rendition: this.rendition.name,
      msn,
      run,
      discontinuity: segment.discontinuity,
      durationS: durationOf(segment),
      programDateTimeMs: segment.programDateTimeMs,
    };
    const chunks = segment.parts.flatMap((part) => (part.bytes === undefined ? [] : [part.bytes]));
    if (init === undefined || isGap(segment)) return { kind: 'gap', ...common };
    this.#shelf.put(segmentName(run, msn), chunks);
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    // A segment that is not whole says little about the bitrate: its key frame stands alone.
    if (chunks.length === this.#timing.partsPerSegment)
      this.measuredPeakBps = Math.max(this.measuredPeakBps, (bytes * 8) / common.durationS);
    this.hasMedia = true;
    return { kind: 'media', ...common, chunks, init };
  }

  /** Nothing more comes. */
  end(): void {
    this.#nextPart = undefined;
  }

  /** After a change: takes out of the playlist what is too old, and forgets files that nobody may ask for. */
  trim(nowMs: number): void {
    const targetMs = this.#timing.targetDurationS * 1000;
    let lengthS = this.#segments.reduce((sum, segment) => sum + durationOf(segment), 0);
    const openS = this.#open === undefined ? 0 : durationOf(this.#open);
    this.#longestPlaylistS = Math.max(this.#longestPlaylistS, lengthS + openS);
    for (let first = this.#segments[0]; first !== undefined; first = this.#segments[0]) {
      if (lengthS - durationOf(first) < this.#windowS) break;
      lengthS -= durationOf(first);
      this.#remove(first, nowMs);
    }
    for (const segment of this.#segments.slice(0, -segmentsWithParts)) {
      if (!segment.partsListed) continue;
      segment.partsListed = false;
      for (const part of segment.parts.keys())
        this.#shelf.removeAt(partName(segment.run, segment.msn, part), nowMs + 3 * targetMs);
    }
    this.#shelf.sweep(nowMs);
  }

  /** Something changed here or, for the rendition reports, in another rendition. */
  invalidate(): void {
    this.#body = undefined;
  }

  /** The playlist, written once per change. `reports` are of the other renditions. */
  playlist(reports: () => readonly RenditionReport[]): PlaylistBody {
    return (this.#body ??= new PlaylistBody(
      livePlaylistText({
        timing: this.#timing,
        mediaSequence: this.#lastMsn - this.#segments.length + 1,
        discontinuitySequence: this.#discontinuitySequence,
        segments: this.#segments.map((segment) => this.#listed(segment)),
        open: this.#open && this.#listed(this.#open),
        hint: this.#nextPart,
        reports: reports(),
      }),
    ));
  }

  /** What the other renditions' playlists say about this one (4.4.5.4). Undefined while there is nothing. */
  get report(): RenditionReport | undefined {
    const last = this.#open ?? this.#segments.at(-1);
    if (last === undefined) return undefined;
    const uri = `../${this.rendition.name}/${mediaPlaylistName}`;
    return { uri, lastMsn: last.msn, lastPart: last.parts.length - 1 };
  }

  dispose(): void {
    this.#shelf.clear();
    this.#segments.length = 0;
    this.#open = undefined;
    this.#body = undefined;
  }

  #remove(segment: Segment, nowMs: number): void {
    this.#segments.shift();
    if (segment.discontinuity) this.#discontinuitySequence += 1;
    // A playlist's length longer than its last mention: more than 6.2.2 asks (which counts from the first
    // mention), so that a player that holds an old playlist, or a cache that gives it one, finds everything.
    const untilMs = nowMs + (durationOf(segment) + this.#longestPlaylistS) * 1000;
    this.#shelf.removeAt(segmentName(segment.run, segment.msn), untilMs);
    // Every segment of the run moves it on; the last one's time counts because puts no longer come.
    if (this.#segments[0]?.run !== segment.run) this.#shelf.removeAt(initName(segment.run), untilMs);
  }

  #listed(segment: Segment): PlaylistSegment {
    const parts: PlaylistPart[] = segment.parts.map((part, index) => ({
      uri: partName(segment.run, segment.msn, index),
      durationS: part.durationS,
      independent: part.independent,
      gap: part.bytes === undefined,
    }));
    return {
      uri: segmentName(segment.run, segment.msn),
      durationS: durationOf(segment),
      discontinuity: segment.discontinuity,
      map: segment.init === undefined ? undefined : initName(segment.run),
      programDateTimeMs: segment.programDateTimeMs,
      gap: isGap(segment),
      parts: segment.partsListed ? parts : [],
    };
  }
}
