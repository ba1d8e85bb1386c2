/** A reader of media playlists that keeps what a checker needs: order, repetition and what is missing. */

export interface ParsedPart {
  readonly uri: string;
  readonly durationS: number;
  readonly independent: boolean;
  readonly gap: boolean;
}

export interface ParsedSegment {
  readonly msn: number;
  readonly discontinuitySequence: number;
  /** Undefined for the segment that is still growing. */
  readonly uri: string | undefined;
  readonly durationS: number | undefined;
  readonly discontinuity: boolean;
  /** The EXT-X-MAP that applies. */
  readonly map: string | undefined;
  /** It has an EXT-X-MAP tag of its own. */
  readonly ownMap: boolean;
  readonly dateText: string | undefined;
  readonly dateMs: number | undefined;
  readonly gap: boolean;
  readonly parts: readonly ParsedPart[];
  /** Tags that stand after the first part though they apply to it. */
  readonly lateTags: readonly string[];
}

export type Attributes = ReadonlyMap<string, string>;

export interface ParsedMedia {
  readonly lines: readonly string[];
  /** Values by tag name, in order, of all tags. */
  readonly tags: ReadonlyMap<string, readonly string[]>;
  readonly version: number | undefined;
  readonly targetDurationS: number;
  readonly partTargetS: number | undefined;
  readonly serverControl: Attributes;
  readonly mediaSequence: number;
  readonly discontinuitySequence: number;
  readonly segments: readonly ParsedSegment[];
  readonly open: ParsedSegment | undefined;
  readonly hints: readonly Attributes[];
  readonly reports: readonly Attributes[];
  readonly ended: boolean;
}

export function parseAttributes(list: string): Attributes {
  const attributes = new Map<string, string>();
  for (const [, name = '', value = ''] of list.matchAll(/([A-Z0-9-]+)=("[^"]*"|[^,]*)(?:,|$)/g))
    attributes.set(name, value.replaceAll('"', ''));
  return attributes;
}

export const splitTag = (line: string): readonly [name: string, value: string] => {
  const colon = line.indexOf(':');
  return colon < 0 ? [line.slice(1), ''] : [line.slice(1, colon), line.slice(colon + 1)];
};

/** Tags that apply to a segment and so to its first part. */
const headTags = new Set(['EXT-X-DISCONTINUITY', 'EXT-X-MAP', 'EXT-X-PROGRAM-DATE-TIME', 'EXT-X-KEY']);

function parsePart(value: string): ParsedPart {
  const attributes = parseAttributes(value);
  return {
    uri: attributes.get('URI') ?? '',
    durationS: Number(attributes.get('DURATION') ?? Number.NaN),
    independent: attributes.get('INDEPENDENT') === 'YES',
    gap: attributes.get('GAP') === 'YES',
  };
}

interface Draft {
  tags: [name: string, value: string][];
  parts: ParsedPart[];
  lateTags: string[];
}

export function parseMedia(text: string): ParsedMedia {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  const tags = new Map<string, string[]>();
  for (const line of lines)
    if (line.startsWith('#EXT')) {
      const [name, value] = splitTag(line);
      tags.set(name, [...(tags.get(name) ?? []), value]);
    }
  const number = (name: string): number | undefined => {
    const [value] = tags.get(name) ?? [];
    return value === undefined ? undefined : Number(value);
  };
  const mediaSequence = number('EXT-X-MEDIA-SEQUENCE') ?? 0;
  let discontinuitySequence = number('EXT-X-DISCONTINUITY-SEQUENCE') ?? 0;
  const firstDiscontinuitySequence = discontinuitySequence;
  const segments: ParsedSegment[] = [];
  let map: string | undefined;
  let draft: Draft = { tags: [], parts: [], lateTags: [] };
  const finish = (uri: string | undefined): ParsedSegment => {
    const value = (name: string): string | undefined => draft.tags.find(([tag]) => tag === name)?.[1];
    const ownMap = value('EXT-X-MAP');
    if (ownMap !== undefined) map = parseAttributes(ownMap).get('URI');
    const discontinuity = value('EXT-X-DISCONTINUITY') !== undefined;
    if (discontinuity) discontinuitySequence += 1;
    const dateText = value('EXT-X-PROGRAM-DATE-TIME');
    const duration = value('EXTINF')?.split(',')[0];
    const segment: ParsedSegment = {
      msn: mediaSequence + segments.length,
      discontinuitySequence,
      uri,
      durationS: duration === undefined ? undefined : Number(duration),
      discontinuity,
      map,
      ownMap: ownMap !== undefined,
      dateText,
      dateMs: dateText === undefined ? undefined : Date.parse(dateText),
      gap: value('EXT-X-GAP') !== undefined,
      parts: draft.parts,
      lateTags: draft.lateTags,
    };
    draft = { tags: [], parts: [], lateTags: [] };
    return segment;
  };
  for (const line of lines) {
    if (line.startsWith('#EXT')) {
      const [name, value] = splitTag(line);
      if (name === 'EXT-X-PART') draft.parts.push(parsePart(value));
      else if (headTags.has(name) || name === 'EXTINF' || name === 'EXT-X-GAP') {
        if (headTags.has(name) && draft.parts.length > 0) draft.lateTags.push(name);
        draft.tags.push([name, value]);
      }
    } else if (line !== '' && !line.startsWith('#')) segments.push(finish(line));
  }
  const open = draft.parts.length > 0 || draft.tags.length > 0 ? finish(undefined) : undefined;
  return {
    lines,
    tags,
    version: number('EXT-X-VERSION'),
    targetDurationS: number('EXT-X-TARGETDURATION') ?? Number.NaN,
    partTargetS: (() => {
      const value = parseAttributes(tags.get('EXT-X-PART-INF')?.[0] ?? '').get('PART-TARGET');
      return value === undefined ? undefined : Number(value);
    })(),
    serverControl: parseAttributes(tags.get('EXT-X-SERVER-CONTROL')?.[0] ?? ''),
    mediaSequence,
    discontinuitySequence: firstDiscontinuitySequence,
    segments,
    open,
    hints: (tags.get('EXT-X-PRELOAD-HINT') ?? []).map(parseAttributes),
    reports: (tags.get('EXT-X-RENDITION-REPORT') ?? []).map(parseAttributes),
    ended: tags.has('EXT-X-ENDLIST'),
  };
}

/** Segments with the growing one. */
export const allSegments = (media: ParsedMedia): readonly ParsedSegment[] =>
  media.open === undefined ? media.segments : [...media.segments, media.open];

export const partsLength = (parts: readonly ParsedPart[]): number =>
  parts.reduce((sum, part) => sum + part.durationS, 0);

/** Seconds of everything that is listed. */
export const playlistLength = (media: ParsedMedia): number =>
  media.segments.reduce((sum, segment) => sum + (segment.durationS ?? 0), 0) +
  partsLength(media.open?.parts ?? []);
