/**
 * The rules that live playlists are checked against. Sections are of draft-pantos-hls-rfc8216bis; `house`
 * are our own promises (design section 4, notes on video), stricter where players need it.
 */
export const rules = {
  // One playlist.
  S01: ['4.4.1.1', 'the first line is #EXTM3U'],
  S02: ['4.4.1.2, 6.2.1', 'EXT-X-VERSION stands once and is what the tags need, not more'],
  S03: ['4.4.3.1', 'EXT-X-TARGETDURATION is an integer of at least 1; no EXTINF rounds to more'],
  S04: ['4.4.3', 'tags about the whole playlist stand once; tags of multivariant playlists never'],
  S05: ['4.4.3.2, 6.2.2', 'EXT-X-MEDIA-SEQUENCE stands before the first segment'],
  S06: ['4.4.3.3, 6.2.2', 'EXT-X-DISCONTINUITY-SEQUENCE stands before the first segment and DISCONTINUITY'],
  S07: ['4.4.3.7', 'EXT-X-PART-INF with PART-TARGET is there when parts are'],
  S08: [
    '4.4.3.8',
    'PART-HOLD-BACK is at least 3 PART-TARGET, HOLD-BACK 3, CAN-SKIP-UNTIL 6 target durations',
  ],
  S09: ['4.4.4.1', 'every segment has one EXTINF with a positive duration'],
  S10: ['4.4.4.9', 'every part has URI and DURATION, which is above 0 and at most PART-TARGET'],
  S11: ['4.4.4.9', 'parts are at least 85 % of PART-TARGET, but independent, gap, before a gap, or last'],
  S12: ['4.4.4.9', 'DISCONTINUITY, MAP and PROGRAM-DATE-TIME stand before the first part of their segment'],
  S13: ['4.4.4.5, 6.2.1', 'media has an EXT-X-MAP, and one of its own after a DISCONTINUITY'],
  S14: ['4.4.4.6, appendix B', 'every segment has a PROGRAM-DATE-TIME with milliseconds and zone'],
  S15: ['6.2.1', 'dates go on with the durations and never back'],
  S16: ['6.2.2', 'parts lie within three target durations of the end'],
  S17: ['4.4.5.3', 'a live playlist has one hint for a part, at most one per type; an ended one has none'],
  S18: [
    '4.4.5.4',
    'rendition reports have a relative URI, LAST-MSN and LAST-PART, and are not of the list itself',
  ],
  S19: ['6.2.1', 'a segment is a gap if and only if all of its parts are'],
  S20: ['6.2.2', 'a live playlist has no EXT-X-PLAYLIST-TYPE'],
  S21: ['house', 'EXTINF is the sum of the parts'],
  S22: ['house', 'no URI stands twice'],
  S23: ['second opinion', 'hls-parser reads the playlist and finds the same segments and parts'],
  S24: ['4.4', 'there are no tags but known ones'],
  S25: ['4.4.3.8, 6.2.5', 'CAN-BLOCK-RELOAD=YES is offered, and EXT-X-SKIP only with CAN-SKIP-UNTIL'],
  S26: ['6.2.2', 'parts are listed of the newest segments without holes'],
  // From one version of a playlist to the next.
  R01: ['6.2.1', 'TARGETDURATION does not change'],
  R02: ['house (bluenviron/mediamtx#6237)', 'PART-TARGET and SERVER-CONTROL do not change'],
  R03: ['6.2.2', 'MEDIA-SEQUENCE does not go back'],
  R04: ['6.2.2', 'DISCONTINUITY-SEQUENCE does not go back; segments keep their discontinuity number'],
  R05: ['6.2.1', 'a listed segment does not change'],
  R06: ['6.2.1', 'a listed part does not change, and does not vanish from a growing segment'],
  R07: ['6.2.2', 'segments are removed only if three target durations stay'],
  R08: ['6.2.1', 'the end of the playlist does not go back'],
  R09: ['4.4.3.4', 'nothing changes after ENDLIST'],
  R10: ['4.4.5.3', 'the next part is the hinted one, unless a discontinuity comes between'],
  R11: ['6.2.2', 'parts that were removed do not return'],
  R12: ['house', 'a URI means the same segment or part for ever'],
  R13: ['6.2.1', 'a part within PART-TARGET, a segment within 1.5 target durations (only on request)'],
  // Between renditions.
  X01: ['6.2.4', 'TARGETDURATION is the same in all renditions'],
  X02: ['6.2.4', 'SERVER-CONTROL and PART-TARGET are the same in all renditions'],
  X03: ['6.2.4, house', 'segments of one number have the same discontinuity number in all renditions'],
  X04: ['6.2.4', 'segments of one number have the same date in all renditions'],
  X05: [
    '4.4.5.4',
    'rendition reports are neither behind what was seen before nor ahead of what is seen after',
  ],
  X06: ['appendix B', 'every other rendition is reported'],
  // The multivariant playlist.
  P01: [
    '4.4.6.2',
    'variants have URI, BANDWIDTH, AVERAGE-BANDWIDTH (not higher), RESOLUTION, FRAME-RATE, CODECS',
  ],
  P02: ['4.4.2.1', 'EXT-X-INDEPENDENT-SEGMENTS is there, and true: segments start with an independent part'],
  P03: ['6.2.4', 'it lists the media playlists that were seen, and no tags of those'],
  P04: ['second opinion', 'hls-parser reads it'],
} as const satisfies Record<string, readonly [section: string, text: string]>;

export type RuleId = keyof typeof rules;

export interface Violation {
  readonly rule: RuleId;
  readonly section: string;
  readonly text: string;
  /** What was found. */
  readonly detail: string;
  readonly uri: string;
  readonly atMs: number;
}

/** A playlist as it was got at a moment. */
export interface Capture {
  readonly atMs: number;
  /** Relative to the broadcast's folder: `master.m3u8`, `360p/index.m3u8`. */
  readonly uri: string;
  readonly text: string;
}

export type Report = (rule: RuleId, detail: string) => void;

/** Writing durations rounds them to microseconds. */
export const epsilonS = 2e-6;
