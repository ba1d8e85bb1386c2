import { standIns, type StandIn } from './stand-in.ts';
import type { TrackKind } from './timeline.ts';

/** A frame with its place in the session's timeline. */
export interface SourceFrame {
  readonly kind: TrackKind;
  readonly positionMs: number;
  readonly arrivedAtMs: number;
  /** For pictures: decoding can begin here. */
  readonly key: boolean;
  /** FLV tag body. */
  readonly body: Uint8Array;
}

export type WriteTag = (kind: TrackKind, timestampMs: number, body: Uint8Array) => void;

/**
 * A track this far behind the other gets a stand-in. ffmpeg writes in the order of time and so holds the other
 * one back meanwhile: viewers' buffers must outlast this.
 */
const usualPatienceMs = 1_000;
/** With a track that comes, but late: what the timeline allows as skew, and some more. */
const maxPatienceMs = 2_500;
const marginMs = 300;
const maxStepMs = 100;

/** What has been written of one track; times in ms of the run. */
class FeedTrack {
  readonly #kind: TrackKind;
  readonly #standIn: StandIn;
  readonly #write: WriteTag;
  header: Uint8Array | undefined;
  standingIn = false;
  /** So far it has been written. */
  endMs = 0;
  /** Greatest lag behind the other track that is waited for. */
  patienceMs = usualPatienceMs;
  /** No stand-in before the other track has come so far: this one is catching up. */
  waitUntilMs = Number.NEGATIVE_INFINITY;
  #stepMs = 0;
  #writtenMs = 0;
  #standInFrame = 0;

  constructor(kind: TrackKind, write: WriteTag) {
    this.#kind = kind;
    this.#standIn = standIns[kind];
    this.#write = write;
  }

  write(timeMs: number, body: Uint8Array): void {
    // Never back: the first pictures after a stand-in may lie before its end.
    this.#writtenMs = Math.max(this.#writtenMs, Math.round(timeMs));
    this.#write(this.#kind, this.#writtenMs, body);
  }

  frame(timeMs: number, body: Uint8Array): void {
    this.write(timeMs, body);
    this.#stepMs = Math.min(maxStepMs, Math.max(0, timeMs - this.endMs));
    this.endMs = Math.max(this.endMs, timeMs);
  }

  beginStandIn(): void {
    this.standingIn = true;
    this.endMs += this.#stepMs;
    this.write(this.endMs, this.#standIn.header);
  }

  /** Stand-in frames up to a time of the other track. */
  fill(untilMs: number): void {
    if (untilMs < this.waitUntilMs) return;
    const { frameMs, leadMs } = this.#standIn;
    while (this.endMs + frameMs <= untilMs + leadMs) {
      const { frames } = this.#standIn;
      this.write(this.endMs, frames[this.#standInFrame++ % frames.length] ?? frames[0]);
      this.endMs += frameMs;
    }
  }
}

/**
 * What one ffmpeg is fed: starts at a key frame, at time 0, with sound and picture whatever the encoder
 * sends. A track that lacks is stood in for as far as the other one goes, so that media time alone drives it.
 */
export class Feed {
  readonly #tracks: { readonly [kind in TrackKind]: FeedTrack };
  #expectsVideo: boolean;
  #startMs: number | undefined;
  #videoSeenMs: number | undefined;

  constructor(options: {
    readonly write: WriteTag;
    /** Without it the run begins at once, with a black picture. */
    readonly expectsVideo: boolean;
    readonly expectsAudio: boolean;
    /** Sequence headers that came before. */
    readonly headers: { readonly audio: Uint8Array | undefined; readonly video: Uint8Array | undefined };
  }) {
    const { write, headers } = options;
    this.#tracks = { audio: new FeedTrack('audio', write), video: new FeedTrack('video', write) };
    const { audio, video } = this.#tracks;
    audio.header = headers.audio;
    video.header = headers.video;
    audio.standingIn = !options.expectsAudio || headers.audio === undefined;
    this.#expectsVideo = options.expectsVideo && headers.video !== undefined;
  }

  /** Where media time 0 of the run lies in the session's timeline. */
  get startMs(): number | undefined {
    return this.#startMs;
  }

  /** How far the run has been fed, in ms. */
  get endMs(): number {
    return Math.max(this.#tracks.audio.endMs, this.#tracks.video.endMs);
  }

  header(kind: TrackKind, body: Uint8Array): void {
    const track = this.#tracks[kind];
    // Some encoders repeat it with every key frame; written again it would start ffmpeg's decoder afresh.
    if (track.header !== undefined && Buffer.compare(track.header, body) === 0) return;
    track.header = body;
    if (this.#startMs !== undefined && !track.standingIn) track.write(track.endMs, body);
  }

  /** True when the frame itself was written. */
  frame(frame: SourceFrame): boolean {
    const startMs = (this.#startMs ??= this.#startAt(frame));
    if (startMs === undefined) return false;
    const timeMs = frame.positionMs - startMs;
    if (timeMs < 0) return false;
    const track = this.#tracks[frame.kind];
    const other = this.#tracks[frame.kind === 'audio' ? 'video' : 'audio'];
    const taken = !track.standingIn || this.#returns(track, other, frame, timeMs);
    if (taken) track.frame(timeMs, frame.body);
    // A picture that can't be decoded before the next key frame has a time, too.
    else track.fill(timeMs);
    if (!other.standingIn && timeMs - other.endMs > other.patienceMs) other.beginStandIn();
    if (other.standingIn) other.fill(timeMs);
    return taken;
  }

  /** The first frame's position, when it can be the first one; writes the headers. */
  #startAt(frame: SourceFrame): number | undefined {
    if (frame.kind === 'video') this.#videoSeenMs = frame.positionMs;
    else this.#videoSeenMs ??= frame.positionMs;
    const videoGone = frame.positionMs - this.#videoSeenMs > maxPatienceMs;
    if (videoGone) this.#expectsVideo = false;
    if (this.#expectsVideo && !(frame.kind === 'video' && frame.key)) return undefined;
    const { audio, video } = this.#tracks;
    video.standingIn = !this.#expectsVideo;
    for (const track of [video, audio]) {
      if (track.standingIn) track.beginStandIn();
      else if (track.header !== undefined) track.write(0, track.header);
    }
    return frame.positionMs;
  }

  /** The encoder's own track instead of the stand-in, as soon as it can be decoded and fits. */
  #returns(track: FeedTrack, other: FeedTrack, frame: SourceFrame, timeMs: number): boolean {
    if (track.header === undefined || (frame.kind === 'video' && !frame.key)) return false;
    const lagMs = other.endMs - timeMs;
    track.patienceMs = Math.min(maxPatienceMs, Math.max(track.patienceMs, lagMs + marginMs));
    if (frame.kind === 'audio' && timeMs < track.endMs) {
      // Sound comes, but late: wait for it with the stand-in, or it would stay out for good.
      if (lagMs + marginMs <= maxPatienceMs) track.waitUntilMs = track.endMs + lagMs + marginMs;
      return false;
    }
    track.write(timeMs, track.header);
    track.standingIn = false;
    return true;
  }
}
