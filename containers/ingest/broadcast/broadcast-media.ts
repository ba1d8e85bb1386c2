import type { EncodingListener, EncodingPlan, SourceInfo } from '../../../core/media/flow.ts';
import type { Archive } from '../archive/archive.ts';
import { LiveWindow } from '../live/window.ts';
import type { BroadcastDependencies } from './ports.ts';

/** The broadcast was over before its first picture was ready to be shown. */
export class BroadcastOverError extends Error {
  override readonly name = 'BroadcastOverError';
}

/** What the encoding tells that is not about the connection: it goes to the live window. */
type Pictures = Pick<EncodingListener, 'runStarted' | 'init' | 'fragment' | 'runEnded' | 'thumbnail'>;

/**
 * Plan, live window and archive of a held broadcast. The first picture fixes the plan; window and archive are
 * made once and kept over sessions.
 */
export class BroadcastMedia {
  readonly #deps: BroadcastDependencies;
  readonly #broadcastId: string;
  readonly #isNew: boolean;
  readonly #isPrivate: () => boolean;
  readonly #mayPublish: () => boolean;
  #plan: EncodingPlan | undefined;
  #window: LiveWindow | undefined;
  #archive: Archive | undefined;
  #hasThumbnail: boolean;
  #over = false;

  constructor(options: {
    readonly deps: BroadcastDependencies;
    readonly broadcastId: string;
    /** Nothing of it can be stored yet. */
    readonly isNew: boolean;
    readonly plan: EncodingPlan | undefined;
    readonly hasThumbnail: boolean;
    readonly isPrivate: () => boolean;
    /** False while another task may hold the broadcast: then its playlists are not ours to write. */
    readonly mayPublish: () => boolean;
  }) {
    this.#deps = options.deps;
    this.#broadcastId = options.broadcastId;
    this.#isNew = options.isNew;
    this.#plan = options.plan;
    this.#hasThumbnail = options.hasThumbnail;
    this.#isPrivate = options.isPrivate;
    this.#mayPublish = options.mayPublish;
  }

  get plan(): EncodingPlan | undefined {
    return this.#plan;
  }

  get window(): LiveWindow | undefined {
    return this.#window;
  }

  get archive(): Archive | undefined {
    return this.#archive;
  }

  get hasThumbnail(): boolean {
    return this.#hasThumbnail;
  }

  readonly pictures: Pictures = {
    runStarted: (run) => this.#window?.runStarted(run),
    init: (run, rendition, bytes) => this.#window?.init(run, rendition, bytes),
    fragment: (run, rendition, fragment) => this.#window?.fragment(run, rendition, fragment),
    runEnded: (run) => this.#window?.runEnded(run),
    thumbnail: (jpeg) => {
      this.#window?.thumbnail(jpeg);
      if (this.#isPrivate()) return;
      this.#archive?.thumbnail(jpeg);
      this.#hasThumbnail = true;
    },
  };

  /**
   * The plan for what the encoder sends, once there is a window to show it in.
   * @throws ObjectStoreError when the archive of an earlier session can't be read; BroadcastOverError
   */
  async prepare(source: SourceInfo): Promise<EncodingPlan> {
    const plan = this.#plan ?? this.#deps.planFor(source);
    this.#plan = plan;
    if (this.#window !== undefined) return plan;
    const archive = await this.#openArchive(plan);
    this.#window = new LiveWindow({
      broadcastId: this.#broadcastId,
      plan,
      firstMsn: archive.nextMsn,
      discontinuitySequence: archive.discontinuities,
      startsWithDiscontinuity: !archive.empty,
      clock: this.#deps.clock,
      onSegment: (segment) => archive.add(segment),
      onPartLate: this.#deps.onPartLate,
    });
    return plan;
  }

  /** ENDLIST for those who watch live. */
  endWindow(): void {
    this.#window?.end();
  }

  /** The archive to end; undefined when the broadcast never had a picture. A session before may have left one. */
  async archiveToEnd(): Promise<Archive | undefined> {
    if (this.#archive !== undefined || this.#plan === undefined) return this.#archive;
    return this.#openArchive(this.#plan);
  }

  becamePrivate(): void {
    this.#hasThumbnail = false;
    this.#archive?.removeThumbnail().catch((error: unknown) => {
      this.#deps.log.error(
        { broadcast: this.#broadcastId, err: error },
        'could not remove the thumbnail of a private broadcast',
      );
    });
  }

  /** Stops the archive where it is; the window goes on answering until disposeWindow(). */
  async closeArchive(): Promise<void> {
    this.#over = true;
    await this.#archive?.close().catch((error: unknown) => {
      this.#deps.log.error({ broadcast: this.#broadcastId, err: error }, 'could not close the archive');
    });
  }

  disposeWindow(): void {
    this.#window?.dispose();
  }

  async #openArchive(plan: EncodingPlan): Promise<Archive> {
    const archive = await this.#deps.openArchive({
      broadcastId: this.#broadcastId,
      plan,
      isNew: this.#isNew,
      publishThumbnail: () => !this.#isPrivate(),
      mayPublish: this.#mayPublish,
    });
    if (this.#over) {
      await archive.close();
      throw new BroadcastOverError(
        `broadcast ${this.#broadcastId} was let go while its archive was being opened`,
      );
    }
    this.#archive = archive;
    return archive;
  }
}
