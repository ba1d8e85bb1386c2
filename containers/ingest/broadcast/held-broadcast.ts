import { setTimeout as delay } from 'node:timers/promises';
import { heartbeatMs, type Broadcast } from '../../../core/broadcast/types.ts';
import type {
  EncodingListener,
  EncodingPlan,
  InputState,
  SessionEnd,
  SourceInfo,
} from '../../../core/media/flow.ts';
import type { Archive } from '../archive/archive.ts';
import { LiveWindow } from '../live/window.ts';
import type { Publisher } from '../rtmp/types.ts';
import { EncoderSession } from './encoder-session.ts';
import type { BroadcastDependencies } from './ports.ts';

/** How long the live window of an ended broadcast still answers: players reload at least every target duration (2 s). */
const windowAfterEndMs = 30_000;

/** Half of the ten seconds that local/ gives a program; what is not stored by then stays in the spool. */
const shutdownPatienceMs = 5_000;

type Phase = 'live' | 'interrupted' | 'ending' | 'released';

/**
 * One broadcast that this task holds: its live window, its archive, the encoder's connection of the moment.
 * It is the only writer of the broadcast's item while its session number is the newest; when a report is
 * refused (another task has a newer session) it lets go of everything at once.
 */
export class HeldBroadcast {
  readonly id: string;
  readonly channelId: string;
  readonly #deps: BroadcastDependencies;
  readonly #onReleased: () => void;
  readonly #isNew: boolean;
  #record: Broadcast;
  #phase: Phase = 'interrupted';
  #plan: EncodingPlan | undefined;
  #window: LiveWindow | undefined;
  #archive: Archive | undefined;
  #session: EncoderSession | undefined;
  /** Resolves when every earlier connection's last fragments are in the window: runs never overlap. */
  #flushed: Promise<unknown> = Promise.resolve();
  /** Between a newer connection's arrival and its begin(): the table may hold a higher session number than we do. */
  #handingOver = false;
  #reporting: Promise<void> = Promise.resolve();
  #ended: Promise<void> | undefined;
  #encoderSeenAt: number;
  #input: InputState | undefined;
  #hasThumbnail: boolean;
  #graceTimer: NodeJS.Timeout | undefined;
  readonly #heartbeat: NodeJS.Timeout;

  constructor(deps: BroadcastDependencies, record: Broadcast, isNew: boolean, onReleased: () => void) {
    this.id = record.broadcastId;
    this.channelId = record.channelId;
    this.#deps = deps;
    this.#record = record;
    this.#plan = record.plan;
    this.#isNew = isNew;
    this.#onReleased = onReleased;
    this.#encoderSeenAt = deps.clock.now();
    this.#hasThumbnail = record.hasThumbnail ?? false;
    this.#heartbeat = setInterval(() => void this.report(), heartbeatMs);
  }

  get window(): LiveWindow | undefined {
    return this.#window;
  }

  get archive(): Archive | undefined {
    return this.#archive;
  }

  get session(): EncoderSession | undefined {
    return this.#session;
  }

  get input(): InputState | undefined {
    return this.#input;
  }

  get isPrivate(): boolean {
    return this.#record.visibility === 'private';
  }

  get isLive(): boolean {
    return this.#phase === 'live';
  }

  /** A new encoder connection continues (or starts) the broadcast. `record` holds its session number. */
  begin(record: Broadcast, publisher: Publisher, encoder: string | undefined): EncoderSession {
    clearTimeout(this.#graceTimer);
    this.#handingOver = false;
    this.#record = record;
    this.#phase = 'live';
    this.#encoderSeenAt = this.#deps.clock.now();
    const session = new EncoderSession({
      number: record.session,
      publisher,
      encoder,
      startEncoding: this.#deps.startEncoding,
      log: this.#deps.log.child({ broadcast: this.id, session: record.session }),
      listener: this.#listener(publisher, this.#flushed),
      onEnded: (ended, reason) => void this.#sessionEnded(ended, reason),
    });
    this.#session = session;
    this.#deps.log.info({ broadcast: this.id, session: record.session, encoder }, 'encoder connected');
    return session;
  }

  /**
   * Lets go of the present connection at once, so that a newer one with the same key can begin; waits out an
   * end under way. Either begin() or keepWaiting() must follow.
   */
  async yieldToNewSession(): Promise<void> {
    if (this.#ended !== undefined) return this.#ended;
    this.#handingOver = true;
    clearTimeout(this.#graceTimer);
    void this.#dropSession('taken-over');
    // A report that carries the old session number must not arrive after the new number is in the table.
    await this.#reporting;
  }

  /** The newer connection did not begin after all: the broadcast is interrupted. */
  async keepWaiting(): Promise<void> {
    if (!this.#handingOver) return;
    this.#handingOver = false;
    await this.#interrupt();
  }

  /** Says how things stand; called by the heartbeat and at every change of state. Never rejects. */
  report(): Promise<void> {
    this.#reporting = this.#reporting.then(() => this.#reportOnce());
    return this.#reporting;
  }

  /** Ends the broadcast for good: ENDLIST, recording, item. Repeated calls share one end. */
  end(): Promise<void> {
    this.#ended ??= this.#finish();
    return this.#ended;
  }

  /** The task stops: the broadcast stays interrupted, another task or the next start takes it up. */
  async shutdown(): Promise<void> {
    if (this.#ended !== undefined) return this.#ended;
    clearTimeout(this.#graceTimer);
    await this.#dropSession('shutdown');
    if (this.#phase === 'live') this.#phase = 'interrupted';
    await this.report();
    await this.#stored();
    await this.#release();
  }

  /** Whoever continues the broadcast on another host can read only what is stored and listed. */
  async #stored(): Promise<void> {
    const deadline = this.#deps.clock.now() + shutdownPatienceMs;
    while ((this.#archive?.stats.unlisted ?? 0) > 0 && this.#deps.clock.now() < deadline) await delay(20);
  }

  async #reportOnce(): Promise<void> {
    if (this.#handingOver || this.#phase === 'released') return;
    if (this.#phase === 'live') this.#encoderSeenAt = this.#deps.clock.now();
    try {
      const result = await this.#deps.records.report({
        broadcastId: this.id,
        session: this.#record.session,
        // While the last segments go up it must not look abandoned: others would take it over.
        state: this.#phase === 'live' ? 'live' : 'interrupted',
        encoderSeenAt: this.#encoderSeenAt,
        hasThumbnail: this.#hasThumbnail,
        ...(this.#plan === undefined ? {} : { plan: this.#plan }),
        ...(this.#input === undefined ? {} : { input: this.#input }),
      });
      if (result.kind === 'lost') await this.#lose();
      else this.#adopt(result.broadcast);
    } catch (error) {
      // The broadcast goes on without its table; the next heartbeat tries again.
      this.#deps.log.error({ broadcast: this.id, err: error }, 'could not report the broadcast');
    }
  }

  /** Closes the encoder's connection and waits until its last fragments are in the window. */
  async #dropSession(reason: SessionEnd): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    session?.publisher.close(reason);
    this.#flushed = Promise.all([this.#flushed, session?.flush()]);
    await this.#flushed;
  }

  async #interrupt(): Promise<void> {
    this.#phase = 'interrupted';
    this.#graceTimer = setTimeout(() => void this.end(), this.#deps.graceMs);
    await this.report();
  }

  #listener(publisher: Publisher, previousRuns: Promise<unknown>): EncodingListener {
    let restarts = 0;
    return {
      plan: async (source) => {
        await previousRuns;
        return this.#prepare(source);
      },
      runStarted: (run) => this.#window?.runStarted(run),
      init: (run, rendition, bytes) => this.#window?.init(run, rendition, bytes),
      fragment: (run, rendition, fragment) => this.#window?.fragment(run, rendition, fragment),
      runEnded: (run) => this.#window?.runEnded(run),
      thumbnail: (jpeg) => {
        this.#window?.thumbnail(jpeg);
        if (this.isPrivate) return;
        this.#archive?.thumbnail(jpeg);
        this.#hasThumbnail = true;
      },
      input: (state) => {
        this.#input = state;
        this.#deps.onFfmpegRestarts(state.ffmpegRestarts - restarts);
        restarts = state.ffmpegRestarts;
      },
      refused: (description) => publisher.refuse('NetStream.Publish.Denied', description),
    };
  }

  /** The first picture of a broadcast fixes its plan; window and archive are made once and kept over sessions. */
  async #prepare(source: SourceInfo): Promise<EncodingPlan> {
    const plan = this.#plan ?? this.#deps.planFor(source);
    this.#plan = plan;
    if (this.#window === undefined) {
      this.#archive = await this.#deps.openArchive({
        broadcastId: this.id,
        plan,
        isNew: this.#isNew,
        publishThumbnail: () => !this.isPrivate,
      });
      const archive = this.#archive;
      this.#window = new LiveWindow({
        broadcastId: this.id,
        plan,
        firstMsn: archive.nextMsn,
        discontinuitySequence: archive.discontinuities,
        startsWithDiscontinuity: !archive.empty,
        clock: this.#deps.clock,
        onSegment: (segment) => archive.add(segment),
        onPartLate: this.#deps.onPartLate,
      });
    }
    void this.report();
    return plan;
  }

  async #sessionEnded(session: EncoderSession, reason: SessionEnd): Promise<void> {
    this.#deps.log.info({ broadcast: this.id, session: session.number, reason }, 'encoder gone');
    // One that was dropped from here is already being flushed.
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#encoderSeenAt = this.#deps.clock.now();
    this.#flushed = Promise.all([this.#flushed, session.flush()]);
    if (reason === 'finished') await this.end();
    else await this.#interrupt();
  }

  async #finish(): Promise<void> {
    this.#phase = 'ending';
    this.#handingOver = false;
    clearTimeout(this.#graceTimer);
    await this.#dropSession('shutdown');
    this.#window?.end();
    try {
      await this.#close();
    } catch (error) {
      // The item stays unended; recovery takes it over once it has been silent for long enough.
      this.#deps.log.error({ broadcast: this.id, err: error }, 'could not end the broadcast');
    }
    await this.#release(windowAfterEndMs);
  }

  async #close(): Promise<void> {
    const { records, clock, log } = this.#deps;
    if (this.#archive === undefined) return records.discard(this.#record);
    const { durationS, complete } = await this.#archive.end();
    this.#phase = 'released';
    await this.#reporting;
    const outcome = await records.end({
      broadcastId: this.id,
      session: this.#record.session,
      endedAt: clock.now(),
      durationS,
    });
    log.info({ broadcast: this.id, durationS, complete, outcome }, 'broadcast ended');
  }

  /** Title and visibility belong to the API: the report's answer tells what they are now. */
  #adopt(record: Broadcast): void {
    const wasPrivate = this.isPrivate;
    this.#record = { ...record, session: this.#record.session };
    if (this.isPrivate && !wasPrivate) {
      this.#hasThumbnail = false;
      this.#archive?.removeThumbnail().catch((error: unknown) => {
        this.#deps.log.error(
          { broadcast: this.id, err: error },
          'could not remove the thumbnail of a private broadcast',
        );
      });
    }
  }

  async #lose(): Promise<void> {
    this.#deps.log.warn(
      { broadcast: this.id, session: this.#record.session },
      'another task holds the broadcast now',
    );
    this.#phase = 'released';
    this.#session?.kill();
    this.#session?.publisher.close('taken-over');
    await this.#release();
  }

  async #release(windowMs = 0): Promise<void> {
    this.#phase = 'released';
    clearInterval(this.#heartbeat);
    clearTimeout(this.#graceTimer);
    await this.#archive?.close().catch((error: unknown) => {
      this.#deps.log.error({ broadcast: this.id, err: error }, 'could not close the archive');
    });
    const window = this.#window;
    const letGo = (): void => {
      window?.dispose();
      this.#onReleased();
    };
    if (windowMs === 0) letGo();
    else setTimeout(letGo, windowMs).unref();
  }
}
