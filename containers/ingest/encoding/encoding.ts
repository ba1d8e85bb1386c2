import type { EncodingPlan, MediaMessage, SourceInfo } from '../../../core/media/flow.ts';
import { readAudioTag } from '../../../core/media/flv/audio-tag.ts';
import { readVideoTag } from '../../../core/media/flv/video-tag.ts';
import type { SourceFrame } from './feed.ts';
import type { FfmpegExit } from './ffmpeg-process.ts';
import { Headers, UnsupportedSource } from './headers.ts';
import { InputMonitor } from './input-monitor.ts';
import {
  defaultLimits,
  type EncodingLimits,
  type EncodingStats,
  type StartEncodingOptions,
} from './options.ts';
import { Probe } from './probe.ts';
import { TranscodeRun } from './run.ts';
import { Timeline, type TrackKind } from './timeline.ts';

/** One encoder connection's way from RTMP messages to fragments. */
export interface Encoding {
  /** The payload is kept until ffmpeg has taken it and must not change. */
  message(message: MediaMessage): void;
  /** No more messages: the last fragments come, then runEnded; a hung ffmpeg is killed. Always resolves. */
  end(): Promise<void>;
  /** At once: runEnded is called, no more fragments. */
  kill(): void;
  /** Of the present ffmpeg. */
  readonly pid: number | undefined;
  readonly stats: EncodingStats;
}

export const startEncoding = (options: StartEncodingOptions): Encoding => new EncodingSession(options);

/** The first frames until the source is known; the plan that is waited for; runs, with waits between them. */
type Phase = 'probing' | 'planning' | 'encoding' | 'over';

class EncodingSession implements Encoding {
  readonly #options: StartEncodingOptions;
  readonly #limits: EncodingLimits;
  readonly #headers = new Headers();
  readonly #timeline = new Timeline();
  readonly #monitor: InputMonitor;
  readonly #probe: Probe;
  #phase: Phase = 'probing';
  #plan: EncodingPlan | undefined;
  /** Frames that came while the plan was waited for. */
  #queue: SourceFrame[] = [];
  #queuedBytes = 0;
  #run: TranscodeRun | undefined;
  #attempt = 0;
  #deaths = 0;
  #restarts = 0;
  #restart: NodeJS.Timeout | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #pausedAtMs: number | undefined;
  /** CPU of the runs that ended. */
  #cpuSeconds = 0;
  #lastCpu: { readonly atMs: number; readonly seconds: number } | undefined;

  constructor(options: StartEncodingOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#monitor = new InputMonitor({ headers: this.#headers, clock: options.clock });
    this.#probe = new Probe({ headers: this.#headers, encoder: options.encoder });
  }

  get pid(): number | undefined {
    return this.#run?.pid;
  }

  get stats(): EncodingStats {
    return {
      ffmpegRestarts: this.#restarts,
      frames: this.#monitor.frames,
      bytes: this.#monitor.bytes,
      cpuSeconds: this.#cpuSeconds + (this.#run?.cpuSeconds ?? 0),
    };
  }

  message(message: MediaMessage): void {
    if (this.#phase === 'over') return;
    const { kind, payload } = message;
    if (kind === 'data') {
      this.#headers.takeMetadata(payload);
      return;
    }
    try {
      if (kind === 'video') {
        const tag = readVideoTag(payload);
        if (tag.kind === 'header') {
          this.#headers.takeVideo(payload, tag.record);
          this.#run?.header(kind, payload);
        } else if (tag.kind === 'frame') {
          this.#frame(kind, message, tag.key);
        }
        return;
      }
      const tag = readAudioTag(payload);
      if (tag.kind === 'header') {
        this.#headers.takeAudio(payload, tag.config);
        this.#run?.header(kind, payload);
      } else if (tag.kind === 'frame') {
        this.#frame(kind, message, false);
      }
    } catch (error) {
      if (!(error instanceof UnsupportedSource)) throw error;
      this.#options.log.warn({ reason: error.message }, 'the source is not supported');
      this.kill();
      this.#options.listener.refused(error.message);
    }
  }

  async end(): Promise<void> {
    const run = this.#run;
    this.#finish();
    await run?.end(this.#limits.flushMs);
  }

  kill(): void {
    const run = this.#run;
    this.#finish();
    run?.kill();
  }

  #finish(): void {
    this.#phase = 'over';
    this.#queue = [];
    clearTimeout(this.#restart);
    clearInterval(this.#ticker);
    this.#resume();
  }

  #frame(kind: TrackKind, { payload, timestampMs }: MediaMessage, key: boolean): void {
    const arrivedAtMs = this.#options.clock.now();
    const positionMs = this.#timeline.place(kind, timestampMs, arrivedAtMs);
    const frame: SourceFrame = { kind, positionMs, arrivedAtMs, key, body: payload };
    this.#monitor.frame(frame);
    switch (this.#phase) {
      case 'probing': {
        const source = this.#probe.take(frame);
        if (source !== undefined) void this.#begin(source);
        return;
      }
      case 'planning':
        this.#enqueue(frame);
        return;
      case 'encoding':
        this.#run?.frame(frame);
        this.#watchQueue();
        return;
      case 'over':
    }
  }

  #enqueue(frame: SourceFrame): void {
    this.#queue.push(frame);
    this.#queuedBytes += frame.body.byteLength;
    if (this.#queuedBytes > this.#limits.pauseAtBytes) this.#pause();
  }

  async #begin(source: SourceInfo): Promise<void> {
    const { listener, log } = this.#options;
    this.#phase = 'planning';
    this.#queue = [...this.#probe.kept];
    log.info({ source }, 'the source is known');
    try {
      this.#plan = await listener.plan(source);
    } catch (error) {
      log.error({ err: error }, 'no plan for the source: nothing is encoded');
      this.kill();
      return;
    }
    // Ended meanwhile: the compiler does not see that.
    if ((this.#phase as Phase) === 'over') return;
    this.#phase = 'encoding';
    this.#resume();
    this.#ticker = setInterval(() => this.#tick(), this.#limits.tickMs);
    this.#startRun(this.#plan, { audio: source.hasAudio, video: source.hasVideo });
    for (const frame of this.#queue) this.#run?.frame(frame);
    this.#queue = [];
  }

  #startRun(plan: EncodingPlan, expects: { readonly audio: boolean; readonly video: boolean }): void {
    const { session, listener, ffmpeg, preset, clock } = this.#options;
    this.#attempt += 1;
    const id = `${session}-${this.#attempt}`;
    const log = this.#options.log.child({ run: id });
    const run: TranscodeRun = new TranscodeRun({
      id,
      plan,
      headers: this.#headers,
      expects,
      ffmpeg,
      preset,
      listener,
      clock,
      log,
      onDrained: () => this.#resume(),
      onEnded: (exit) => this.#runEnded(run, plan, exit),
    });
    this.#run = run;
    log.info({ pid: run.pid, renditions: plan.ladder.map(({ name }) => name) }, 'ffmpeg started');
  }

  #runEnded(run: TranscodeRun, plan: EncodingPlan, exit: FfmpegExit): void {
    this.#cpuSeconds += run.cpuSeconds;
    this.#run = undefined;
    this.#resume();
    if (this.#phase === 'over') return;
    const { clock, random, log } = this.#options;
    const { backOffMs, healthyAfterMs } = this.#limits;
    if (clock.now() - run.startedAtMs >= healthyAfterMs) this.#deaths = 0;
    const base = backOffMs[Math.min(this.#deaths, backOffMs.length - 1)] ?? 0;
    const delayMs = Math.round(base * (1 + random() / 4));
    this.#deaths += 1;
    this.#restarts += 1;
    const { code, signal, error } = exit;
    log.error(
      { code, signal, err: error, said: run.lastWords, deaths: this.#deaths, delayMs },
      'ffmpeg died and is restarted',
    );
    this.#restart = setTimeout(() => {
      this.#startRun(plan, { audio: this.#monitor.has('audio'), video: this.#monitor.has('video') });
    }, delayMs);
  }

  #watchQueue(): void {
    const queuedBytes = this.#run?.queuedBytes ?? 0;
    if (queuedBytes > this.#limits.pauseAtBytes) this.#pause();
    if (queuedBytes > this.#limits.maxQueuedBytes) this.#killStuck('takes no input, and the queue is full');
  }

  #pause(): void {
    if (this.#pausedAtMs !== undefined) return;
    this.#pausedAtMs = this.#options.clock.now();
    this.#options.backPressure.pause();
  }

  #resume(): void {
    if (this.#pausedAtMs === undefined) return;
    this.#pausedAtMs = undefined;
    this.#options.backPressure.resume();
  }

  /** Its end is heard of as of any other death. */
  #killStuck(reason: string): void {
    this.#options.log.error({ pid: this.pid }, `ffmpeg ${reason}: it is killed`);
    this.#run?.kill();
    this.#resume();
  }

  #tick(): void {
    const { clock, encoder, listener } = this.#options;
    const now = clock.now();
    if (this.#pausedAtMs !== undefined && now - this.#pausedAtMs > this.#limits.stuckMs)
      this.#killStuck(`took no input for ${this.#limits.stuckMs} ms`);
    this.#run?.sample(now);
    listener.input(
      this.#monitor.state({
        encoder: this.#headers.announced.encoder ?? encoder,
        jumps: this.#timeline.jumps,
        slow: this.#run?.pace.slow ?? false,
        speed: this.#run?.pace.speed,
        cpu: this.#cpu(now),
        restarts: this.#restarts,
      }),
    );
  }

  /** CPU seconds a second since the last tick; undefined where it can't be known. */
  #cpu(now: number): number | undefined {
    const seconds = this.stats.cpuSeconds;
    const last = this.#lastCpu;
    this.#lastCpu = { atMs: now, seconds };
    if (seconds === 0 || last === undefined || now <= last.atMs) return undefined;
    return ((seconds - last.seconds) * 1000) / (now - last.atMs);
  }
}
