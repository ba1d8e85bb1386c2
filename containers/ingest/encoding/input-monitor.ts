import type { InputState, InputWarning } from '../../../core/media/flow.ts';
import type { SourceFrame } from './feed.ts';
import type { Headers } from './headers.ts';
import type { Clock } from './options.ts';

/** Rates are means over so long. */
const windowMs = 5_000;
/** Seconds between key frames from which the broadcaster is told. */
const longKeyFrameIntervalS = 4;
const missingTrackMs = 3_000;
const stalledMs = 2_000;
/** Media time against wall clock is judged over so long: a hiccup of the network is made up for within it. */
const paceWindowMs = 10_000;
/** Viewers at the live edge run dry a second in every twenty below this. */
const slowInputSpeed = 0.95;
/** A jump is shown for so long. */
const jumpShownMs = 30_000;
/** The highest rung has 7.5 Mbps at 60 fps: twice that gains nothing. */
const highBitrateBps = 15_000_000;
/** Share of intervals that differ by more than half from the usual one. */
const unsteadyShare = 0.1;
const minIntervals = 20;
const maxIntervals = 300;

interface Sample {
  readonly atMs: number;
  readonly videoBytes: number;
  readonly audioBytes: number;
}

/** Measures what the encoder sends, for the studio. */
export class InputMonitor {
  readonly #headers: Headers;
  readonly #clock: Clock;
  readonly #startedAtMs: number;
  readonly #seenAtMs: { audio: number; video: number };
  readonly #bytes = { audio: 0, video: 0 };
  #frames = 0;
  #samples: Sample[];
  #pace: { readonly atMs: number; readonly videoMs: number }[] = [];
  readonly #intervalsMs: number[] = [];
  #videoMs: number | undefined;
  #keyFrameMs: number | undefined;
  #keyFrameIntervalS: number | undefined;
  #jumps = 0;
  #jumpedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: { readonly headers: Headers; readonly clock: Clock }) {
    this.#headers = options.headers;
    this.#clock = options.clock;
    const now = this.#clock.now();
    this.#startedAtMs = now;
    this.#seenAtMs = { audio: now, video: now };
    this.#samples = [{ atMs: now, videoBytes: 0, audioBytes: 0 }];
  }

  get frames(): number {
    return this.#frames;
  }

  get bytes(): number {
    return this.#bytes.audio + this.#bytes.video;
  }

  /** The track has come within the last seconds. */
  has(kind: 'audio' | 'video'): boolean {
    return this.#bytes[kind] > 0 && this.#clock.now() - this.#seenAtMs[kind] < missingTrackMs;
  }

  frame(frame: SourceFrame): void {
    this.#seenAtMs[frame.kind] = frame.arrivedAtMs;
    this.#bytes[frame.kind] += frame.body.byteLength;
    if (frame.kind === 'audio') return;
    this.#frames += 1;
    if (this.#videoMs !== undefined) {
      this.#intervalsMs.push(frame.positionMs - this.#videoMs);
      if (this.#intervalsMs.length > maxIntervals) this.#intervalsMs.splice(0, maxIntervals / 2);
    }
    this.#videoMs = frame.positionMs;
    if (!frame.key) return;
    if (this.#keyFrameMs !== undefined)
      this.#keyFrameIntervalS = (frame.positionMs - this.#keyFrameMs) / 1000;
    this.#keyFrameMs = frame.positionMs;
  }

  /** To be called about once a second. */
  state(transcode: {
    readonly encoder: string | undefined;
    readonly jumps: number;
    readonly slow: boolean;
    readonly speed: number | undefined;
    readonly cpu: number | undefined;
    readonly restarts: number;
  }): InputState {
    const now = this.#clock.now();
    if (transcode.jumps > this.#jumps) this.#jumpedAtMs = now;
    this.#jumps = transcode.jumps;
    const { audio, video } = this.#headers;
    const rates = this.#rates(now);
    const usualMs = median(this.#intervalsMs);
    return {
      width: video?.config.width ?? 0,
      height: video?.config.height ?? 0,
      framesPerSecond: this.has('video') ? meanRate(this.#intervalsMs) : 0,
      ...rates,
      keyFrameIntervalS: this.#keyFrameInterval(),
      videoCodec: video?.config.codec,
      audioCodec: audio?.config.codec,
      encoder: transcode.encoder,
      transcodeSpeed: transcode.speed,
      transcodeCpu: transcode.cpu,
      ffmpegRestarts: transcode.restarts,
      warnings: this.#warnings(now, transcode.slow, rates, usualMs),
    };
  }

  #rates(now: number): { readonly videoBitrateBps: number; readonly audioBitrateBps: number } {
    this.#samples.push({ atMs: now, videoBytes: this.#bytes.video, audioBytes: this.#bytes.audio });
    this.#samples = this.#samples.filter(({ atMs }) => now - atMs <= windowMs);
    const first = this.#samples[0];
    const elapsedMs = first === undefined ? 0 : now - first.atMs;
    if (first === undefined || elapsedMs <= 0) return { videoBitrateBps: 0, audioBitrateBps: 0 };
    const rate = (bytes: number): number => Math.round((bytes * 8 * 1000) / elapsedMs);
    return {
      videoBitrateBps: rate(this.#bytes.video - first.videoBytes),
      audioBitrateBps: rate(this.#bytes.audio - first.audioBytes),
    };
  }

  /** Media seconds that the encoder sends in a second; undefined until there is enough to judge by. */
  #inputSpeed(now: number): number | undefined {
    if (this.#videoMs === undefined) return undefined;
    this.#pace.push({ atMs: now, videoMs: this.#videoMs });
    this.#pace = this.#pace.filter(({ atMs }) => now - atMs <= paceWindowMs);
    const [first] = this.#pace;
    if (first === undefined || now - first.atMs < paceWindowMs * 0.8) return undefined;
    return (this.#videoMs - first.videoMs) / (now - first.atMs);
  }

  /** The one before the last key frame, or the present one when that is already longer. */
  #keyFrameInterval(): number | undefined {
    if (this.#keyFrameMs === undefined || this.#videoMs === undefined) return undefined;
    const runningS = (this.#videoMs - this.#keyFrameMs) / 1000;
    if (this.#keyFrameIntervalS === undefined) return runningS > longKeyFrameIntervalS ? runningS : undefined;
    return Math.max(this.#keyFrameIntervalS, runningS);
  }

  #warnings(
    now: number,
    slow: boolean,
    rates: { readonly videoBitrateBps: number; readonly audioBitrateBps: number },
    usualMs: number | undefined,
  ): readonly InputWarning[] {
    const warnings: InputWarning[] = [];
    const warn = (code: InputWarning['code'], text: string): number => warnings.push({ code, text });
    const seenAtMs = Math.max(this.#seenAtMs.audio, this.#seenAtMs.video);
    if (now - seenAtMs > stalledMs) {
      warn(
        'input-stalled',
        `nothing received for ${Math.round((now - seenAtMs) / 1000)} s: check the network`,
      );
    } else if (now - this.#startedAtMs > missingTrackMs) {
      if (!this.has('audio')) warn('no-audio', 'no sound received: viewers hear silence');
      if (!this.has('video')) warn('no-video', 'no picture received: viewers see black');
    }
    const speed = this.#inputSpeed(now);
    if (speed !== undefined && speed < slowInputSpeed && this.has('video') && now - seenAtMs <= stalledMs)
      warn(
        'input-slow',
        `the encoder sends slower than real time (${speed.toFixed(2)}×): give it a smaller picture or a faster preset`,
      );
    const keyFrameIntervalS = this.#keyFrameInterval();
    if (keyFrameIntervalS !== undefined && keyFrameIntervalS > longKeyFrameIntervalS)
      warn('key-frame-interval', `key-frame interval ${Math.round(keyFrameIntervalS)} s: set 2 s in OBS`);
    if (slow) warn('transcode-slow', 'the server encodes slower than real time: viewers may see stalls');
    if (now - this.#jumpedAtMs < jumpShownMs)
      warn('timestamp-jump', "the encoder's clock jumped: restart the stream if sound and picture differ");
    if (usualMs !== undefined && isUnsteady(this.#intervalsMs, usualMs))
      warn(
        'frame-rate-unsteady',
        'the frame rate is unsteady: set a fixed one, or give the encoder less to do',
      );
    const bitrateBps = rates.videoBitrateBps + rates.audioBitrateBps;
    if (bitrateBps > highBitrateBps)
      warn('bitrate-high', `${Math.round(bitrateBps / 1e6)} Mbps: more than 8 Mbps gains nothing here`);
    return warnings;
  }
}

function median(values: readonly number[]): number | undefined {
  if (values.length < minIntervals) return undefined;
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

function meanRate(intervalsMs: readonly number[]): number {
  const sum = intervalsMs.reduce((total, interval) => total + interval, 0);
  return sum > 0 ? Math.round((intervalsMs.length * 100_000) / sum) / 100 : 0;
}

function isUnsteady(intervalsMs: readonly number[], usualMs: number): boolean {
  const odd = intervalsMs.filter((interval) => Math.abs(interval - usualMs) > usualMs / 2 + 1);
  return odd.length > intervalsMs.length * unsteadyShare;
}
