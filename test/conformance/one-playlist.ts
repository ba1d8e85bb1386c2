import HLS from 'hls-parser';
import {
  allSegments,
  parseAttributes,
  partsLength,
  playlistLength,
  splitTag,
  type ParsedMedia,
  type ParsedPart,
} from './parse.ts';
import { epsilonS, type Report } from './rules.ts';

// Its complaints are only printed otherwise.
HLS.setOptions({ strictMode: true, silent: true });

const onceOnly = [
  'EXT-X-TARGETDURATION',
  'EXT-X-MEDIA-SEQUENCE',
  'EXT-X-DISCONTINUITY-SEQUENCE',
  'EXT-X-ENDLIST',
  'EXT-X-PLAYLIST-TYPE',
  'EXT-X-PART-INF',
  'EXT-X-SERVER-CONTROL',
  'EXT-X-SKIP',
];
const known = new Set([
  ...onceOnly,
  'EXTM3U',
  'EXT-X-VERSION',
  'EXT-X-INDEPENDENT-SEGMENTS',
  'EXTINF',
  'EXT-X-DISCONTINUITY',
  'EXT-X-MAP',
  'EXT-X-PROGRAM-DATE-TIME',
  'EXT-X-GAP',
  'EXT-X-PART',
  'EXT-X-PRELOAD-HINT',
  'EXT-X-RENDITION-REPORT',
]);
const masterOnly = ['EXT-X-STREAM-INF', 'EXT-X-MEDIA', 'EXT-X-I-FRAME-STREAM-INF', 'EXT-X-SESSION-DATA'];

export function checkOnePlaylist(media: ParsedMedia, uri: string, report: Report): void {
  checkHeader(media, report);
  checkTags(media, report);
  checkControl(media, report);
  checkSegments(media, report);
  checkParts(media, report);
  checkDates(media, report);
  checkHintsAndReports(media, uri, report);
  checkWithHlsParser(media, report);
}

function checkHeader({ lines, tags, version, targetDurationS, segments }: ParsedMedia, report: Report): void {
  if (lines[0] !== '#EXTM3U') report('S01', `it is ${JSON.stringify(lines[0])}`);
  // 6 for EXT-X-MAP, which is missing only while there is nothing but gaps: the number must not change then.
  const needed = tags.has('EXT-X-SKIP') ? 9 : 6;
  if (tags.get('EXT-X-VERSION')?.length !== 1 || version !== needed)
    report('S02', `the tags need ${needed}, it says ${tags.get('EXT-X-VERSION')?.join(', ') ?? 'nothing'}`);
  if (!Number.isInteger(targetDurationS) || targetDurationS < 1)
    report('S03', `it is ${tags.get('EXT-X-TARGETDURATION')?.[0] ?? 'missing'}`);
  for (const { msn, durationS = 0 } of segments)
    if (Math.round(durationS) > targetDurationS) report('S03', `segment ${msn} has ${durationS} s`);
}

function checkTags({ lines, tags }: ParsedMedia, report: Report): void {
  for (const tag of onceOnly) {
    const count = tags.get(tag)?.length ?? 0;
    if (count > 1) report('S04', `${tag} stands ${count} times`);
  }
  for (const tag of masterOnly) if (tags.has(tag)) report('S04', `${tag} is there`);
  for (const tag of tags.keys()) if (!known.has(tag) && !masterOnly.includes(tag)) report('S24', tag);
  if (tags.has('EXT-X-PLAYLIST-TYPE')) report('S20', 'it is there');
  const at = (test: (line: string) => boolean): number => {
    const index = lines.findIndex(test);
    return index < 0 ? Number.POSITIVE_INFINITY : index;
  };
  const named = (name: string): number => at((line) => line.startsWith('#') && splitTag(line)[0] === name);
  const firstMedia = Math.min(
    at((line) => line !== '' && !line.startsWith('#')),
    named('EXT-X-PART'),
  );
  if (!(named('EXT-X-MEDIA-SEQUENCE') < firstMedia)) report('S05', 'it is missing or late');
  if (!(named('EXT-X-DISCONTINUITY-SEQUENCE') < Math.min(firstMedia, named('EXT-X-DISCONTINUITY'))))
    report('S06', 'it is missing or late');
}

function checkControl(media: ParsedMedia, report: Report): void {
  const { serverControl, partTargetS, targetDurationS, tags } = media;
  if (tags.has('EXT-X-PART') && partTargetS === undefined) report('S07', 'it is missing');
  const value = (name: string): number | undefined => {
    const text = serverControl.get(name);
    return text === undefined ? undefined : Number(text);
  };
  if (partTargetS !== undefined && !((value('PART-HOLD-BACK') ?? 0) >= 3 * partTargetS - epsilonS))
    report('S08', `PART-HOLD-BACK is ${serverControl.get('PART-HOLD-BACK') ?? 'missing'}`);
  const holdBack = value('HOLD-BACK');
  if (holdBack !== undefined && holdBack < 3 * targetDurationS) report('S08', `HOLD-BACK is ${holdBack}`);
  const skip = value('CAN-SKIP-UNTIL');
  if (skip !== undefined && skip < 6 * targetDurationS) report('S08', `CAN-SKIP-UNTIL is ${skip}`);
  if (serverControl.get('CAN-BLOCK-RELOAD') !== 'YES') report('S25', 'CAN-BLOCK-RELOAD=YES is missing');
  if (tags.has('EXT-X-SKIP') && skip === undefined) report('S25', 'EXT-X-SKIP without CAN-SKIP-UNTIL');
}

function checkSegments(media: ParsedMedia, report: Report): void {
  const uris = [
    ...media.segments.map((segment) => segment.uri),
    ...allSegments(media).flatMap((segment) => segment.parts.map((part) => part.uri)),
  ];
  const seen = new Set<string | undefined>();
  for (const uri of uris) {
    if (seen.has(uri)) report('S22', `${uri}`);
    seen.add(uri);
  }
  if ((media.tags.get('EXTINF')?.length ?? 0) !== media.segments.length)
    report('S09', `${media.tags.get('EXTINF')?.length ?? 0} EXTINF, ${media.segments.length} segments`);
  for (const segment of media.segments) {
    const { msn, durationS, parts } = segment;
    if (!(durationS !== undefined && durationS > 0)) report('S09', `segment ${msn} has ${durationS}`);
    else if (parts.length > 0 && Math.abs(partsLength(parts) - durationS) > epsilonS * parts.length)
      report('S21', `segment ${msn}: ${durationS} s, its parts ${partsLength(parts)} s`);
    if (parts.length > 0 && parts.every((part) => part.gap) !== segment.gap) report('S19', `segment ${msn}`);
  }
  for (const segment of allSegments(media)) {
    if (segment.lateTags.length > 0) report('S12', `segment ${segment.msn}: ${segment.lateTags.join(', ')}`);
    const hasMedia = segment.uri === undefined ? segment.parts.some((part) => !part.gap) : !segment.gap;
    if (hasMedia && segment.map === undefined) report('S13', `segment ${segment.msn} has none`);
    if (hasMedia && segment.discontinuity && !segment.ownMap)
      report('S13', `segment ${segment.msn} follows a discontinuity without one`);
  }
}

const exempt = (part: ParsedPart, next: ParsedPart | undefined, isLast: boolean): boolean =>
  part.independent || part.gap || next?.gap === true || isLast;

function checkParts(media: ParsedMedia, report: Report): void {
  const target = media.partTargetS ?? Number.POSITIVE_INFINITY;
  let fromEndS = playlistLength(media);
  let partsBegan = false;
  for (const segment of allSegments(media)) {
    const { msn, parts } = segment;
    if (parts.length > 0) partsBegan = true;
    else if (partsBegan) report('S26', `segment ${msn} has none, an older one has`);
    for (const [index, part] of parts.entries()) {
      if (part.uri === '' || !(part.durationS > 0) || part.durationS > target + epsilonS / 4)
        report('S10', `part ${msn}.${index} has ${part.durationS} s of ${target}`);
      // The last part of a growing segment is not its last for sure: it must be long enough.
      const isLast = index === parts.length - 1 && segment.uri !== undefined;
      if (part.durationS < target * 0.85 - epsilonS && !exempt(part, parts[index + 1], isLast))
        report('S11', `part ${msn}.${index} has ${part.durationS} s of ${target}`);
    }
    const first = parts[0];
    if (first !== undefined && fromEndS > 3 * media.targetDurationS + 1e-3)
      report('S16', `part ${msn}.0 is ${fromEndS} s from the end`);
    fromEndS -= segment.durationS ?? partsLength(parts);
  }
}

function checkDates(media: ParsedMedia, report: Report): void {
  let expectedMs: number | undefined;
  for (const segment of allSegments(media)) {
    const { msn, dateMs, dateText } = segment;
    if (dateText === undefined || !/T\d\d:\d\d:\d\d\.\d{3}(?:Z|[+-]\d\d:\d\d)$/.test(dateText))
      report('S14', `segment ${msn} has ${dateText ?? 'none'}`);
    if (dateMs === undefined) continue;
    if (expectedMs !== undefined) {
      const offMs = dateMs - expectedMs;
      // Two roundings to milliseconds; after a discontinuity time may have passed.
      if (offMs < -2 || (!segment.discontinuity && offMs > 2))
        report('S15', `segment ${msn} is ${offMs} ms off`);
    }
    expectedMs = dateMs + (segment.durationS ?? partsLength(segment.parts)) * 1000;
  }
}

function checkHintsAndReports(media: ParsedMedia, uri: string, report: Report): void {
  const types = media.hints.map((hint) => hint.get('TYPE'));
  if (new Set(types).size !== types.length) report('S17', `types ${types.join(', ')}`);
  if (media.ended && types.length > 0) report('S17', 'a hint after ENDLIST');
  if (!media.ended && !media.hints.some((hint) => hint.get('TYPE') === 'PART' && hint.get('URI')))
    report('S17', 'no part is hinted');
  for (const attributes of media.reports) {
    const target = attributes.get('URI') ?? '';
    const numbers = [attributes.get('LAST-MSN'), attributes.get('LAST-PART')];
    if (target === '' || /^[a-z]+:|^\//i.test(target) || !numbers.every((n) => /^\d+$/.test(n ?? '')))
      report('S18', `${target} ${numbers.join(' ')}`);
    if (resolveUri(uri, target) === uri) report('S18', 'it reports itself');
  }
}

/** A relative URI of a playlist, relative to the broadcast's folder. */
export const resolveUri = (base: string, relative: string): string =>
  new URL(relative, `http://x/live/slot/broadcast/${base}`).pathname.replace('/live/slot/broadcast/', '');

function checkWithHlsParser(media: ParsedMedia, report: Report): void {
  try {
    // hls-parser wants version 8 for EXT-X-GAP, as drafts before 2019 did; section 8 no longer names it.
    const text = media.lines.join('\n');
    const parsed = HLS.parse(media.tags.has('EXT-X-GAP') ? text.replace('VERSION:6', 'VERSION:8') : text);
    if (parsed.isMasterPlaylist) {
      report('S23', 'it takes it for a multivariant playlist');
      return;
    }
    // hls-parser counts the growing segment, and the hint as a part of it.
    const complete = parsed.segments.filter((segment) => segment.uri !== undefined && segment.uri !== '');
    const parts = parsed.segments.flatMap((segment) => segment.parts.filter((part) => !part.hint));
    const ownParts = allSegments(media).flatMap((segment) => segment.parts);
    if (
      complete.map((segment) => segment.uri).join() !== media.segments.map((segment) => segment.uri).join() ||
      parts.map((part) => part.uri).join() !== ownParts.map((part) => part.uri).join()
    )
      report('S23', 'it finds other segments or parts');
  } catch (error) {
    report('S23', error instanceof Error ? error.message : String(error));
  }
}

export function checkMaster(text: string, mediaUris: readonly string[], report: Report): void {
  const lines = text.split('\n');
  if (lines[0] !== '#EXTM3U') report('S01', `it is ${JSON.stringify(lines[0])}`);
  if (!lines.includes('#EXT-X-INDEPENDENT-SEGMENTS')) report('P02', 'the tag is missing');
  for (const tag of ['EXTINF', 'EXT-X-PART', 'EXT-X-TARGETDURATION', 'EXT-X-MEDIA-SEQUENCE', 'EXT-X-MAP'])
    if (lines.some((line) => line.startsWith(`#${tag}:`))) report('P03', `${tag} is there`);
  const listed: string[] = [];
  for (const [index, line] of lines.entries()) {
    if (!line.startsWith('#EXT-X-STREAM-INF:')) continue;
    const attributes = parseAttributes(splitTag(line)[1]);
    const uri = lines[index + 1] ?? '';
    const peak = Number(attributes.get('BANDWIDTH'));
    const average = Number(attributes.get('AVERAGE-BANDWIDTH'));
    const named = ['RESOLUTION', 'FRAME-RATE', 'CODECS'].every((name) => attributes.get(name));
    if (uri === '' || uri.startsWith('#') || !(average > 0) || !(peak >= average) || !named)
      report('P01', `${uri}: ${line}`);
    listed.push(uri);
  }
  for (const uri of mediaUris) if (!listed.includes(uri)) report('P03', `${uri} is not listed`);
  try {
    if (!HLS.parse(text).isMasterPlaylist) report('P04', 'it takes it for a media playlist');
  } catch (error) {
    report('P04', error instanceof Error ? error.message : String(error));
  }
}
