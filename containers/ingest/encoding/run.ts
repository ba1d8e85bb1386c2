import type { EncodingListener, EncodingPlan, Run } from '../../../core/media/flow.ts';
import { BoxError } from '../../../core/media/fmp4/boxes.ts';
import { FragmentSplitter } from '../../../core/media/fmp4/splitter.ts';
import type { Logger } from '../../../runtime/telemetry/log.ts';
import { Feed, type SourceFrame } from './feed.ts';
import { ffmpegArguments, sourcePixelsPerSecond } from './ffmpeg-arguments.ts';
import { FfmpegProcess, type FfmpegExit } from './ffmpeg-process.ts';
import type { Headers } from './headers.ts';
import { JpegSplitter } from './jpeg-splitter.ts';
import type { Clock } from './options.ts';
import { Pace } from './pace.ts';
import { processCpuSeconds } from './process-cpu.ts';
import { StderrLog } from './stderr-log.ts';
import type { TrackKind } from './timeline.ts';
import { holdMs } from './write-pace.ts';

export interface RunOptions {
  readonly id: string;
  readonly plan: EncodingPlan;
  readonly headers: Headers;
  readonly expects: { readonly audio: boolean; readonly video: boolean };
  readonly ffmpeg: string;
  readonly preset: string;
  readonly listener: Pick<EncodingListener, 'runStarted' | 'init' | 'fragment' | 'runEnded' | 'thumbnail'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onDrained: () => void;
  /** After runEnded. */
  readonly onEnded: (exit: FfmpegExit) => void;
}

/** One ffmpeg from its start to its end, and what the listener hears of it. */
export class TranscodeRun {
  readonly startedAtMs: number;
  readonly pace = new Pace();
  readonly ended: Promise<void>;
  readonly #options: RunOptions;
  readonly #process: FfmpegProcess;
  readonly #feed: Feed;
  readonly #splitters: readonly FragmentSplitter[];
  readonly #producedS: number[];
  readonly #jpegs = new JpegSplitter();
  readonly #stderr: StderrLog;
  readonly #settled = Promise.withResolvers<void>();
  /** Wall clock of media time 0, the earliest that the frames so far say: a burst at the start came late. */
  #anchorMs = Number.POSITIVE_INFINITY;
  /** Known to the listener. */
  #run: Run | undefined;
  #over = false;
  #cpuSeconds = 0;

  constructor(options: RunOptions) {
    const { plan, headers, expects, clock, log } = options;
    this.#options = options;
    this.startedAtMs = clock.now();
    this.ended = this.#settled.promise;
    this.#splitters = plan.ladder.map(() => new FragmentSplitter());
    this.#producedS = plan.ladder.map(() => 0);
    this.#stderr = new StderrLog({ log, clock });
    this.#process = new FfmpegProcess({
      ffmpeg: options.ffmpeg,
      arguments: ffmpegArguments({
        plan,
        preset: options.preset,
        pixelsPerSecond: sourcePixelsPerSecond(headers.video?.config, plan.timing),
      }),
      renditions: plan.ladder.length,
      outputs: {
        rendition: (index, chunk) => this.#produced(index, chunk),
        thumbnails: (chunk) => this.#thumbnails(chunk),
        stderr: (text) => this.#stderr.push(text),
        drained: options.onDrained,
        ended: (exit) => this.#processEnded(exit),
      },
    });
    this.#feed = new Feed({
      write: (kind, timestampMs, body) =>
        this.#process.write(kind, timestampMs, body, holdMs(timestampMs, plan.timing)),
      expectsAudio: expects.audio,
      expectsVideo: expects.video,
      headers: { audio: headers.audio?.body, video: headers.video?.body },
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get queuedBytes(): number {
    return this.#process.queuedBytes;
  }

  /** The last thing that ffmpeg said. */
  get lastWords(): string | undefined {
    return this.#stderr.last;
  }

  /** CPU of the process so far, as last looked at. */
  get cpuSeconds(): number {
    const { pid } = this.#process;
    if (pid !== undefined) this.#cpuSeconds = processCpuSeconds(pid) ?? this.#cpuSeconds;
    return this.#cpuSeconds;
  }

  header(kind: TrackKind, body: Uint8Array): void {
    this.#feed.header(kind, body);
  }

  frame(frame: SourceFrame): void {
    if (!this.#feed.frame(frame) || this.#run !== undefined) return;
    const mediaMs = frame.positionMs - (this.#feed.startMs ?? frame.positionMs);
    this.#anchorMs = Math.min(this.#anchorMs, frame.arrivedAtMs - mediaMs);
  }

  sample(nowMs: number): void {
    this.pace.sample(nowMs, this.#feed.endMs / 1000);
  }

  /** Closes ffmpeg's input; kills it when it takes longer than this for the rest. */
  async end(flushMs: number): Promise<void> {
    this.#process.end();
    const timer = setTimeout(() => {
      this.#options.log.warn({ flushMs }, 'ffmpeg did not end in time and was killed');
      this.#process.kill();
    }, flushMs);
    await this.ended;
    clearTimeout(timer);
  }

  /** The listener hears the end at once and nothing of this run afterwards. */
  kill(): void {
    this.#process.kill();
    this.#tellEnd();
  }

  #produced(index: number, chunk: Buffer): void {
    const rendition = this.#options.plan.ladder[index];
    const splitter = this.#splitters[index];
    if (this.#over || rendition === undefined || splitter === undefined) return;
    const { listener } = this.#options;
    try {
      for (const split of splitter.push(chunk)) {
        const run = (this.#run ??= this.#start());
        if (split.kind === 'init') {
          listener.init(run, rendition, split.bytes);
        } else {
          const { startS, durationS } = split.fragment;
          this.#producedS[index] = startS + durationS;
          this.pace.produced(Math.min(...this.#producedS));
          listener.fragment(run, rendition, split.fragment);
        }
      }
    } catch (error) {
      if (!(error instanceof BoxError)) throw error;
      this.#options.log.error({ err: error, rendition: rendition.name }, 'ffmpeg wrote what is no fMP4');
      this.#process.kill();
    }
  }

  #start(): Run {
    const startedAtMs = Math.round(Math.min(this.#anchorMs, this.#options.clock.now()));
    const run: Run = { id: this.#options.id, startedAtMs };
    this.#options.listener.runStarted(run);
    return run;
  }

  #thumbnails(chunk: Buffer): void {
    if (this.#over) return;
    for (const jpeg of this.#jpegs.push(chunk)) this.#options.listener.thumbnail(jpeg);
  }

  #processEnded(exit: FfmpegExit): void {
    this.#stderr.end();
    this.#tellEnd();
    this.#settled.resolve();
    this.#options.onEnded(exit);
  }

  #tellEnd(): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#run !== undefined) this.#options.listener.runEnded(this.#run);
  }
}
