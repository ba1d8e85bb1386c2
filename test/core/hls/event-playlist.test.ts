import fc from 'fast-check';
import HLS from 'hls-parser';
import { describe, expect, it } from 'vitest';
import { EventPlaylist, readEntries, type EventEntry } from '../../../core/hls/event-playlist.ts';

const startMs = Date.UTC(2026, 10, 20, 9, 0, 0);
const entry = (msn: number, changes: Partial<EventEntry> = {}): EventEntry => ({
  msn,
  run: '1-0',
  durationS: 2,
  programDateTimeMs: startMs + msn * 2_000,
  discontinuity: false,
  gap: false,
  ...changes,
});

function playlistOf(entries: readonly EventEntry[]): EventPlaylist {
  const playlist = new EventPlaylist(2);
  for (const one of entries) playlist.append(one);
  return playlist;
}

/** A show of several runs with holes, numbered from 0. */
const show = fc
  .array(
    fc.record({
      newRun: fc.boolean(),
      durationUs: fc.integer({ min: 1, max: 2_499_999 }),
      gap: fc.boolean(),
      dateMs: fc.integer({ min: 0, max: 4e12 }),
    }),
    { minLength: 1, maxLength: 30 },
  )
  .map((steps) => {
    let session = 1;
    return steps.map(({ newRun, durationUs, gap, dateMs }, msn) => {
      const discontinuity = newRun && msn > 0;
      if (discontinuity) session++;
      return {
        msn,
        run: `${session}-0`,
        durationS: durationUs / 1e6,
        programDateTimeMs: dateMs,
        discontinuity,
        gap,
      };
    });
  });

describe('EventPlaylist', () => {
  it('writes a show of two sessions', () => {
    const playlist = playlistOf([
      entry(0),
      entry(1, { durationS: 0.5005 }),
      entry(2, { run: '2-0', discontinuity: true }),
      entry(3, { run: '2-0', gap: true }),
    ]);
    expect(playlist.text(true)).toBe(`#EXTM3U
#EXT-X-VERSION:8
#EXT-X-TARGETDURATION:2
#EXT-X-PLAYLIST-TYPE:EVENT
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-MAP:URI="1-0-init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-20T09:00:00.000Z
#EXTINF:2.0,
1-0-0.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-11-20T09:00:02.000Z
#EXTINF:0.5005,
1-0-1.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="2-0-init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-20T09:00:04.000Z
#EXTINF:2.0,
2-0-2.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-11-20T09:00:06.000Z
#EXTINF:2.0,
#EXT-X-GAP
2-0-3.m4s
#EXT-X-ENDLIST
`);
  });

  it('names an init segment only when a segment of its run is there', () => {
    const text = playlistOf([
      entry(0, { gap: true }),
      entry(1, { run: '2-0', discontinuity: true, gap: true }),
      entry(2, { run: '2-0' }),
    ]).text(false);
    expect(text.match(/EXT-X-MAP/g)).toHaveLength(1);
    expect(text.indexOf('EXT-X-MAP')).toBeGreaterThan(text.indexOf('2-0-1.m4s'));
  });

  it('counts as it grows', () => {
    const playlist = playlistOf([entry(0), entry(1, { run: '1-1', discontinuity: true, durationS: 1 })]);
    expect(playlist).toMatchObject({ nextMsn: 2, discontinuities: 1, durationS: 3, hasMedia: true });
    expect(playlistOf([entry(0, { gap: true })]).hasMedia).toBe(false);
  });

  it('takes nothing out of order', () => {
    const playlist = playlistOf([entry(0)]);
    expect(() => playlist.append(entry(0))).toThrow('cannot follow');
    expect(() => playlist.append(entry(2))).toThrow('cannot follow');
  });

  it('is read back as it was written, whatever the show', () => {
    fc.assert(
      fc.property(show, fc.boolean(), (entries, ended) => {
        const written = playlistOf(entries);
        const read = EventPlaylist.read(written.text(ended), 2);
        expect(readEntries(written.text(false), 2)).toEqual(entries);
        expect(read?.text(true)).toBe(written.text(true));
        expect(read).toMatchObject({
          nextMsn: written.nextMsn,
          discontinuities: written.discontinuities,
          hasMedia: written.hasMedia,
          mappedRun: written.mappedRun,
        });
      }),
    );
  });

  it('only ever grows at its end, over a resume as well', () => {
    fc.assert(
      fc.property(show, fc.nat(), (entries, cut) => {
        const first = entries.slice(0, (cut % entries.length) + 1);
        const before = playlistOf(first).text(false);
        const resumed = EventPlaylist.read(before, 2);
        for (const one of entries.slice(first.length)) resumed?.append(one);
        expect(resumed?.text(false)).toBe(playlistOf(entries).text(false));
        expect(resumed?.text(false).startsWith(before)).toBe(true);
      }),
    );
  });

  it('says to another parser what it means', () => {
    fc.assert(
      fc.property(show, (entries) => {
        const parsed = HLS.parse(playlistOf(entries).text(true)) as HLS.types.MediaPlaylist;
        expect(parsed).toMatchObject({ playlistType: 'EVENT', endlist: true, targetDuration: 2, version: 8 });
        expect(
          parsed.segments.map((segment) => [
            segment.mediaSequenceNumber,
            segment.gap === true,
            segment.discontinuity === true,
          ]),
        ).toEqual(entries.map(({ msn, gap, discontinuity }) => [msn, gap, discontinuity]));
        for (const [index, { uri, duration, map }] of parsed.segments.entries()) {
          const { run, msn, durationS, gap } = entries[index] ?? entry(0);
          expect(uri).toBe(`${run}-${msn}.m4s`);
          expect(duration).toBeCloseTo(durationS, 6);
          if (!gap) expect(map?.uri).toBe(`${run}-init.mp4`);
        }
      }),
    );
  });

  it('does not take up what it did not write', () => {
    const text = playlistOf([entry(0), entry(1)]).text(false);
    expect(EventPlaylist.read(text, 2)).toBeDefined();
    for (const bad of [
      '',
      '#EXTM3U\n',
      text.slice(0, -1),
      text.slice(0, -20),
      text.replace('1-0-1.m4s', '1-0-7.m4s'),
      text.replace('1-0-1.m4s', '../../x'),
      text.replace('#EXTINF:2.0,', '#EXTINF:-1,'),
      text.replace('#EXT-X-MEDIA-SEQUENCE:0\n', ''),
      text.replace('2026-11-20', 'yesterday'),
    ])
      expect(EventPlaylist.read(bad, 2)).toBeUndefined();
    expect(EventPlaylist.read(text, 3)).toBeUndefined();
  });

  it('never throws at text from outside', () => {
    const pieces = fc.constantFrom(
      '#EXTM3U',
      '#EXT-X-TARGETDURATION:2',
      '#EXT-X-MEDIA-SEQUENCE:0',
      '#EXTINF:2.0,',
      '1-0-0.m4s',
      '\n',
      '#',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string()), { maxLength: 30 }), (parts) => {
        EventPlaylist.read(parts.join('\n'), 2);
      }),
    );
  });

  it('ignores tags that a later version may add', () => {
    const text = playlistOf([entry(0)])
      .text(false)
      .replace('#EXTINF', '#EXT-X-BITRATE:900\n#EXTINF');
    expect(EventPlaylist.read(text, 2)?.text(false)).toBe(text);
  });
});
