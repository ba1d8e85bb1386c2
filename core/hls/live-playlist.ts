import type { Timing } from '../media/timing.ts';
import { attributes, decimalSeconds, isoTime, quoted } from './format.ts';

/** A part as it stands in a playlist. */
export interface PlaylistPart {
  readonly uri: string;
  readonly durationS: number;
  readonly independent: boolean;
  /** There is no such media: clients must not ask for it. */
  readonly gap: boolean;
}

/** What stands before the first part of a segment. */
export interface PlaylistSegmentHead {
  readonly discontinuity: boolean;
  /** URI of the init segment; undefined in a gap whose run never sent one. */
  readonly map: string | undefined;
  readonly programDateTimeMs: number;
  /** Empty once the segment is too far from the live edge. */
  readonly parts: readonly PlaylistPart[];
}

export interface PlaylistSegment extends PlaylistSegmentHead {
  readonly uri: string;
  readonly durationS: number;
  readonly gap: boolean;
}

export interface RenditionReport {
  readonly uri: string;
  readonly lastMsn: number;
  readonly lastPart: number;
}

export interface LivePlaylist {
  readonly timing: Timing;
  readonly mediaSequence: number;
  readonly discontinuitySequence: number;
  readonly segments: readonly PlaylistSegment[];
  /** The segment that is still growing. */
  readonly open: PlaylistSegmentHead | undefined;
  /** URI of the next part; undefined once nothing more comes, which writes EXT-X-ENDLIST. */
  readonly hint: string | undefined;
  readonly reports: readonly RenditionReport[];
}

/**
 * EXT-X-MAP outside I-frame playlists needs 6 (RFC 8216bis section 8). No tag of low latency raises it as
 * long as there is no EXT-X-SKIP, and the number should not be higher than needed (6.2.1).
 */
const mediaPlaylistVersion = 6;

function partLine(part: PlaylistPart): string {
  return `#EXT-X-PART:${attributes({
    DURATION: decimalSeconds(part.durationS),
    URI: quoted(part.uri),
    INDEPENDENT: part.independent ? 'YES' : undefined,
    GAP: part.gap ? 'YES' : undefined,
  })}`;
}

/** DISCONTINUITY, MAP and PROGRAM-DATE-TIME must stand before the first part of their segment (4.4.4.9). */
function headLines(head: PlaylistSegmentHead, previousMap: string | undefined): string[] {
  const lines: string[] = [];
  if (head.discontinuity) lines.push('#EXT-X-DISCONTINUITY');
  if (head.map !== undefined && head.map !== previousMap)
    lines.push(`#EXT-X-MAP:${attributes({ URI: quoted(head.map) })}`);
  lines.push(`#EXT-X-PROGRAM-DATE-TIME:${isoTime(head.programDateTimeMs)}`, ...head.parts.map(partLine));
  return lines;
}

/** The text of a live media playlist with parts (RFC 8216bis 4.4). */
export function livePlaylistText(playlist: LivePlaylist): string {
  const { timing } = playlist;
  const lines = [
    '#EXTM3U',
    `#EXT-X-VERSION:${mediaPlaylistVersion}`,
    `#EXT-X-TARGETDURATION:${timing.targetDurationS}`,
    // No HOLD-BACK: leaving it out means three target durations, the least that is allowed (4.4.3.8).
    `#EXT-X-SERVER-CONTROL:${attributes({
      'CAN-BLOCK-RELOAD': 'YES',
      'PART-HOLD-BACK': decimalSeconds(timing.partHoldBackS),
    })}`,
    `#EXT-X-PART-INF:${attributes({ 'PART-TARGET': decimalSeconds(timing.partTargetS) })}`,
    `#EXT-X-MEDIA-SEQUENCE:${playlist.mediaSequence}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${playlist.discontinuitySequence}`,
  ];
  let map: string | undefined;
  for (const segment of playlist.segments) {
    lines.push(...headLines(segment, map));
    map = segment.map ?? map;
    if (segment.gap) lines.push('#EXT-X-GAP');
    lines.push(`#EXTINF:${decimalSeconds(segment.durationS)},`, segment.uri);
  }
  if (playlist.open !== undefined) lines.push(...headLines(playlist.open, map));
  if (playlist.hint !== undefined)
    lines.push(`#EXT-X-PRELOAD-HINT:${attributes({ TYPE: 'PART', URI: quoted(playlist.hint) })}`);
  for (const report of playlist.reports)
    lines.push(
      `#EXT-X-RENDITION-REPORT:${attributes({
        URI: quoted(report.uri),
        'LAST-MSN': report.lastMsn,
        'LAST-PART': report.lastPart,
      })}`,
    );
  if (playlist.hint === undefined) lines.push('#EXT-X-ENDLIST');
  return `${lines.join('\n')}\n`;
}
