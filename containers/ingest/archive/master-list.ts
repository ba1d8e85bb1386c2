import type { EncodingPlan, MediaSegment } from '../../../core/media/flow.ts';
import { codecsOf } from '../../../core/media/fmp4/codecs.ts';
import { masterPlaylistText } from '../../../core/hls/master-playlist.ts';
import { Publication } from './publication.ts';
import { endedPlaylistHeaders, growingPlaylistHeaders } from './stored.ts';
import type { StoreAccess } from './upload-queue.ts';

type Codecs = ReturnType<typeof codecsOf>;

/** The archive's master playlist: goes up when every rendition can be played, and once more at the end. */
export class MasterList {
  readonly #plan: EncodingPlan;
  readonly #publication: Publication;
  readonly #onStored: () => void;
  readonly #codecs = new Map<string, Codecs>();
  readonly #peaksBps = new Map<string, number>();
  #text: string | undefined;
  #isPublished: boolean;
  #isEnding = false;
  #isComplete = false;

  constructor(options: {
    readonly access: StoreAccess;
    readonly key: string;
    readonly plan: EncodingPlan;
    /** As an earlier task stored it. */
    readonly stored: string | undefined;
    readonly onStored: () => void;
  }) {
    this.#plan = options.plan;
    this.#onStored = options.onStored;
    this.#text = options.stored;
    this.#isPublished = options.stored !== undefined;
    this.#publication = new Publication(options.access, options.key, () => {
      const isEnd = this.#isEnding;
      return {
        text: this.#text ?? '',
        headers: isEnd ? endedPlaylistHeaders : growingPlaylistHeaders,
        stored: () => {
          this.#isComplete ||= isEnd;
          this.#onStored();
        },
      };
    });
  }

  get isPublished(): boolean {
    return this.#isPublished;
  }

  /** Stored for good. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  get retries(): number {
    return this.#publication.retries;
  }

  /** The plan is fixed, so the first init segment speaks for all. */
  learn(rendition: string, init: Uint8Array): void {
    if (!this.#codecs.has(rendition)) this.#codecs.set(rendition, readCodecs(init));
  }

  measure({ rendition, chunks, durationS }: MediaSegment): void {
    // The short rest at the end of a run says nothing about the bitrate.
    if (durationS < this.#plan.timing.segmentDurationS / 2) return;
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const bitrateBps = Math.ceil((bytes * 8) / durationS);
    this.#peaksBps.set(rendition, Math.max(bitrateBps, this.#peaksBps.get(rendition) ?? 0));
  }

  publish(renditions: ReadonlySet<string>): void {
    this.#isPublished = true;
    this.#write(renditions);
    this.#publication.request();
  }

  end(renditions: ReadonlySet<string>): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.publish(renditions);
  }

  close(): void {
    this.#publication.close();
  }

  /** An earlier task's text stays where this one has not seen every rendition. */
  #write(renditions: ReadonlySet<string>): void {
    const ladder = this.#plan.ladder.filter(({ name }) => renditions.has(name));
    if (ladder.length === 0) return;
    if (this.#text !== undefined && !ladder.every(({ name }) => this.#codecs.has(name))) return;
    const variants = ladder.map((rendition) => ({
      rendition,
      codecs: this.#codecs.get(rendition.name) ?? {},
      measuredPeakBps: this.#peaksBps.get(rendition.name) ?? 0,
    }));
    this.#text = masterPlaylistText(variants, this.#plan.timing.frameRate);
  }
}

/** CODECS may be left out (RFC 8216bis 4.4.6.2); a player then finds out by itself. */
function readCodecs(init: Uint8Array): Codecs {
  try {
    return codecsOf(init);
  } catch {
    return {};
  }
}
