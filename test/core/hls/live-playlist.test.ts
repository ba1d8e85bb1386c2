import { describe, expect, it } from 'vitest';
import {
  livePlaylistText,
  type LivePlaylist,
  type PlaylistSegment,
} from '../../../core/hls/live-playlist.ts';
import { timingFor } from '../../../core/media/timing.ts';

const segment = (msn: number, changes: Partial<PlaylistSegment> = {}): PlaylistSegment => ({
  uri: `1-1-${msn}.m4s`,
  durationS: 2,
  discontinuity: false,
  map: '1-1-init.mp4',
  programDateTimeMs: 1_700_000_000_000 + msn * 2000,
  gap: false,
  parts: [],
  ...changes,
});
const playlist: LivePlaylist = {
  timing: timingFor({ num: 30, den: 1 }),
  mediaSequence: 4,
  discontinuitySequence: 1,
  segments: [segment(4), segment(5)],
  open: {
    discontinuity: true,
    map: '2-1-init.mp4',
    programDateTimeMs: 1_700_000_012_345,
    parts: [
      { uri: '2-1-6.0.m4s', durationS: 0.5, independent: true, gap: false },
      { uri: '2-1-6.1.m4s', durationS: 0.5, independent: false, gap: true },
    ],
  },
  hint: '2-1-6.2.m4s',
  reports: [{ uri: '../160p/index.m3u8', lastMsn: 6, lastPart: 0 }],
};

describe('a live playlist', () => {
  it('is written line by line as the draft wants it', () => {
    expect(livePlaylistText(playlist)).toBe(`#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5
#EXT-X-PART-INF:PART-TARGET=0.5
#EXT-X-MEDIA-SEQUENCE:4
#EXT-X-DISCONTINUITY-SEQUENCE:1
#EXT-X-MAP:URI="1-1-init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:28.000Z
#EXTINF:2.0,
1-1-4.m4s
#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:30.000Z
#EXTINF:2.0,
1-1-5.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="2-1-init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:32.345Z
#EXT-X-PART:DURATION=0.5,URI="2-1-6.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.5,URI="2-1-6.1.m4s",GAP=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="2-1-6.2.m4s"
#EXT-X-RENDITION-REPORT:URI="../160p/index.m3u8",LAST-MSN=6,LAST-PART=0
`);
  });

  it('ends with ENDLIST and hints at nothing when nothing more comes', () => {
    const text = livePlaylistText({ ...playlist, open: undefined, hint: undefined });
    expect(text).toMatch(/#EXT-X-ENDLIST\n$/);
    expect(text).not.toContain('PRELOAD-HINT');
  });

  it('writes the init segment again only when it changes, and none for a gap without', () => {
    const text = livePlaylistText({
      ...playlist,
      segments: [segment(4), segment(5, { gap: true, map: undefined }), segment(6)],
      open: undefined,
    });
    expect(text.match(/EXT-X-MAP/g)).toHaveLength(1);
    expect(text).toContain('#EXT-X-GAP\n#EXTINF:2.0,\n1-1-5.m4s\n');
  });

  it('never says that a part is longer than the part target', () => {
    for (const frameRate of [
      { num: 30_000, den: 1001 },
      { num: 24_000, den: 1001 },
      { num: 15, den: 1 },
      { num: 25, den: 1 },
    ]) {
      const timing = timingFor(frameRate);
      const part = { uri: 'a', durationS: timing.partDurationS, independent: true, gap: false };
      const text = livePlaylistText({ ...playlist, timing, open: { ...segment(6), parts: [part] } });
      const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1]);
      expect(number(/PART:DURATION=([\d.]+)/)).toBeLessThanOrEqual(number(/PART-TARGET=([\d.]+)/));
    }
  });
});
