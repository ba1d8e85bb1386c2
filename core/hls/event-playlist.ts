import { initName, parseMediaFileName, segmentName } from '../media/names.ts';
import { decimalSeconds, isoTime, quoted } from './format.ts';

/** One segment of an archive's media playlist, or the hole where it should be. */
export interface EventEntry {
  readonly msn: number;
  readonly run: string;
  readonly durationS: number;
  readonly programDateTimeMs: number;
  readonly discontinuity: boolean;
  readonly gap: boolean;
}

/** An entry does not go on where the list ends. */
export class PlaylistOrderError extends Error {
  override readonly name = 'PlaylistOrderError';
}

/**
 * The media playlist of an archive: every segment since the start, no parts. It only ever grows at its end.
 *
 * PLAYLIST-TYPE stays EVENT after ENDLIST. RFC 8216bis 6.2.1 lets an EVENT playlist change by appending and
 * by nothing else; turning it into VOD would rewrite a line at its start for no gain, since ENDLIST is what
 * tells players that it is complete. So every version is a prefix of the next, whoever cached which.
 *
 * Version 8: drafts of RFC 8216bis asked for it where EXT-X-GAP stands, and the header is written before
 * the first gap is known.
 */
export class EventPlaylist {
  readonly #targetDurationS: number;
  #text = '';
  #last: EventEntry | undefined;
  #mappedRun: string | undefined;
  #discontinuities = 0;
  #durationS = 0;

  constructor(targetDurationS: number) {
    this.#targetDurationS = targetDurationS;
  }

  /** @throws PlaylistOrderError when the entry's media sequence number is not the next one. */
  append(entry: EventEntry): void {
    if (this.#last !== undefined && entry.msn !== this.#last.msn + 1)
      throw new PlaylistOrderError(`segment ${entry.msn} cannot follow segment ${this.#last.msn}`);
    const lines = this.#last === undefined ? this.#header(entry.msn) : [];
    if (entry.discontinuity) lines.push('#EXT-X-DISCONTINUITY');
    if (!entry.gap && this.#mappedRun !== entry.run)
      lines.push(`#EXT-X-MAP:URI=${quoted(initName(entry.run))}`);
    lines.push(
      `#EXT-X-PROGRAM-DATE-TIME:${isoTime(entry.programDateTimeMs)}`,
      `#EXTINF:${decimalSeconds(entry.durationS)},`,
    );
    if (entry.gap) lines.push('#EXT-X-GAP');
    lines.push(segmentName(entry.run, entry.msn), '');
    this.#text += lines.join('\n');
    this.#count(entry);
  }

  /** The text as it is stored; `ended` adds ENDLIST. */
  text(ended: boolean): string {
    return ended ? `${this.#text}${endList}\n` : this.#text;
  }

  get last(): EventEntry | undefined {
    return this.#last;
  }

  /** The media sequence number that append takes next. Broadcasts count from 0. */
  get nextMsn(): number {
    return this.#last === undefined ? 0 : this.#last.msn + 1;
  }

  get discontinuities(): number {
    return this.#discontinuities;
  }

  /** Holes included: it is what a player's time line shows. */
  get durationS(): number {
    return this.#durationS;
  }

  /** Run whose EXT-X-MAP is in force. Gaps do not change it: their init segment need not exist. */
  get mappedRun(): string | undefined {
    return this.#mappedRun;
  }

  get hasMedia(): boolean {
    return this.#mappedRun !== undefined;
  }

  /**
   * Takes up a list that EventPlaylist wrote, by this version or another one. Its text is kept as it is.
   * @returns undefined when it is no such list, or one with another target duration.
   */
  static read(text: string, targetDurationS: number): EventPlaylist | undefined {
    const end = text.lastIndexOf(`${endList}\n`);
    const body = end === -1 ? text : text.slice(0, end);
    const entries = readEntries(body, targetDurationS);
    if (entries === undefined) return undefined;
    const playlist = new EventPlaylist(targetDurationS);
    playlist.#text = body;
    for (const entry of entries) playlist.#count(entry);
    return playlist;
  }

  #header(firstMsn: number): string[] {
    return [
      '#EXTM3U',
      '#EXT-X-VERSION:8',
      `#EXT-X-TARGETDURATION:${this.#targetDurationS}`,
      '#EXT-X-PLAYLIST-TYPE:EVENT',
      '#EXT-X-INDEPENDENT-SEGMENTS',
      `#EXT-X-MEDIA-SEQUENCE:${firstMsn}`,
    ];
  }

  #count(entry: EventEntry): void {
    this.#last = entry;
    if (entry.discontinuity) this.#discontinuities++;
    this.#durationS += entry.durationS;
    if (!entry.gap) this.#mappedRun = entry.run;
  }
}

const endList = '#EXT-X-ENDLIST';

/** The entries of a list of ours. Undefined when a line is not what EventPlaylist writes. */
export function readEntries(text: string, targetDurationS: number): readonly EventEntry[] | undefined {
  const lines = text.split('\n');
  if (lines[0] !== '#EXTM3U' || lines.pop() !== '') return undefined;
  if (!lines.includes(`#EXT-X-TARGETDURATION:${targetDurationS}`)) return undefined;
  const firstMsn = Number(/^#EXT-X-MEDIA-SEQUENCE:(\d{1,10})$/m.exec(text)?.[1]);
  if (Number.isNaN(firstMsn)) return undefined;
  const entries: EventEntry[] = [];
  let tags = noTags;
  for (const line of lines) {
    if (line.startsWith('#')) {
      tags = withTag(tags, line);
      continue;
    }
    const file = parseMediaFileName(line);
    if (file?.kind !== 'segment' || file.msn !== firstMsn + entries.length) return undefined;
    if (!Number.isFinite(tags.durationS) || !Number.isFinite(tags.programDateTimeMs)) return undefined;
    entries.push({ msn: file.msn, run: file.run, ...tags });
    tags = noTags;
  }
  return entries.length === 0 || tags !== noTags ? undefined : entries;
}

type Tags = Pick<EventEntry, 'durationS' | 'programDateTimeMs' | 'discontinuity' | 'gap'>;

const noTags: Tags = {
  durationS: Number.NaN,
  programDateTimeMs: Number.NaN,
  discontinuity: false,
  gap: false,
};

/** Tags of the header and tags that a later version may add change nothing. */
function withTag(tags: Tags, line: string): Tags {
  if (line === '#EXT-X-DISCONTINUITY') return { ...tags, discontinuity: true };
  if (line === '#EXT-X-GAP') return { ...tags, gap: true };
  const duration = /^#EXTINF:(\d{1,10}(?:\.\d{1,10})?),/.exec(line)?.[1];
  if (duration !== undefined) return { ...tags, durationS: Number(duration) };
  const date = /^#EXT-X-PROGRAM-DATE-TIME:(.+)$/.exec(line)?.[1];
  return date === undefined ? tags : { ...tags, programDateTimeMs: Date.parse(date) };
}
