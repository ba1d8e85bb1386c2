import { setTimeout as delay } from 'node:timers/promises';
import { heartbeatMs, lostAfterMs, type Broadcast } from '../../../core/broadcast/types.ts';
import { costOf } from '../../../core/fleet/cost.ts';
import type { HeldShow } from '../../../core/fleet/heartbeat.ts';
import type { EncodingListener, InputState, SessionEnd } from '../../../core/media/flow.ts';
import type { Archive } from '../archive/archive.ts';
import type { LiveWindow } from '../live/window.ts';
import type { Publisher } from '../rtmp/types.ts';
import { BroadcastMedia } from './broadcast-media.ts';
import { EncoderSession } from './encoder-session.ts';
import type { BroadcastDependencies } from './ports.ts';

/** How long the live window of an ended broadcast still answers: players reload at least every target duration (2 s). */
const windowAfterEndMs = 30_000;

/** Half of the ten seconds that local/ gives a program; what is not stored by then stays in the spool. */
const shutdownPatienceMs = 5_000;

/**
 * The design's two seconds until a recording is ready. When object storage takes longer, the broadcast is
 * ended all the same, so that the channel can go live again, and the rest goes up behind it.
 */
const archivePatienceMs = 2_000;

type Phase = 'live' | 'interrupted' | 'ending' | 'released';

/**
 * One broadcast that this task holds: the encoder's connection of the moment and the life of the broadcast
 * around it. It is the only writer of the broadcast's item while its session number is the newest; when a
 * report is refused (another task has a newer session) it lets go of everything at once.
 */
export class HeldBroadcast {
  readonly id: string;
  readonly channelId: string;
  readonly #deps: BroadcastDependencies;
  readonly #onReleased: () => void;
  readonly #media: BroadcastMedia;
  #record: Broadcast;
  #phase: Phase = 'interrupted';
  #session: EncoderSession | undefined;
  /** Resolves when every earlier connection's last fragments are in the window: runs never overlap. */
  #flushed: Promise<unknown> = Promise.resolve();
  /** Between a newer connection's arrival and its begin(): the table may hold a higher session number than we do. */
  #handingOver = false;
  #reporting: Promise<void> = Promise.resolve();
  #ended: Promise<void> | undefined;
  /** When the table last confirmed that the broadcast is ours. */
  #confirmedAt: number;
  /** Its end is stored, or it is another task's: only the window is left. */
  #isDone = false;
  /** The item says `ended`: nobody else can take the broadcast up any more. */
  #itemEnded = false;
  /** The end that the table has not taken yet. */
  #unwritten: { readonly endedAt: number; readonly durationS: number } | undefined;
  #encoderSeenAt: number;
  #input: InputState | undefined;
  #graceTimer: NodeJS.Timeout | undefined;
  readonly #heartbeat: NodeJS.Timeout;

  constructor(deps: BroadcastDependencies, record: Broadcast, isNew: boolean, onReleased: () => void) {
    this.id = record.broadcastId;
    this.channelId = record.channelId;
    this.#deps = deps;
    this.#record = record;
    this.#onReleased = onReleased;
    this.#encoderSeenAt = deps.clock.now();
    this.#confirmedAt = deps.clock.now();
    this.#media = new BroadcastMedia({
      deps,
      broadcastId: record.broadcastId,
      isNew,
      plan: record.plan,
      hasThumbnail: record.hasThumbnail ?? false,
      isPrivate: () => this.isPrivate,
      mayPublish: () => this.#itemEnded || deps.clock.now() - this.#confirmedAt < lostAfterMs - heartbeatMs,
    });
    this.#heartbeat = setInterval(() => void this.report(), heartbeatMs);
  }

  get window(): LiveWindow | undefined {
    return this.#media.window;
  }

  get archive(): Archive | undefined {
    return this.#media.archive;
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

  /** For the heartbeat; undefined when nothing of it is left to be done here. */
  get show(): HeldShow | undefined {
    if (this.#isDone) return undefined;
    return {
      broadcastId: this.id,
      state: this.#phase === 'released' ? 'ending' : this.#phase,
      points: costOf(this.#media.plan),
      startedAt: this.#record.startedAt,
      session: this.#record.session,
    };
  }

  /** It can't take a session any more. */
  get isOver(): boolean {
    return this.#ended !== undefined || this.#phase === 'released';
  }

  /** A new encoder connection continues (or starts) the broadcast. `record` holds its session number. */
  begin(record: Broadcast, publisher: Publisher, encoder: string | undefined): EncoderSession {
    clearTimeout(this.#graceTimer);
    this.#handingOver = false;
    this.#record = record;
    this.#phase = 'live';
    this.#encoderSeenAt = this.#deps.clock.now();
    this.#confirmedAt = this.#deps.clock.now();
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
    if (this.isOver) return this.#ended;
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
    if (this.#ended !== undefined) {
      await this.#ended;
      return this.abandon();
    }
    clearTimeout(this.#graceTimer);
    await this.#dropSession('shutdown');
    if (this.#phase === 'live') this.#phase = 'interrupted';
    await this.report();
    await this.#stored();
    await this.#release();
  }

  /** Lets go of what is still being stored; the spool keeps it for whoever opens the archive next. */
  async abandon(): Promise<void> {
    await this.#release();
  }

  /** Whoever continues the broadcast on another host can read only what is stored and listed. */
  async #stored(): Promise<void> {
    const deadline = this.#deps.clock.now() + shutdownPatienceMs;
    while ((this.#media.archive?.stats.unlisted ?? 0) > 0 && this.#deps.clock.now() < deadline)
      await delay(20);
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
        hasThumbnail: this.#media.hasThumbnail,
        ...(this.#media.plan === undefined ? {} : { plan: this.#media.plan }),
        ...(this.#input === undefined ? {} : { input: this.#inputWithNotices(this.#input) }),
      });
      if (result.kind === 'lost') return await this.#lose();
      this.#confirmedAt = this.#deps.clock.now();
      this.#adopt(result.broadcast);
    } catch (error) {
      // The broadcast goes on without its table; the next heartbeat tries again.
      this.#deps.log.error({ broadcast: this.id, err: error }, 'could not report the broadcast');
    }
  }

  #inputWithNotices(input: InputState): InputState {
    return { ...input, warnings: [...input.warnings, ...this.#deps.notices()] };
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
    // Lost or ended in the meantime: it is not ours to interrupt any more.
    if (this.isOver) return;
    this.#phase = 'interrupted';
    this.#graceTimer = setTimeout(() => void this.end(), this.#deps.graceMs);
    await this.report();
  }

  #listener(publisher: Publisher, previousRuns: Promise<unknown>): EncodingListener {
    let restarts = 0;
    return {
      ...this.#media.pictures,
      plan: async (source) => {
        await previousRuns;
        try {
          const plan = await this.#media.prepare(source);
          void this.report();
          return plan;
        } catch (error) {
          // Dropped, not refused: the encoder tries again within the grace window (OBS gives up on a refusal).
          publisher.close('dropped');
          throw error;
        }
      },
      input: (state) => {
        this.#input = state;
        this.#deps.onFfmpegRestarts(state.ffmpegRestarts - restarts);
        restarts = state.ffmpegRestarts;
      },
      refused: (description) => publisher.refuse('NetStream.Publish.Denied', description),
    };
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
    this.#media.endWindow();
    try {
      const archive = await this.#media.archiveToEnd();
      if (archive !== undefined) return await this.#finishArchive(archive);
      await this.#stopReporting();
      await this.#deps.records.discard(this.#record);
    } catch (error) {
      // The item stays unended; recovery takes it over once it has been silent for long enough.
      this.#deps.log.error({ broadcast: this.id, err: error }, 'could not end the broadcast');
    }
    await this.#release(windowAfterEndMs);
  }

  async #finishArchive(archive: Archive): Promise<void> {
    const { log } = this.#deps;
    const stored = archive.end().then(
      ({ durationS, complete }) => log.info({ broadcast: this.id, durationS, complete }, 'recording written'),
      (error: unknown) => log.error({ broadcast: this.id, err: error }, 'could not write the recording'),
    );
    await Promise.race([stored, delay(archivePatienceMs, undefined, { ref: false })]);
    await this.#stopReporting();
    const written = this.#endItem(archive.durationS);
    void Promise.all([stored, written]).then(() => this.#release(windowAfterEndMs));
    await written;
  }

  /** A heartbeat after the end would be refused, and look as if another task had the broadcast. */
  async #stopReporting(): Promise<void> {
    clearInterval(this.#heartbeat);
    await this.#reporting;
    this.#phase = 'released';
  }

  /** Writes the end again that the table did not take. Rejects with TableError when it still does not. */
  async confirmEnd(): Promise<void> {
    if (this.#unwritten !== undefined) await this.#writeEnd(this.#unwritten);
  }

  async #endItem(durationS: number): Promise<void> {
    this.#unwritten = { endedAt: this.#deps.clock.now(), durationS };
    try {
      await this.#writeEnd(this.#unwritten);
    } catch (error) {
      // Nobody reports it any more: the next session of the channel, or recovery, writes it a little later.
      this.#deps.log.error(
        { broadcast: this.id, err: error },
        'could not write that the broadcast has ended',
      );
    }
  }

  async #writeEnd(ended: { readonly endedAt: number; readonly durationS: number }): Promise<void> {
    const outcome = await this.#deps.records.end({
      broadcastId: this.id,
      session: this.#record.session,
      ...ended,
    });
    this.#unwritten = undefined;
    this.#itemEnded = outcome === 'ended';
    this.#deps.log.info({ broadcast: this.id, durationS: ended.durationS, outcome }, 'broadcast ended');
  }

  /** Title and visibility belong to the API: the report's answer tells what they are now. */
  #adopt(record: Broadcast): void {
    const wasPrivate = this.isPrivate;
    this.#record = { ...record, session: this.#record.session };
    if (this.isPrivate && !wasPrivate) this.#media.becamePrivate();
  }

  async #lose(): Promise<void> {
    this.#deps.log.warn(
      { broadcast: this.id, session: this.#record.session },
      'another task holds the broadcast now',
    );
    this.#phase = 'released';
    const session = this.#session;
    this.#session = undefined;
    session?.kill();
    session?.publisher.close('taken-over');
    await this.#release();
  }

  async #release(windowMs = 0): Promise<void> {
    this.#phase = 'released';
    clearInterval(this.#heartbeat);
    clearTimeout(this.#graceTimer);
    await this.#media.closeArchive();
    this.#isDone = true;
    this.#deps.onShowsChanged();
    const letGo = (): void => {
      this.#media.disposeWindow();
      this.#onReleased();
    };
    if (windowMs === 0) letGo();
    else setTimeout(letGo, windowMs).unref();
  }
}
