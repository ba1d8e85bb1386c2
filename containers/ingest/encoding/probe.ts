import type { SourceInfo } from '../../../core/media/flow.ts';
import type { SourceFrame } from './feed.ts';
import type { Headers } from './headers.ts';
import { blackPicture } from './stand-in.ts';

/** So long in media time a track is waited for that metadata does not rule out. */
const missingTrackMs = 1_500;
/** Pictures that come, but no key frame: OBS's "automatic" is one in 250 frames, 8.3 s at 30 fps. */
const keyFrameMs = 15_000;
/** For the frame rate: enough intervals that one lost frame does not matter, or all of a second. */
const measuredIntervals = 15;
const measuredMs = 1_000;
/** Frames kept while it waits: two seconds at 50 Mbps, only reached by what is no live source. */
const maxKeptBytes = 16 * 1024 ** 2;

/** Watches the first frames of a session until the source is known; keeps those that a run can start with. */
export class Probe {
  readonly #headers: Headers;
  readonly #encoder: string | undefined;
  #kept: SourceFrame[] = [];
  #keptBytes = 0;
  #firstMs: number | undefined;
  #audioFrames = 0;
  #videoFrames = 0;
  #keyFrames = 0;
  #measureFromMs: number | undefined;
  #intervals = 0;
  #spanMs = 0;

  constructor(options: { readonly headers: Headers; readonly encoder: string | undefined }) {
    this.#headers = options.headers;
    this.#encoder = options.encoder;
  }

  /** The frames since the first key frame, for the first run. */
  get kept(): readonly SourceFrame[] {
    return this.#kept;
  }

  /** The source, once it is known. */
  take(frame: SourceFrame): SourceInfo | undefined {
    this.#firstMs ??= frame.positionMs;
    if (frame.kind === 'audio') this.#audioFrames += 1;
    else this.#takePicture(frame);
    this.#keep(frame);
    return this.#decide(frame.positionMs - this.#firstMs);
  }

  #takePicture(frame: SourceFrame): void {
    this.#videoFrames += 1;
    if (frame.key && this.#headers.video !== undefined) {
      // Nothing before the first key frame can be decoded.
      if (this.#keyFrames === 0) this.#drop();
      this.#keyFrames += 1;
    }
    if (this.#measureFromMs === undefined) {
      this.#measureFromMs = frame.positionMs;
      return;
    }
    this.#intervals += 1;
    this.#spanMs = frame.positionMs - this.#measureFromMs;
  }

  #keep(frame: SourceFrame): void {
    if (frame.kind === 'video' && this.#keyFrames === 0) return;
    if (this.#keptBytes + frame.body.byteLength > maxKeptBytes) {
      this.#drop();
      this.#keyFrames = 0;
      return;
    }
    this.#kept.push(frame);
    this.#keptBytes += frame.body.byteLength;
  }

  #drop(): void {
    this.#kept = [];
    this.#keptBytes = 0;
  }

  #decide(waitedMs: number): SourceInfo | undefined {
    const { announced, audio, video } = this.#headers;
    const hasAudio = audio !== undefined && this.#audioFrames > 0;
    const hasVideo = video !== undefined && this.#keyFrames > 0;
    const patient = waitedMs < missingTrackMs;
    if (!hasAudio && announced.audio && patient) return undefined;
    if (!hasVideo) {
      if (announced.video && patient) return undefined;
      if (this.#videoFrames > 0 && waitedMs < keyFrameMs) return undefined;
      if (!hasAudio) return undefined;
    }
    if (hasVideo && this.#framesPerSecond() === undefined && patient) return undefined;
    const encoder = announced.encoder ?? this.#encoder;
    if (!hasVideo) return { hasVideo, hasAudio, ...blackPicture, encoder };
    const { width, height } = video.config;
    return { hasVideo, hasAudio, width, height, framesPerSecond: this.#framesPerSecond(), encoder };
  }

  #framesPerSecond(): number | undefined {
    const { framesPerSecond } = this.#headers.announced;
    if (framesPerSecond !== undefined) return framesPerSecond;
    const enough =
      this.#intervals >= measuredIntervals || (this.#spanMs >= measuredMs && this.#intervals >= 3);
    return enough && this.#spanMs > 0 ? (this.#intervals * 1000) / this.#spanMs : undefined;
  }
}
