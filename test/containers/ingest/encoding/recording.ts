import { setImmediate as nextTurn } from 'node:timers/promises';
import { startEncoding, type Encoding } from '../../../../containers/ingest/encoding/encoding.ts';
import type { EncodingLimits } from '../../../../containers/ingest/encoding/options.ts';
import type {
  EncodingListener,
  EncodingPlan,
  Fragment,
  InputState,
  MediaMessage,
  Run,
  SourceInfo,
} from '../../../../core/media/flow.ts';
import { ladderFor } from '../../../../core/media/ladder.ts';
import { nearestStandardRate } from '../../../../core/media/rational.ts';
import { timingFor } from '../../../../core/media/timing.ts';
import { createLogger } from '../../../../runtime/telemetry/log.ts';

export interface RecordedRun {
  readonly run: Run;
  readonly inits: Map<string, Uint8Array>;
  readonly fragments: Map<string, Fragment[]>;
  ended: boolean;
}

/** The wall clock of a test that feeds faster than real time: what the messages say. */
export const startOfShowMs = 1_700_000_000_000;

/** An encoding, all that it says, and ways to wait for what it will say. */
export class Recording {
  readonly runs: RecordedRun[] = [];
  readonly thumbnails: Uint8Array[] = [];
  readonly inputs: InputState[] = [];
  readonly refusals: string[] = [];
  readonly backPressure: string[] = [];
  source: SourceInfo | undefined;
  plan: EncodingPlan | undefined;
  nowMs = startOfShowMs;
  readonly encoding: Encoding;
  readonly #waiting: { readonly done: () => boolean; readonly resolve: () => void }[] = [];

  constructor(
    options: {
      readonly limits?: Partial<EncodingLimits>;
      readonly ffmpeg?: string;
      readonly plan?: Promise<EncodingPlan>;
      readonly realTime?: boolean;
    } = {},
  ) {
    this.encoding = startEncoding({
      session: 7,
      listener: this.#listener(options.plan),
      ffmpeg: options.ffmpeg ?? 'ffmpeg',
      preset: 'ultrafast',
      encoder: 'test encoder',
      clock: options.realTime === true ? Date : { now: () => this.nowMs },
      random: () => 0,
      log: createLogger('test', process.env['TEST_LOG'] ?? 'silent'),
      backPressure: {
        pause: () => this.backPressure.push('pause'),
        resume: () => this.backPressure.push('resume'),
      },
      // No tests of ours are of how loaded the machine is.
      limits: { flushMs: 20_000, ...options.limits },
    });
  }

  get timing() {
    if (this.plan === undefined) throw new Error('there is no plan');
    return this.plan.timing;
  }

  /** Feeds messages as fast as ffmpeg takes them; the clock goes with them. */
  async feed(
    messages: readonly MediaMessage[],
    arrivalMs?: (message: MediaMessage) => number,
  ): Promise<void> {
    let count = 0;
    for (const message of messages) {
      this.nowMs = startOfShowMs + (arrivalMs?.(message) ?? message.timestampMs);
      this.encoding.message(message);
      if (++count % 10 === 0) await nextTurn();
    }
  }

  /** Resolves when the condition holds after something was said. */
  until(done: () => boolean): Promise<void> {
    if (done()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ done, resolve });
    });
  }

  /** Fragments of the first rendition over all runs. */
  get fragmentCount(): number {
    return this.runs.reduce((sum, { fragments }) => sum + (fragments.values().next().value?.length ?? 0), 0);
  }

  #listener(plan: Promise<EncodingPlan> | undefined): EncodingListener {
    const find = (run: Run): RecordedRun => {
      const recorded = this.runs.find((other) => other.run.id === run.id);
      if (recorded === undefined) throw new Error(`run ${run.id} was not started`);
      if (recorded.ended) throw new Error(`run ${run.id} has ended`);
      return recorded;
    };
    const told = (): void => {
      for (const { resolve } of this.#waiting.filter(({ done }) => done())) resolve();
    };
    return {
      plan: (source) => {
        this.source = source;
        const timing = timingFor(nearestStandardRate(source.framesPerSecond));
        const own = { ladder: ladderFor(source, source.framesPerSecond ?? 30), timing };
        return (plan ?? Promise.resolve(own)).then((chosen) => (this.plan = chosen));
      },
      runStarted: (run) => {
        if (this.runs.at(-1)?.ended === false) throw new Error('a run has started in another one');
        this.runs.push({ run, inits: new Map(), fragments: new Map(), ended: false });
        told();
      },
      init: (run, rendition, bytes) => {
        if (find(run).inits.has(rendition.name)) throw new Error('two init segments');
        find(run).inits.set(rendition.name, bytes);
        find(run).fragments.set(rendition.name, []);
        told();
      },
      fragment: (run, rendition, fragment) => {
        const list = find(run).fragments.get(rendition.name);
        if (list === undefined) throw new Error('a fragment before its init segment');
        list.push(fragment);
        told();
      },
      runEnded: (run) => {
        find(run).ended = true;
        told();
      },
      thumbnail: (jpeg) => {
        this.thumbnails.push(jpeg);
        told();
      },
      input: (state) => {
        this.inputs.push(state);
        told();
      },
      refused: (text) => {
        this.refusals.push(text);
        told();
      },
    };
  }
}
