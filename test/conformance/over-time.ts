import { resolveUri } from './one-playlist.ts';
import {
  allSegments,
  playlistLength,
  type ParsedMedia,
  type ParsedPart,
  type ParsedSegment,
} from './parse.ts';
import { epsilonS, type Report } from './rules.ts';

export interface Seen {
  readonly atMs: number;
  readonly uri: string;
  readonly media: ParsedMedia;
}

const controlOf = (media: ParsedMedia): string =>
  JSON.stringify([
    media.partTargetS,
    [...media.serverControl].map(([name, value]) => `${name}=${value}`).sort(),
  ]);

const describePart = (part: ParsedPart): string => JSON.stringify(part);
/** What must not change. Gaps may get to know their init segment. */
const describeSegment = (segment: ParsedSegment): string =>
  JSON.stringify([
    segment.uri,
    segment.durationS,
    segment.discontinuity,
    segment.gap ? '' : segment.map,
    segment.dateText,
    segment.gap,
  ]);

/** Segment and part after the last listed part: grows, never shrinks. */
const edgeOf = (media: ParsedMedia): readonly [msn: number, parts: number] => {
  const next = media.mediaSequence + media.segments.length;
  return [next, media.open?.parts.length ?? 0];
};

const isBehind = (a: readonly [number, number], b: readonly [number, number]): boolean =>
  a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);

/** Two versions of one playlist, in the order in which they were got. */
export function checkReload(a: ParsedMedia, b: ParsedMedia, report: Report): void {
  if (a.targetDurationS !== b.targetDurationS)
    report('R01', `${a.targetDurationS}, then ${b.targetDurationS}`);
  if (controlOf(a) !== controlOf(b)) report('R02', `${controlOf(a)}, then ${controlOf(b)}`);
  if (b.mediaSequence < a.mediaSequence) report('R03', `${a.mediaSequence}, then ${b.mediaSequence}`);
  if (b.discontinuitySequence < a.discontinuitySequence)
    report('R04', `${a.discontinuitySequence}, then ${b.discontinuitySequence}`);
  if (isBehind(edgeOf(b), edgeOf(a))) report('R08', `${edgeOf(a).join('.')}, then ${edgeOf(b).join('.')}`);
  if (b.mediaSequence > a.mediaSequence && playlistLength(b) < 3 * b.targetDurationS - epsilonS)
    report('R07', `${playlistLength(b)} s are left`);
  const ending = (media: ParsedMedia): string =>
    JSON.stringify([media.segments.map(describeSegment), media.open, media.ended]);
  if (a.ended && ending(a) !== ending(b)) report('R09', 'it did');
  checkKept(a, b, report);
  checkHint(a, b, report);
}

function checkKept(a: ParsedMedia, b: ParsedMedia, report: Report): void {
  const later = new Map(allSegments(b).map((segment) => [segment.msn, segment]));
  for (const segment of allSegments(a)) {
    const now = later.get(segment.msn);
    if (now === undefined) continue;
    const { msn } = segment;
    if (now.discontinuitySequence !== segment.discontinuitySequence)
      report('R04', `segment ${msn}: ${segment.discontinuitySequence}, then ${now.discontinuitySequence}`);
    if (segment.uri !== undefined && describeSegment(segment) !== describeSegment(now))
      report('R05', `segment ${msn}: ${describeSegment(segment)}, then ${describeSegment(now)}`);
    if (segment.uri === undefined && (segment.dateText !== now.dateText || segment.map !== now.map))
      report('R05', `growing segment ${msn}`);
    if (segment.uri !== undefined && segment.parts.length === 0 && now.parts.length > 0)
      report('R11', `of segment ${msn}`);
    // Gone as a whole: they became too old. Otherwise all of them are there still, and maybe more.
    if (now.parts.length === 0 && now.uri !== undefined) continue;
    const kept = segment.parts.every((part, index) => {
      const same = now.parts[index];
      return same !== undefined && describePart(same) === describePart(part);
    });
    const grown = segment.uri === undefined || segment.parts.length === now.parts.length;
    if (segment.parts.length > 0 && !(kept && grown)) report('R06', `of segment ${msn}`);
  }
}

function checkHint(a: ParsedMedia, b: ParsedMedia, report: Report): void {
  const hint = a.hints.find((attributes) => attributes.get('TYPE') === 'PART')?.get('URI');
  if (hint === undefined) return;
  const [msn, index] = edgeOf(a);
  const candidates = allSegments(b).filter((segment) => segment.msn === msn || segment.msn === msn + 1);
  const [first, second] = candidates;
  // Closed early: it goes on with part 0 of the next. Complete without parts: too long ago to say.
  const follower = first?.uri !== undefined && first.parts.length === index && index > 0 ? second : first;
  const next = follower === first ? first?.parts[index] : second?.parts[0];
  if (next === undefined || follower?.discontinuity === true) return;
  if (next.uri !== hint) report('R10', `${hint} was hinted, ${next.uri} came`);
}

/** All versions of one playlist. */
export function checkNames(versions: readonly Seen[], report: (seen: Seen) => Report): void {
  const meanings = new Map<string, string>();
  for (const seen of versions)
    for (const segment of allSegments(seen.media)) {
      const named: [string | undefined, string][] = [
        [segment.uri, `segment ${segment.msn}`],
        ...segment.parts.map((part, index): [string, string] => [part.uri, `part ${segment.msn}.${index}`]),
      ];
      for (const [uri, meaning] of named) {
        if (uri === undefined) continue;
        const before = meanings.get(uri);
        if (before !== undefined && before !== meaning) report(seen)('R12', `${uri}: ${before}, ${meaning}`);
        meanings.set(uri, meaning);
      }
    }
}

/** Time between versions, as far as captures can tell. Interruptions break these rules on purpose. */
export function checkCadence(versions: readonly Seen[], report: (seen: Seen) => Report): void {
  let sinceMs = versions[0]?.atMs ?? 0;
  let segmentSinceMs = sinceMs;
  for (const [index, seen] of versions.entries()) {
    const before = versions[index - 1];
    if (before === undefined || before.media.ended) continue;
    const last = (media: ParsedMedia): number => media.mediaSequence + media.segments.length;
    // What did not change between two captures stood still at least from the first sight to the last.
    if (isBehind(edgeOf(before.media), edgeOf(seen.media))) sinceMs = seen.atMs;
    if (last(seen.media) > last(before.media)) segmentSinceMs = seen.atMs;
    if (seen.media.ended) continue;
    const partLimitMs = (seen.media.partTargetS ?? Number.POSITIVE_INFINITY) * 1000;
    if (seen.atMs - sinceMs > partLimitMs) report(seen)('R13', `no part for ${seen.atMs - sinceMs} ms`);
    if (seen.atMs - segmentSinceMs > seen.media.targetDurationS * 1500)
      report(seen)('R13', `no segment for ${seen.atMs - segmentSinceMs} ms`);
  }
}

/** All versions of all renditions. */
export function checkRenditions(all: readonly Seen[], slackMs: number, report: (seen: Seen) => Report): void {
  const [reference] = all;
  const numbers = new Map<number, { readonly sequence: number; readonly dateText: string | undefined }>();
  const uris = [...new Set(all.map((seen) => seen.uri))];
  for (const seen of all) {
    const { media } = seen;
    if (reference !== undefined && media.targetDurationS !== reference.media.targetDurationS)
      report(seen)('X01', `${media.targetDurationS}`);
    if (reference !== undefined && controlOf(media) !== controlOf(reference.media))
      report(seen)('X02', controlOf(media));
    for (const { msn, discontinuitySequence: sequence, dateText } of allSegments(media)) {
      const other = numbers.get(msn);
      if (other === undefined) numbers.set(msn, { sequence, dateText });
      else {
        if (other.sequence !== sequence)
          report(seen)('X03', `segment ${msn}: ${other.sequence}, ${sequence}`);
        if (other.dateText !== dateText)
          report(seen)('X04', `segment ${msn}: ${other.dateText ?? ''}, ${dateText ?? ''}`);
      }
    }
    checkReports(seen, all, uris, slackMs, report(seen));
  }
}

function checkReports(
  seen: Seen,
  all: readonly Seen[],
  uris: readonly string[],
  slackMs: number,
  report: Report,
): void {
  const reported = new Map(
    seen.media.reports.map((attributes) => [resolveUri(seen.uri, attributes.get('URI') ?? ''), attributes]),
  );
  for (const uri of uris) {
    const attributes = reported.get(uri);
    if (uri === seen.uri) continue;
    if (attributes === undefined) {
      report('X06', uri);
      continue;
    }
    // As an edge: the part after the reported one.
    const edge = [Number(attributes.get('LAST-MSN')), Number(attributes.get('LAST-PART')) + 1] as const;
    for (const other of all) {
      if (other.uri !== uri) continue;
      const [msn, parts] = edgeOf(other.media);
      const closed = other.media.segments.at(-1);
      // The same place can be written as the end of a segment or as the start of the next.
      const same = msn - 1 === edge[0] && parts === 0 && edge[1] >= (closed?.parts.length ?? 0);
      if (other.atMs < seen.atMs - slackMs && isBehind(edge, [msn, parts]) && !same)
        report('X05', `${uri} is reported at ${edge.join('.')}, was at ${msn}.${parts} before`);
      if (other.atMs > seen.atMs + slackMs && isBehind([msn, parts], edge))
        report('X05', `${uri} is reported at ${edge.join('.')}, is at ${msn}.${parts} after`);
    }
  }
}
