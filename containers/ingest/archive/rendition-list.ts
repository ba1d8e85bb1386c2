import type { EventEntry, EventPlaylist } from '../../../core/hls/event-playlist.ts';
import { follow } from '../../../core/hls/archive-index.ts';
import { segmentsPerPublication } from './limits.ts';
import { Publication, type Edition } from './publication.ts';
import type { SpoolFile } from './spool.ts';
import { endedPlaylistHeaders, growingPlaylistHeaders } from './stored.ts';
import type { StoreAccess } from './upload-queue.ts';

/** A segment between the packager and the playlist. */
export interface Pending {
  readonly entry: EventEntry;
  state: 'waiting' | 'stored' | 'lost';
  /** Its file in the spool, or the mark of a gap. */
  file?: SpoolFile;
}

/**
 * One rendition's playlist: segments are stored in any order, their lines appear in theirs, and a line
 * only after its segment and its init segment are in the store.
 */
export class RenditionList {
  readonly rendition: string;
  readonly #access: StoreAccess;
  readonly #playlist: EventPlaylist;
  readonly #publication: Publication;
  readonly #onPublished: (files: readonly SpoolFile[]) => void;
  readonly #pending: Pending[] = [];
  readonly #inits = new Map<string, Pending['state']>();
  /** Entries that no put has taken along yet. */
  #unpublished = 0;
  /** Files of entries that no put has confirmed yet. */
  readonly #unpublishedFiles: SpoolFile[] = [];
  #dueTimer: NodeJS.Timeout | undefined;
  #isEnding = false;
  #isEndRequested = false;
  #isComplete = false;
  #isPublished = false;

  constructor(options: {
    readonly rendition: string;
    readonly access: StoreAccess;
    readonly key: string;
    /** Empty, or as it was found in the store. */
    readonly playlist: EventPlaylist;
    /** The store's playlist names these segments now: the spool need not keep them. */
    readonly onPublished: (files: readonly SpoolFile[]) => void;
  }) {
    this.rendition = options.rendition;
    this.#access = options.access;
    this.#playlist = options.playlist;
    this.#isPublished = options.playlist.hasMedia;
    this.#onPublished = options.onPublished;
    this.#publication = new Publication(options.access, options.key, () => this.#edition());
  }

  /** The last entry, listed or waiting. */
  get last(): EventEntry | undefined {
    return this.#pending.at(-1)?.entry ?? this.#playlist.last;
  }

  get nextMsn(): number {
    return this.last === undefined ? 0 : this.last.msn + 1;
  }

  /** The first number that is not in the list yet. */
  get listedMsn(): number {
    return this.#playlist.nextMsn;
  }

  get discontinuities(): number {
    const waiting = this.#pending.filter(({ entry }) => entry.discontinuity).length;
    return this.#playlist.discontinuities + waiting;
  }

  /** What waits included. */
  get durationS(): number {
    return this.#pending.reduce((sum, { entry }) => sum + entry.durationS, this.#playlist.durationS);
  }

  get waiting(): number {
    return this.#pending.length;
  }

  get retries(): number {
    return this.#publication.retries;
  }

  /** The store's playlist names at least one segment that can be played. */
  get isPublished(): boolean {
    return this.#isPublished;
  }

  /** ENDLIST is in the store. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  push(entry: EventEntry): Pending {
    const pending: Pending = { entry: follow(this.last, entry), state: 'waiting' };
    this.#pending.push(pending);
    return pending;
  }

  settle(pending: Pending, state: 'stored' | 'lost'): void {
    pending.state = state;
    this.#advance();
  }

  initState(run: string): Pending['state'] | undefined {
    return this.#inits.get(run);
  }

  setInit(run: string, state: Pending['state']): void {
    this.#inits.set(run, state);
    this.#advance();
  }

  end(): void {
    this.#isEnding = true;
    this.#advance();
  }

  close(): void {
    clearTimeout(this.#dueTimer);
    this.#publication.close();
  }

  #advance(): void {
    let head = this.#pending[0];
    while (head !== undefined) {
      const state = head.entry.gap ? 'lost' : this.#stateWithInit(head);
      if (state === 'waiting') break;
      this.#pending.shift();
      this.#playlist.append(state === 'lost' ? { ...head.entry, gap: true } : head.entry);
      this.#unpublished++;
      if (head.file !== undefined) this.#unpublishedFiles.push(head.file);
      head = this.#pending[0];
    }
    this.#publishWhenDue();
  }

  #stateWithInit({ entry, state }: Pending): Pending['state'] {
    return state === 'stored' ? (this.#inits.get(entry.run) ?? 'waiting') : state;
  }

  #publishWhenDue(): void {
    if (this.#isEnding && this.#pending.length === 0) {
      if (!this.#isEndRequested) this.#publishNow();
      this.#isEndRequested = true;
    } else if (this.#unpublished >= segmentsPerPublication(this.#playlist.durationS)) this.#publishNow();
    else if (this.#unpublished > 0)
      this.#dueTimer ??= setTimeout(() => this.#publishNow(), this.#access.limits.publishEveryMs);
  }

  #publishNow(): void {
    clearTimeout(this.#dueTimer);
    this.#dueTimer = undefined;
    this.#publication.request();
  }

  #edition(): Edition {
    const isEnd = this.#isEnding && this.#pending.length === 0;
    const { hasMedia } = this.#playlist;
    const count = this.#unpublishedFiles.length;
    this.#unpublished = 0;
    return {
      text: this.#playlist.text(isEnd),
      headers: isEnd ? endedPlaylistHeaders : growingPlaylistHeaders,
      stored: () => {
        this.#isPublished ||= hasMedia;
        this.#isComplete ||= isEnd;
        this.#onPublished(this.#unpublishedFiles.splice(0, count));
      },
    };
  }
}
