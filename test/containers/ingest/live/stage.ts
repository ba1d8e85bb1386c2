import { LiveWindow, type LiveWindowOptions } from '../../../../containers/ingest/live/window.ts';
import type { FinishedSegment, Fragment, Run } from '../../../../core/media/flow.ts';
import type { Rendition } from '../../../../core/media/ladder.ts';
import type { FrameRate } from '../../../../core/media/rational.ts';
import { timingFor, type Timing } from '../../../../core/media/timing.ts';
import type { Capture } from '../../../conformance/check.ts';

const heights = [720, 480, 360, 160];

export const ladderOf = (renditions: number): readonly Rendition[] =>
  heights.slice(0, renditions).map((height) => ({
    name: `${height}p`,
    width: height * 2,
    height,
    videoBitrateBps: height * 1000,
    audioBitrateBps: 64_000,
  }));

export interface StageOptions extends Partial<Omit<LiveWindowOptions, 'plan' | 'clock' | 'onSegment'>> {
  readonly renditions?: number;
  readonly frameRate?: FrameRate;
  /** Waits are three of them: a small one makes a test of what happens then quick. */
  readonly targetDurationS?: number;
}

/** A live window with a clock that is set by hand, and an encoder that is told what to send. */
export class Stage {
  nowMs = 1_700_000_000_000;
  readonly timing: Timing;
  readonly ladder: readonly Rendition[];
  readonly window: LiveWindow;
  readonly finished: FinishedSegment[] = [];
  readonly lateMs: number[] = [];
  #runs = 0;
  #run: Run | undefined;
  #next: number[] = [];

  constructor(options: StageOptions = {}) {
    const { renditions = 2, frameRate = { num: 30, den: 1 }, targetDurationS, ...window } = options;
    const timing = timingFor(frameRate);
    this.timing = { ...timing, targetDurationS: targetDurationS ?? timing.targetDurationS };
    this.ladder = ladderOf(renditions);
    this.window = new LiveWindow({
      broadcastId: 'b1',
      firstMsn: 0,
      discontinuitySequence: 0,
      startsWithDiscontinuity: false,
      ...window,
      plan: { ladder: this.ladder, timing: this.timing },
      clock: { now: () => this.nowMs },
      onSegment: (segment) => this.finished.push(segment),
      onPartLate: (lateMs) => this.lateMs.push(lateMs),
    });
  }

  get run(): Run | undefined {
    return this.#run;
  }

  rendition(index: number): Rendition {
    const rendition = this.ladder[index % this.ladder.length];
    if (rendition === undefined) throw new RangeError('there is no rendition');
    return rendition;
  }

  /** A run with its init segments, but for the renditions in `without`. */
  startRun(without: readonly number[] = [], firstPart = 0, startedAtMs = this.nowMs): Run {
    this.#runs += 1;
    const run: Run = { id: `${this.#runs}-1`, startedAtMs };
    this.#run = run;
    this.#next = this.ladder.map(() => firstPart);
    this.window.runStarted(run);
    for (const [index, rendition] of this.ladder.entries())
      if (!without.includes(index))
        this.window.init(run, rendition, Buffer.from(`init ${run.id} ${rendition.name}`));
    return run;
  }

  endRun(): void {
    if (this.#run !== undefined) this.window.runEnded(this.#run);
  }

  /** The next fragment of a rendition, as it should be, but for what is given. */
  send(index: number, changes: Partial<Fragment> = {}): void {
    const at = index % this.ladder.length;
    const position = this.#next[at] ?? 0;
    this.#next[at] = position + 1;
    this.sendAt(index, position, changes);
  }

  /** Leaves fragments of a rendition out. */
  skip(index: number, count: number): void {
    const at = index % this.ladder.length;
    this.#next[at] = (this.#next[at] ?? 0) + count;
  }

  sendAt(index: number, position: number, changes: Partial<Fragment> = {}): void {
    if (this.#run === undefined) return;
    const rendition = this.rendition(index);
    this.window.fragment(this.#run, rendition, {
      bytes: Buffer.from(`${this.#run.id} ${rendition.name} ${position};`),
      startS: position * this.timing.partDurationS,
      durationS: this.timing.partDurationS,
      independent: position % this.timing.partsPerSegment === 0,
      ...changes,
    });
  }

  /** One part in every rendition, and the time that it takes. */
  part(count = 1): void {
    for (let sent = 0; sent < count; sent += 1) {
      for (const index of this.ladder.keys()) this.send(index);
      this.nowMs += this.timing.partDurationS * 1000;
    }
  }

  segment(count = 1): void {
    this.part(count * this.timing.partsPerSegment);
  }

  playlist(index = 0): string {
    const track = this.window.track(this.rendition(index).name);
    return (track && this.window.mediaPlaylist(track)?.text) ?? '';
  }

  file(index: number, name: string): string | undefined {
    const chunks = this.window.track(this.rendition(index).name)?.file(name);
    return chunks && Buffer.concat(chunks).toString();
  }

  /** What players could get now. */
  capture(atMs: number): Capture[] {
    return this.ladder.flatMap((rendition, index) => {
      const text = this.playlist(index);
      return text === '' ? [] : [{ atMs, uri: `${rendition.name}/index.m3u8`, text }];
    });
  }
}
