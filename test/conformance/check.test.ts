import { describe, expect, it } from 'vitest';
import { checkPlaylists, explain, type Capture, type CheckOptions } from './check.ts';
import { rules, type RuleId } from './rules.ts';

// Two renditions, written by hand, at three moments: a part more, then the segment complete, then a new run
// after a reconnect. The window is short, so that the first segment leaves it.
const head = `#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5
#EXT-X-PART-INF:PART-TARGET=0.5
`;
const plain = (
  msn: number,
  second: string,
): string => `#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:${second}.000Z
#EXTINF:2.0,
1-1-${msn}.m4s
`;
const part = (run: string, msn: number, index: number): string =>
  `#EXT-X-PART:DURATION=0.5,URI="${run}-${msn}.${index}.m4s"${index === 0 ? ',INDEPENDENT=YES' : ''}
`;
const parts = (run: string, msn: number, count: number): string =>
  Array.from({ length: count }, (_, index) => part(run, msn, index)).join('');
const hint = (name: string): string => `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${name}.m4s"
`;
const map = '#EXT-X-MAP:URI="1-1-init.mp4"\n';
const date14 = '#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:14.000Z\n';
const other = (uri: string): string => (uri.startsWith('360p') ? '160p' : '360p');
const report = (uri: string, msn: number, index: number): string =>
  `#EXT-X-RENDITION-REPORT:URI="../${other(uri)}/index.m3u8",LAST-MSN=${msn},LAST-PART=${index}
`;

const listed = `${plain(11, '06')}${plain(12, '08')}`;
const versions: readonly ((uri: string) => string)[] = [
  (uri) =>
    `${head}#EXT-X-MEDIA-SEQUENCE:10
#EXT-X-DISCONTINUITY-SEQUENCE:0
${map}${plain(10, '04')}${listed}#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:10.000Z
${parts('1-1', 13, 3)}${hint('1-1-13.3')}${report(uri, 13, 2)}`,
  (uri) =>
    `${head}#EXT-X-MEDIA-SEQUENCE:11
#EXT-X-DISCONTINUITY-SEQUENCE:0
${map}${listed}#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:10.000Z
${parts('1-1', 13, 4)}#EXTINF:2.0,
1-1-13.m4s
${hint('1-1-14.0')}${report(uri, 13, 3)}`,
  (uri) =>
    `${head}#EXT-X-MEDIA-SEQUENCE:11
#EXT-X-DISCONTINUITY-SEQUENCE:0
${map}${listed}#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:10.000Z
${parts('1-1', 13, 4)}#EXTINF:2.0,
1-1-13.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="2-1-init.mp4"
${date14}${parts('2-1', 14, 2)}${hint('2-1-14.2')}${report(uri, 14, 1)}`,
];
const master: Capture = {
  uri: 'master.m3u8',
  atMs: 0,
  text: `#EXTM3U
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=2000,AVERAGE-BANDWIDTH=1500,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=30.000
360p/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=1000,AVERAGE-BANDWIDTH=500,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=284x160,FRAME-RATE=30.000
160p/index.m3u8
`,
};
const media = versions.flatMap((version, index) =>
  ['360p/index.m3u8', '160p/index.m3u8'].map((uri): Capture => ({
    uri,
    atMs: index * 500,
    text: version(uri),
  })),
);
const good: readonly Capture[] = [master, ...media];

/** The good captures with a replacement in one of them: `index` counts the media captures, 0 is the first 360p. */
function spoiled(index: number | 'all' | 'master', from: string | RegExp, to: string): Capture[] {
  let changed = false;
  const captures = good.map((capture) => {
    const at = capture === master ? 'master' : media.indexOf(capture);
    if (at !== index && !(index === 'all' && at !== 'master')) return capture;
    const text = capture.text.replace(from, to);
    changed ||= text !== capture.text;
    return { ...capture, text };
  });
  if (!changed) throw new Error(`nothing was spoiled: ${from}`);
  return captures;
}

const ended = (text: string): string => `${text.replace(/#EXT-X-PRELOAD-HINT.*\n/, '')}#EXT-X-ENDLIST\n`;
const edited = (
  { uri, text, atMs }: Capture,
  edit: (text: string) => string,
  newAtMs: number = atMs,
): Capture => ({ uri, text: edit(text), atMs: newAtMs });
const shortened = (capture: Capture): Capture => ({
  ...capture,
  text: capture.text.replace('MEDIA-SEQUENCE:11', 'MEDIA-SEQUENCE:13'),
});
const firstHalf = good.slice(0, 5);

const badExamples: Readonly<Record<RuleId, readonly (readonly Capture[])[]>> = {
  S01: [spoiled(0, '#EXTM3U', '#EXTM3U8'), spoiled('master', '#EXTM3U\n', '')],
  S02: [spoiled('all', 'VERSION:6', 'VERSION:9'), spoiled('all', '#EXT-X-VERSION:6\n', '')],
  S03: [spoiled('all', 'TARGETDURATION:2', 'TARGETDURATION:1'), spoiled(0, '#EXT-X-TARGETDURATION:2\n', '')],
  S04: [
    spoiled('all', '#EXT-X-PART-INF', '#EXT-X-TARGETDURATION:2\n#EXT-X-PART-INF'),
    spoiled(0, '#EXT-X-PART-INF', '#EXT-X-SESSION-DATA:DATA-ID="a",VALUE="b"\n#EXT-X-PART-INF'),
  ],
  S05: [
    spoiled('all', /#EXT-X-MEDIA-SEQUENCE:\d+\n/, ''),
    spoiled(0, /(#EXT-X-MEDIA-SEQUENCE:10\n)([^]*)/, '$2$1'),
  ],
  S06: [
    spoiled('all', '#EXT-X-DISCONTINUITY-SEQUENCE:0\n', ''),
    spoiled(0, /(#EXT-X-DISCONTINUITY-SEQUENCE:0\n)([^]*)/, '$2$1'),
  ],
  S07: [spoiled('all', '#EXT-X-PART-INF:PART-TARGET=0.5\n', '')],
  S08: [
    spoiled('all', 'PART-HOLD-BACK=1.5', 'PART-HOLD-BACK=1.4'),
    spoiled('all', 'PART-HOLD-BACK=1.5', 'PART-HOLD-BACK=1.5,HOLD-BACK=5'),
    spoiled('all', 'PART-HOLD-BACK=1.5', 'PART-HOLD-BACK=1.5,CAN-SKIP-UNTIL=11'),
    spoiled('all', ',PART-HOLD-BACK=1.5', ''),
  ],
  S09: [spoiled(0, '#EXTINF:2.0,\n1-1-11', '1-1-11'), spoiled(0, 'EXTINF:2.0', 'EXTINF:0')],
  S10: [
    spoiled(0, 'DURATION=0.5', 'DURATION=0.500001'),
    spoiled(0, 'DURATION=0.5,', ''),
    spoiled(0, /,URI="1-1-13.1.m4s"/, ''),
  ],
  S11: [
    spoiled(2, 'DURATION=0.5,URI="1-1-13.1', 'DURATION=0.42,URI="1-1-13.1'),
    spoiled(0, /0\.5(,URI="1-1-13.2)/, '0.3$1'),
  ],
  S12: [spoiled(4, /(#EXT-X-MAP:URI="2-1-init.mp4"\n)(.*\n.*\n)/, '$2$1')],
  S13: [spoiled('all', map, ''), spoiled(4, '#EXT-X-MAP:URI="2-1-init.mp4"\n', '')],
  S14: [
    spoiled(0, '#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:06.000Z\n', ''),
    spoiled(0, '00:00:06.000Z', '00:00:06Z'),
    spoiled(0, '00:00:06.000Z', '00:00:06.000'),
  ],
  S15: [spoiled(0, '00:00:06.000Z', '00:00:06.100Z'), spoiled(4, '00:00:14.000Z', '00:00:11.000Z')],
  S16: [spoiled(0, plain(10, '04'), `${parts('1-1', 10, 4)}${plain(10, '04')}`)],
  S17: [
    spoiled(0, hint('1-1-13.3'), ''),
    spoiled(0, hint('1-1-13.3'), hint('1-1-13.3') + hint('1-1-13.4')),
    spoiled(4, '#EXT-X-PRELOAD', '#EXT-X-ENDLIST\n#EXT-X-PRELOAD'),
    spoiled(0, 'TYPE=PART,', 'TYPE=MAP,'),
  ],
  S18: [
    spoiled(0, '../160p/index.m3u8', '/live/a/b/160p/index.m3u8'),
    spoiled(0, ',LAST-PART=2', ''),
    spoiled(0, '../160p/index.m3u8', 'index.m3u8'),
    spoiled(0, 'LAST-MSN=13', 'LAST-MSN=x'),
  ],
  S19: [
    spoiled(2, /m4s"(?:,INDEPENDENT=YES)?\n(?=#EXT-X-PART|#EXTINF)/g, 'm4s",GAP=YES\n'),
    spoiled(2, '#EXTINF:2.0,\n1-1-13', '#EXT-X-GAP\n#EXTINF:2.0,\n1-1-13'),
  ],
  S20: [spoiled('all', '#EXT-X-PART-INF', '#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-PART-INF')],
  S21: [spoiled(2, '#EXTINF:2.0,\n1-1-13', '#EXTINF:1.9,\n1-1-13')],
  S22: [spoiled(0, '1-1-11.m4s', '1-1-12.m4s'), spoiled(0, '1-1-13.1.m4s', '1-1-13.0.m4s')],
  S23: [
    spoiled(0, '#EXT-X-MAP:URI="1-1-init.mp4"', '#EXT-X-MAP:FOO="1-1-init.mp4"'),
    // Takes the third part for no part.
    spoiled(0, '#EXT-X-PART:DURATION=0.5,URI="1-1-13.2.m4s"', '#EXT-X-PART:DURATION=,URI='),
  ],
  S24: [spoiled(0, '#EXT-X-PROGRAM-DATE-TIME', '#EXT-X-PROGRAM-DATETIME:x\n#EXT-X-PROGRAM-DATE-TIME')],
  S25: [
    spoiled('all', 'CAN-BLOCK-RELOAD=YES,', ''),
    spoiled(0, map, `#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n${map}`),
  ],
  S26: [
    spoiled(4, /(?:#EXT-X-PART:.*URI="1-1-13.*\n)+/, '').map((capture) =>
      edited(capture, (text) => text.replace(plain(12, '08'), parts('1-1', 12, 4) + plain(12, '08'))),
    ),
  ],
  R01: [spoiled(2, 'TARGETDURATION:2', 'TARGETDURATION:3')],
  R02: [
    spoiled(2, 'PART-TARGET=0.5', 'PART-TARGET=0.50001'),
    spoiled(2, 'PART-HOLD-BACK=1.5', 'PART-HOLD-BACK=1.6'),
  ],
  R03: [spoiled(4, 'MEDIA-SEQUENCE:11', 'MEDIA-SEQUENCE:10')],
  R04: [
    spoiled(0, 'DISCONTINUITY-SEQUENCE:0', 'DISCONTINUITY-SEQUENCE:1'),
    spoiled(2, 'DISCONTINUITY-SEQUENCE:0', 'DISCONTINUITY-SEQUENCE:1'),
  ],
  R05: [
    spoiled(2, '1-1-12.m4s', '1-1-99.m4s'),
    spoiled(2, '#EXTINF:2.0,\n1-1-12', '#EXT-X-GAP\n#EXTINF:2.0,\n1-1-12'),
    spoiled(2, map, '#EXT-X-MAP:URI="1-2-init.mp4"\n'),
    spoiled(2, '00:00:10.000Z', '00:00:10.001Z'),
  ],
  R06: [
    spoiled(2, '#EXT-X-PART:DURATION=0.5,URI="1-1-13.1.m4s"\n', ''),
    spoiled(2, 'DURATION=0.5,URI="1-1-13.1', 'DURATION=0.49,URI="1-1-13.1'),
  ],
  R07: [spoiled(2, listed, '').map((capture, index) => (index === 3 ? shortened(capture) : capture))],
  R08: [
    [...good.slice(0, 3), ...good.slice(3).toReversed()].map((capture, index) =>
      edited(capture, (text) => text, index),
    ),
  ],
  R09: [
    good.map((capture) =>
      media.indexOf(capture) === 2 ? { ...capture, text: ended(capture.text) } : capture,
    ),
  ],
  R10: [spoiled(0, '1-1-13.3.m4s', '1-1-14.0.m4s')],
  R11: [spoiled(2, plain(12, '08'), `${parts('1-1', 12, 4)}${plain(12, '08')}`)],
  R12: [spoiled(4, '1-1-13.m4s', '1-1-10.m4s')],
  R13: [],
  X01: [spoiled(1, 'TARGETDURATION:2', 'TARGETDURATION:3')],
  X02: [spoiled(1, 'PART-HOLD-BACK=1.5', 'PART-HOLD-BACK=1.6')],
  X03: [
    good.map((capture) =>
      capture.uri.startsWith('160p')
        ? { ...capture, text: capture.text.replace('DISCONTINUITY-SEQUENCE:0', 'DISCONTINUITY-SEQUENCE:1') }
        : capture,
    ),
  ],
  X04: [spoiled(5, '00:00:14.000Z', '00:00:14.300Z')],
  X05: [spoiled(4, 'LAST-MSN=14', 'LAST-MSN=12'), spoiled(0, 'LAST-MSN=13', 'LAST-MSN=14')],
  X06: [spoiled(0, /#EXT-X-RENDITION-REPORT.*\n/, '')],
  P01: [
    spoiled('master', ',AVERAGE-BANDWIDTH=1500', ''),
    spoiled('master', 'AVERAGE-BANDWIDTH=1500', 'AVERAGE-BANDWIDTH=2500'),
    spoiled('master', ',RESOLUTION=640x360', ''),
    spoiled('master', ',CODECS="avc1.64001f,mp4a.40.2"', ''),
    spoiled('master', ',FRAME-RATE=30.000', ''),
  ],
  P02: [spoiled('master', '#EXT-X-INDEPENDENT-SEGMENTS\n', ''), spoiled(0, ',INDEPENDENT=YES', '')],
  P03: [
    spoiled('master', '160p/index', '161p/index'),
    spoiled('master', '#EXT-X-INDEP', '#EXTINF:2,\n#EXT-X-INDEP'),
  ],
  P04: [spoiled('master', 'BANDWIDTH=2000,', '')],
};

const foundIn = (captures: readonly Capture[], options: CheckOptions = { slackMs: 0 }): Set<string> =>
  new Set(checkPlaylists(captures, options).map((violation) => violation.rule));

describe('the conformance checker', () => {
  it('finds nothing in playlists that are right', () => {
    expect(explain(checkPlaylists(good, { slackMs: 0 }))).toBe('');
    expect(explain(checkPlaylists(firstHalf, { slackMs: 0, cadence: true }))).toBe('');
  });

  it('finds nothing when the playlists end', () => {
    const last = media
      .slice(-2)
      .map((capture) =>
        edited(
          capture,
          (text) => ended(text).replace('#EXT-X-RENDITION', '#EXTINF:1.0,\n2-1-14.m4s\n#EXT-X-RENDITION'),
          capture.atMs + 500,
        ),
      );
    expect(explain(checkPlaylists([...good, ...last], { slackMs: 0 }))).toBe('');
  });

  for (const [rule, examples] of Object.entries(badExamples) as [RuleId, readonly (readonly Capture[])[]][])
    for (const [index, captures] of examples.entries())
      it(`${rule} catches example ${index + 1} against: ${rules[rule][1]}`, () => {
        expect([...foundIn(captures)]).toContain(rule);
      });

  it('R13 catches parts and segments that do not come', () => {
    const [first] = media;
    const still = [0, 1600, 3200].map((atMs) => edited(first ?? master, (text) => text, atMs));
    expect(foundIn(still, { slackMs: 0, cadence: true })).toContain('R13');
  });

  it('has an example for every rule', () => {
    const without = Object.entries(badExamples).filter(
      ([rule, examples]) => examples.length === 0 && rule !== 'R13',
    );
    expect(without).toEqual([]);
  });
});
