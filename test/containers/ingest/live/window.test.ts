import { describe, expect, it } from 'vitest';
import { parseMedia } from '../../../conformance/parse.ts';
import { Stage } from './stage.ts';

const uris = (text: string): string[] =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
const lastOf = (text: string, tag: string): string | undefined =>
  text.split('\n').findLast((line) => line.startsWith(`#EXT-X-${tag}`));

function started(options: ConstructorParameters<typeof Stage>[0] = {}): Stage {
  const stage = new Stage(options);
  stage.startRun();
  return stage;
}

describe('a live window', () => {
  it('starts when every rendition has a complete segment', () => {
    const stage = started();
    stage.part(3);
    stage.send(0);
    expect([stage.window.started, stage.playlist(), stage.window.masterPlaylist()]).toEqual([
      false,
      '',
      undefined,
    ]);
    stage.send(1);
    expect(stage.window.started).toBe(true);
    expect(uris(stage.playlist())).toEqual(['1-1-0.m4s']);
    expect(uris(stage.window.masterPlaylist()?.text ?? '')).toEqual(['720p/index.m3u8', '480p/index.m3u8']);
  });

  it('serves parts, their segment and the init segment byte for byte', () => {
    const stage = started();
    stage.segment();
    expect(stage.file(0, '1-1-init.mp4')).toBe('init 1-1 720p');
    expect(stage.file(0, '1-1-0.1.m4s')).toBe('1-1 720p 1;');
    expect(stage.file(1, '1-1-0.m4s')).toBe('1-1 480p 0;1-1 480p 1;1-1 480p 2;1-1 480p 3;');
    expect(stage.file(0, '1-1-1.0.m4s')).toBeUndefined();
  });

  it('takes the place of a fragment from its time, so that renditions agree', () => {
    const stage = started();
    stage.segment(2);
    stage.send(0);
    stage.send(0);
    expect(lastOf(stage.playlist(0), 'PRELOAD-HINT')).toContain('1-1-2.2.m4s');
    expect(lastOf(stage.playlist(1), 'PRELOAD-HINT')).toContain('1-1-2.0.m4s');
    expect(lastOf(stage.playlist(1), 'RENDITION')).toContain('../720p/index.m3u8",LAST-MSN=2,LAST-PART=1');
    expect(lastOf(stage.playlist(0), 'RENDITION')).toContain('../480p/index.m3u8",LAST-MSN=1,LAST-PART=3');
  });

  it('begins a new run with DISCONTINUITY and its own init segment, in the same segment everywhere', () => {
    const stage = started();
    stage.segment();
    stage.part(2);
    // The second rendition is behind by a part, then the encoder is gone.
    stage.send(0);
    stage.endRun();
    stage.nowMs += 7000;
    stage.startRun();
    stage.part();
    const [first, second] = [0, 1].map((index) => parseMedia(stage.playlist(index)));
    expect(first?.segments.map((segment) => segment.durationS)).toEqual([2, 1.5]);
    expect(second?.segments.map((segment) => segment.durationS)).toEqual([2, 1]);
    for (const media of [first, second]) {
      expect(media?.open).toMatchObject({ msn: 2, discontinuity: true, map: '2-1-init.mp4', ownMap: true });
      expect(media?.open?.dateMs).toBe(1_700_000_000_000 + 2000 + 1000 + 7000);
    }
  });

  it('does not let dates go back when the next encoder came before the last was through', () => {
    const stage = started();
    stage.segment(3);
    stage.startRun([], 0, stage.nowMs - 5000);
    stage.part();
    const media = parseMedia(stage.playlist());
    expect(media.open?.dateMs).toBe((media.segments.at(-1)?.dateMs ?? 0) + 2000);
  });

  it('leaves no trace of runs that brought nothing', () => {
    const stage = started();
    stage.segment(2);
    const before = stage.playlist();
    for (let run = 0; run < 3; run += 1) {
      stage.endRun();
      stage.startRun();
    }
    stage.endRun();
    expect(stage.playlist()).toBe(before);
    stage.startRun();
    stage.part();
    expect(parseMedia(stage.playlist()).open).toMatchObject({ msn: 2, discontinuitySequence: 1 });
  });

  it('continues the numbers of another task', () => {
    const stage = started({ firstMsn: 40, discontinuitySequence: 2, startsWithDiscontinuity: true });
    stage.segment();
    expect(stage.playlist()).toContain(
      '#EXT-X-MEDIA-SEQUENCE:40\n#EXT-X-DISCONTINUITY-SEQUENCE:2\n#EXT-X-DISCONTINUITY\n',
    );
    expect(stage.finished[0]).toMatchObject({ msn: 40, discontinuity: true });
  });

  it('fills what a rendition missed with gaps', () => {
    const stage = started();
    stage.segment(2);
    stage.send(1);
    stage.skip(0, 6);
    for (let part = 0; part < 5; part += 1) stage.send(1);
    // Comes back in the middle of segment 3, without a key frame: its frames build on missing ones.
    stage.send(0);
    stage.send(0);
    stage.send(0);
    const media = parseMedia(stage.playlist(0));
    expect(media.segments.map((segment) => segment.gap)).toEqual([false, false, true, true]);
    expect(media.open).toMatchObject({ msn: 4, parts: [{ gap: false, independent: true }] });
    expect(stage.window.dropped.get('no-key-frame')).toBe(2);
    expect(
      stage.finished.filter((segment) => segment.rendition === '720p').map((segment) => segment.kind),
    ).toEqual(['media', 'media', 'gap', 'gap']);
  });

  it('makes gaps of a whole run for a rendition that brought nothing in it', () => {
    const stage = started();
    stage.segment();
    stage.endRun();
    stage.startRun([1]);
    stage.part(5);
    stage.endRun();
    const [first, second] = [0, 1].map((index) => parseMedia(stage.playlist(index)));
    expect(first?.segments.map(({ gap, durationS }) => [gap, durationS])).toEqual([
      [false, 2],
      [false, 2],
      [false, 0.5],
    ]);
    expect(
      second?.segments.map(({ gap, durationS, discontinuity }) => [gap, durationS, discontinuity]),
    ).toEqual([
      [false, 2, false],
      [true, 2, true],
      [true, 0.5, false],
    ]);
    expect(stage.window.dropped.get('no-init')).toBe(5);
  });

  it('keeps a short part until it knows whether the run ends with it', () => {
    const stage = started({ renditions: 1 });
    stage.segment();
    stage.send(0, { durationS: 0.1 });
    expect(stage.playlist()).not.toContain('1-1-1.0.m4s",IND');
    stage.send(0);
    // Others follow: it lasts until the next begins.
    expect(parseMedia(stage.playlist()).open?.parts.map((part) => part.durationS)).toEqual([0.5, 0.5]);
    stage.send(0, { durationS: 0.1 });
    stage.endRun();
    expect(parseMedia(stage.playlist()).segments.at(-1)).toMatchObject({ durationS: 1.1 });
  });

  it('counts and leaves out what cannot be a part', () => {
    const stage = started({ renditions: 1 });
    stage.segment();
    const before = stage.playlist();
    stage.sendAt(0, 2);
    stage.sendAt(0, 4, { durationS: 0.534 });
    stage.sendAt(0, 4, { durationS: Number.NaN });
    stage.sendAt(0, 4, { startS: -3 });
    stage.sendAt(0, 4, { startS: Number.POSITIVE_INFINITY });
    stage.sendAt(0, 4, { bytes: new Uint8Array() });
    stage.sendAt(0, 100_000);
    stage.window.fragment({ id: '9-9', startedAtMs: 0 }, stage.rendition(0), {
      bytes: new Uint8Array(1),
      startS: 2,
      durationS: 0.5,
      independent: true,
    });
    expect(stage.playlist()).toBe(before);
    expect(Object.fromEntries(stage.window.dropped)).toEqual({
      duplicate: 1,
      'too-long': 1,
      malformed: 4,
      'too-far': 1,
      'stale-run': 1,
    });
  });

  it('lists a minute, and parts of the newest segments only', () => {
    const stage = started({ renditions: 1 });
    stage.segment(40);
    stage.part(2);
    const media = parseMedia(stage.playlist());
    expect([media.mediaSequence, media.segments.length]).toEqual([10, 30]);
    expect(
      media.segments.filter((segment) => segment.parts.length > 0).map((segment) => segment.msn),
    ).toEqual([38, 39]);
  });

  it('forgets parts and segments some time after they have left the playlist', () => {
    const stage = started({ renditions: 1, windowS: 8 });
    stage.segment(3);
    expect(stage.file(0, '1-1-0.0.m4s')).toBeDefined();
    stage.segment(2);
    // Out of the list for 4 s: three target durations are 6 s.
    expect(stage.file(0, '1-1-0.0.m4s')).toBeDefined();
    stage.segment(2);
    expect(stage.file(0, '1-1-0.0.m4s')).toBeUndefined();
    expect(stage.file(0, '1-1-0.m4s')).toBeDefined();
    stage.segment(5);
    expect(stage.file(0, '1-1-0.m4s')).toBeUndefined();
    expect(stage.file(0, '1-1-init.mp4')).toBeDefined();
    stage.startRun();
    stage.segment(20);
    expect(stage.file(0, '1-1-init.mp4')).toBeUndefined();
  });

  it('stays as it is while the encoder is away, and still hints at something', () => {
    const stage = started({ renditions: 1 });
    stage.segment();
    stage.part(2);
    stage.endRun();
    const text = stage.playlist();
    expect(text).not.toContain('ENDLIST');
    expect(lastOf(text, 'PRELOAD-HINT')).toBe('#EXT-X-PRELOAD-HINT:TYPE=PART,URI="1-1-2.0.m4s"');
    expect(stage.finished.map((segment) => segment.durationS)).toEqual([2, 1]);
  });

  it('ends with ENDLIST, stays readable, and is empty once disposed of', () => {
    const stage = started();
    stage.segment();
    stage.part();
    stage.window.end();
    stage.part();
    expect(uris(stage.playlist())).toEqual(['1-1-0.m4s', '1-1-1.m4s']);
    expect(stage.playlist()).toMatch(/ENDLIST\n$/);
    expect(stage.file(0, '1-1-1.m4s')).toBe('1-1 720p 4;');
    stage.window.dispose();
    expect([stage.playlist(), stage.file(0, '1-1-1.m4s')]).toEqual(['', undefined]);
  });

  it('says how late parts are that viewers wait for', () => {
    const stage = started({ renditions: 1 });
    stage.part(3);
    stage.nowMs += 90;
    stage.part();
    expect(stage.lateMs).toEqual([]);
    stage.nowMs += 800;
    stage.part();
    expect(stage.lateMs.map(Math.round)).toEqual([890]);
    // An encoder that has caught up is in time again.
    stage.nowMs -= 890;
    stage.part();
    expect(stage.lateMs).toHaveLength(1);
  });

  it('sees an encoder that is a little slow all the time', () => {
    const stage = started({ renditions: 1 });
    for (let part = 0; part < 280; part += 1) {
      stage.part();
      stage.nowMs += 500 / 0.85 - 500;
    }
    // 140 s of media took 165 s: all but the first two are late, the last by all of it.
    expect(stage.lateMs).toHaveLength(278);
    expect(Math.max(...stage.lateMs)).toBeGreaterThan(24_000);
  });

  it('calls neither a constant delay nor two clocks that differ a little late', () => {
    const stage = started({ renditions: 1 });
    stage.nowMs += 5_000;
    for (let part = 0; part < 7_200; part += 1) {
      stage.part();
      stage.nowMs += 500 * 0.000_1;
    }
    expect(stage.lateMs).toEqual([]);
  });

  it('says in the master what was measured', () => {
    const stage = started({ renditions: 1 });
    stage.send(0, { bytes: new Uint8Array(1_000_000) });
    stage.part(3);
    expect(stage.window.masterPlaylist()?.text).toContain('BANDWIDTH=4050000,');
  });
});
