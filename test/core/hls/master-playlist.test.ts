import HLS from 'hls-parser';
import { describe, expect, it } from 'vitest';
import { averageBandwidth, masterPlaylistText, peakBandwidth } from '../../../core/hls/master-playlist.ts';
import type { Rendition } from '../../../core/media/ladder.ts';

const rendition: Rendition = {
  name: '720p',
  width: 1280,
  height: 720,
  videoBitrateBps: 2_800_000,
  audioBitrateBps: 128_000,
};
const codecs = { video: 'avc1.64001f', audio: 'mp4a.40.2' };

describe('the multivariant playlist', () => {
  it('says of each rendition what a player must know to choose', () => {
    const text = masterPlaylistText(
      [
        { rendition, codecs, measuredPeakBps: 0 },
        { rendition: { ...rendition, name: '360p' }, codecs: { video: codecs.video }, measuredPeakBps: 0 },
      ],
      { num: 30_000, den: 1001 },
    );
    expect(text).toBe(`#EXTM3U
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=3557760,AVERAGE-BANDWIDTH=2986560,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970
720p/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=3557760,AVERAGE-BANDWIDTH=2986560,CODECS="avc1.64001f",RESOLUTION=1280x720,FRAME-RATE=29.970
360p/index.m3u8
`);
    const parsed = HLS.parse(text);
    expect(parsed.isMasterPlaylist && parsed.variants.map((variant) => variant.uri)).toEqual([
      '720p/index.m3u8',
      '360p/index.m3u8',
    ]);
  });

  it('leaves CODECS out rather than writing an empty one', () => {
    expect(
      masterPlaylistText([{ rendition, codecs: {}, measuredPeakBps: 0 }], { num: 30, den: 1 }),
    ).not.toContain('CODECS');
  });

  it('raises BANDWIDTH to a measured peak, in steps', () => {
    expect(peakBandwidth(rendition, 3_000_000)).toBe(peakBandwidth(rendition, 0));
    expect(peakBandwidth(rendition, 5_000_001)).toBe(5_050_000);
    expect(peakBandwidth(rendition, 5_049_999)).toBe(5_050_000);
    expect(averageBandwidth(rendition)).toBeLessThan(peakBandwidth(rendition, 0));
  });
});
