import type { Position } from '../../../core/hls/delivery.ts';
import { masterPlaylistText } from '../../../core/hls/master-playlist.ts';
import type { EncodingPlan, FinishedSegment, Fragment, Run } from '../../../core/media/flow.ts';
import { BoxError } from '../../../core/media/fmp4/boxes.ts';
import { codecsOf } from '../../../core/media/fmp4/codecs.ts';
import type { Rendition } from '../../../core/media/ladder.ts';
import { Lateness } from './lateness.ts';
import { PlaylistBody } from './playlist-body.ts';
import { flawOf, followed, isShort, RunGrid, type DropReason, type Lane } from './run-grid.ts';
import { Track, type Part } from './track.ts';
import { WaitingRoom, type Waiter } from './waiting-room.ts';

export interface LiveWindowOptions {
  readonly broadcastId: string;
  readonly plan: EncodingPlan;
  /** Media sequence number of the next segment: 0 for a new broadcast, higher when it continues here. */
  readonly firstMsn: number;
  /** Discontinuities before `firstMsn`, its own not counted. */
  readonly discontinuitySequence: number;
  /** The first segment continues what another task sent. */
  readonly startsWithDiscontinuity: boolean;
  readonly clock: { now(): number };
  /** For each rendition in order of media sequence numbers, once a segment will not change any more. */
  readonly onSegment: (segment: FinishedSegment) => void;
  /** A part came later than its place on the run's grid; constant delays are not counted. */
  readonly onPartLate?: (lateMs: number) => void;
  /** Length of the playlists in seconds; never less than three target durations (RFC 8216bis 6.2.2). */
  readonly windowS?: number;
}

/** notes/video.md 5.1: short enough to do without delta updates; time shift has the archive. */
const defaultWindowS = 60;
/** RFC 8216bis 6.2.5.2: a request that cannot be answered for so long is answered 503. */
const waitTargetDurations = 3;

/** An init segment that cannot be read is no reason to answer nobody: CODECS is optional. */
function codecsOrNone(init: Uint8Array | undefined): ReturnType<typeof codecsOf> {
  try {
    return init === undefined ? {} : codecsOf(init);
  } catch (error) {
    if (error instanceof BoxError) return {};
    throw error;
  }
}

interface CurrentRun {
  readonly run: Run;
  readonly lanes: ReadonlyMap<string, Lane>;
  grid: RunGrid | undefined;
  readonly lateness: Lateness;
}

/**
 * The live window of a broadcast: makes parts and segments of the encoder's fragments, keeps the last minute
 * in memory and answers those who wait for more. Renditions may be a few parts apart; media sequence numbers
 * and discontinuities stay equal, because places come from media time and holes are filled with EXT-X-GAP.
 */
export class LiveWindow {
  readonly #options: LiveWindowOptions;
  readonly #tracks: ReadonlyMap<string, Track>;
  readonly #room: WaitingRoom;
  readonly #maxHoleParts: number;
  readonly #dropped = new Map<DropReason, number>();
  #run: CurrentRun | undefined;
  #runs = 0;
  #started = false;
  #ended = false;
  #disposed = false;
  #thumbnail: Uint8Array | undefined;
  #master: PlaylistBody | undefined;

  constructor(options: LiveWindowOptions) {
    this.#options = options;
    const { ladder, timing } = options.plan;
    const shortestS = 3 * timing.targetDurationS;
    const windowS = Math.max(options.windowS ?? defaultWindowS, shortestS);
    this.#maxHoleParts = Math.ceil(windowS / timing.segmentDurationS) * timing.partsPerSegment;
    this.#room = new WaitingRoom(waitTargetDurations * timing.targetDurationS * 1000);
    const { firstMsn, discontinuitySequence } = options;
    this.#tracks = new Map(
      ladder.map((rendition) => [
        rendition.name,
        new Track({ rendition, timing, firstMsn, discontinuitySequence, windowS }),
      ]),
    );
  }

  /** There is something to play: every rendition has had a complete segment, without which hls.js gives up. */
  get started(): boolean {
    return this.#started && !this.#disposed;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get thumbnailJpeg(): Uint8Array | undefined {
    return this.#thumbnail;
  }

  /** Fragments that could not be published, by reason. */
  get dropped(): ReadonlyMap<DropReason, number> {
    return this.#dropped;
  }

  /** Requests held now. */
  get waiting(): number {
    return this.#room.size;
  }

  runStarted(run: Run): void {
    if (this.#ended) return;
    this.#finishRun();
    const lanes = this.#options.plan.ladder.map((rendition): [string, Lane] => [
      rendition.name,
      { rendition, init: undefined, next: 0, held: undefined, broken: false },
    ]);
    const lateness = new Lateness(run.startedAtMs);
    this.#run = { run, lanes: new Map(lanes), grid: undefined, lateness };
  }

  init(run: Run, rendition: Rendition, bytes: Uint8Array): void {
    const lane = this.#laneOf(run, rendition);
    if (lane !== undefined) lane.init ??= bytes;
  }

  fragment(run: Run, rendition: Rendition, fragment: Fragment): void {
    const { timing } = this.#options.plan;
    const current = this.#run;
    const lane = this.#laneOf(run, rendition);
    const track = this.#tracks.get(rendition.name);
    if (current === undefined || lane === undefined || track === undefined) return this.#drop('stale-run');
    if (lane.init === undefined) return this.#drop('no-init');
    const flaw = flawOf(fragment, timing);
    if (flaw !== undefined) return this.#drop(flaw);
    const grid = (current.grid ??= this.#startGrid(run, fragment));
    const position = grid.positionOf(fragment);
    const next = lane.held === undefined ? lane.next : lane.next + 1;
    if (position < next) return this.#drop('duplicate');
    if (position - next > this.#maxHoleParts) return this.#drop('too-far');
    const finished = this.#publishHeld(grid, lane, track, (part) => followed(part, timing));
    if (position > next) lane.broken = true;
    if (fragment.independent) lane.broken = false;
    finished.push(...this.#fillGaps(grid, lane, track, lane.broken ? position + 1 : position));
    const part: Part = { ...fragment };
    if (lane.broken) this.#drop('no-key-frame');
    else if (isShort(part.durationS, timing)) lane.held = part;
    else finished.push(...this.#publish(grid, lane, track, followed(part, timing)));
    this.#changed();
    const lateMs = current.lateness.of(fragment.startS + fragment.durationS, this.#options.clock.now());
    if (lateMs !== undefined) this.#options.onPartLate?.(lateMs);
    return this.#handOver(finished);
  }

  runEnded(run: Run): void {
    if (this.#run?.run.id === run.id) this.#finishRun();
  }

  thumbnail(jpeg: Uint8Array): void {
    this.#thumbnail = jpeg;
  }

  /** The broadcast is over: playlists get ENDLIST, everybody who waits is answered. Readable until dispose(). */
  end(): void {
    if (this.#ended) return;
    this.#finishRun();
    this.#ended = true;
    for (const track of this.#tracks.values()) track.end();
    this.#changed();
  }

  dispose(): void {
    this.#disposed = true;
    this.#ended = true;
    this.#run = undefined;
    this.#room.dispose();
    for (const track of this.#tracks.values()) track.dispose();
    this.#thumbnail = undefined;
    this.#master = undefined;
  }

  track(name: string): Track | undefined {
    return this.#tracks.get(name);
  }

  masterPlaylist(): PlaylistBody | undefined {
    if (!this.started) return undefined;
    if (this.#master !== undefined) return this.#master;
    const variants = [...this.#tracks.values()].map((track) => ({
      rendition: track.rendition,
      codecs: codecsOrNone(track.lastInit),
      measuredPeakBps: track.measuredPeakBps,
    }));
    return (this.#master = new PlaylistBody(
      masterPlaylistText(variants, this.#options.plan.timing.frameRate),
    ));
  }

  mediaPlaylist(track: Track): PlaylistBody | undefined {
    if (!this.started) return undefined;
    return track.playlist(() =>
      [...this.#tracks.values()].flatMap((other) => {
        const report = other === track ? undefined : other.report;
        return report === undefined ? [] : [report];
      }),
    );
  }

  /** Calls when the playlist of the track has reached the position. Returns how to stop waiting. */
  waitForPosition(track: Track, position: Position, waiter: Waiter): () => void {
    const key = `${track.rendition.name}/${position.msn}.${position.part ?? 'complete'}`;
    return this.#room.wait(key, () => this.#ended || track.has(position), waiter);
  }

  /** Calls when the hinted part is there, or will never be. */
  waitForHint(track: Track, name: string, waiter: Waiter): () => void {
    return this.#room.wait(`${track.rendition.name}/${name}`, () => track.hint !== name, waiter);
  }

  #laneOf(run: Run, rendition: Rendition): Lane | undefined {
    return this.#run?.run.id === run.id ? this.#run.lanes.get(rendition.name) : undefined;
  }

  #startGrid(run: Run, first: Fragment): RunGrid {
    const tracks = [...this.#tracks.values()];
    const discontinuity = this.#runs > 0 || this.#options.startsWithDiscontinuity;
    this.#runs += 1;
    return new RunGrid({
      run,
      timing: this.#options.plan.timing,
      baseMsn: Math.max(...tracks.map((track) => track.highestMsn)) + 1,
      discontinuity,
      first,
      notBeforeMs: Math.max(...tracks.map((track) => track.endsAtMs)),
    });
  }

  /** Publishes the part at the lane's next position. */
  #publish(grid: RunGrid, lane: Lane, track: Track, part: Part): FinishedSegment[] {
    const position = lane.next;
    lane.next += 1;
    if (part.bytes !== undefined) track.lastInit = lane.init;
    track.append(grid.placeOf(position), lane.init, part);
    const finished = grid.isLastOfSegment(position) ? track.close() : undefined;
    return finished === undefined ? [] : [finished];
  }

  #publishHeld(grid: RunGrid, lane: Lane, track: Track, as: (part: Part) => Part): FinishedSegment[] {
    const { held } = lane;
    if (held === undefined) return [];
    lane.held = undefined;
    return this.#publish(grid, lane, track, as(held));
  }

  #fillGaps(
    grid: RunGrid,
    lane: Lane,
    track: Track,
    until: number,
    durations: readonly number[] = [],
  ): FinishedSegment[] {
    const finished: FinishedSegment[] = [];
    for (const [index] of Array.from({ length: Math.max(0, until - lane.next) }).entries()) {
      const durationS = durations[index] ?? this.#options.plan.timing.partDurationS;
      finished.push(...this.#publish(grid, lane, track, { durationS, independent: false, bytes: undefined }));
    }
    return finished;
  }

  /** Ends the current run in all renditions with the same segment: a short one, or a gap where nothing came. */
  #finishRun(): void {
    const current = this.#run;
    this.#run = undefined;
    if (current?.grid === undefined) return;
    const { grid } = current;
    const { timing } = this.#options.plan;
    const { partsPerSegment } = timing;
    const finished: FinishedSegment[] = [];
    const lanes = [...current.lanes.values()].flatMap((lane) => {
      const track = this.#tracks.get(lane.rendition.name);
      return track === undefined ? [] : [{ lane, track }];
    });
    const endOf = (lane: Lane): number => lane.next + (lane.held === undefined ? 0 : 1);
    const end = Math.max(...lanes.map(({ lane }) => endOf(lane)));
    const lastSegment = Math.floor((end - 1) / partsPerSegment) * partsPerSegment;
    for (const { lane, track } of lanes) {
      const isLast = lane.next >= lastSegment;
      finished.push(
        ...this.#publishHeld(grid, lane, track, (part) => (isLast ? part : followed(part, timing))),
      );
    }
    const longest = lanes.find(({ lane }) => lane.next === end)?.track.openDurations ?? [];
    for (const { lane, track } of lanes) {
      finished.push(...this.#fillGaps(grid, lane, track, lastSegment));
      if (lane.next === lastSegment) finished.push(...this.#fillGaps(grid, lane, track, end, longest));
      const last = track.close();
      if (last !== undefined) finished.push(last);
    }
    this.#changed();
    this.#handOver(finished);
  }

  /** Playlists are written anew, and whoever waited for this is answered. */
  #changed(): void {
    const tracks = [...this.#tracks.values()];
    const nowMs = this.#options.clock.now();
    for (const track of tracks) {
      track.trim(nowMs);
      track.invalidate();
    }
    this.#started ||= tracks.every((track) => track.hasMedia);
    this.#room.wake();
  }

  /** After the viewers have been answered: the archive has time. */
  #handOver(finished: readonly FinishedSegment[]): void {
    // Codecs and the measured peak may have changed.
    if (finished.length > 0) this.#master = undefined;
    for (const segment of finished) this.#options.onSegment(segment);
  }

  #drop(reason: DropReason): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + 1);
  }
}
