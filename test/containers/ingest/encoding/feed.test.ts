import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Feed, type SourceFrame } from '../../../../containers/ingest/encoding/feed.ts';
import { standIns } from '../../../../containers/ingest/encoding/stand-in.ts';
import type { TrackKind } from '../../../../containers/ingest/encoding/timeline.ts';

interface Written {
  readonly kind: TrackKind;
  readonly timestampMs: number;
  readonly body: Uint8Array;
}

const headers = { audio: Uint8Array.of(0xaf, 0, 1), video: Uint8Array.of(0x17, 0, 1) };

function feedOf(options: { audio?: boolean; video?: boolean } = {}) {
  const written: Written[] = [];
  const feed = new Feed({
    write: (kind, timestampMs, body) => written.push({ kind, timestampMs, body }),
    expectsAudio: options.audio ?? true,
    expectsVideo: options.video ?? true,
    headers: {
      audio: options.audio === false ? undefined : headers.audio,
      video: options.video === false ? undefined : headers.video,
    },
  });
  return { feed, written };
}

const frame = (kind: TrackKind, positionMs: number, key = false): SourceFrame => ({
  kind,
  positionMs,
  arrivedAtMs: 0,
  key,
  body: Uint8Array.of(kind === 'audio' ? 0xaf : 0x27, 1, 2),
});

/** 30 fps and a key frame a second, 50 frames of sound a second, in order of arrival. */
function show(options: {
  readonly untilMs: number;
  readonly audioLateMs?: number;
  readonly audio?: (ms: number) => boolean;
  readonly video?: (ms: number) => boolean;
}): SourceFrame[] {
  const { untilMs, audioLateMs = 0, audio = () => true, video = () => true } = options;
  const frames: { readonly at: number; readonly frame: SourceFrame }[] = [];
  for (let n = 0; n * 20 < untilMs; n++)
    if (audio(n * 20)) frames.push({ at: n * 20 + audioLateMs, frame: frame('audio', 5_000 + n * 20) });
  for (let n = 0; n * 33 < untilMs; n++)
    if (video(n * 33)) frames.push({ at: n * 33, frame: frame('video', 5_000 + n * 33, n % 30 === 0) });
  return frames.sort((a, b) => a.at - b.at).map((entry) => entry.frame);
}

const isStandIn = ({ kind, body }: Written): boolean =>
  body === standIns[kind].header || standIns[kind].frames.includes(body);

describe('a feed', () => {
  test('starts with the headers and the first key frame, at time 0', () => {
    const { feed, written } = feedOf();
    feed.frame(frame('video', 4_900));
    feed.frame(frame('audio', 4_950));
    expect(written).toEqual([]);
    feed.frame(frame('video', 5_000, true));
    feed.frame(frame('audio', 4_990));
    feed.frame(frame('audio', 5_010));
    expect(written.map(({ kind, timestampMs }) => [kind, timestampMs])).toEqual([
      ['video', 0],
      ['audio', 0],
      ['video', 0],
      ['audio', 10],
    ]);
    expect(written.map(({ body }) => body).slice(0, 2)).toEqual([headers.video, headers.audio]);
    expect(feed.startMs).toBe(5_000);
  });

  test('passes a good source on as it is', () => {
    const { feed, written } = feedOf();
    const frames = show({ untilMs: 5_000 });
    for (const each of frames) feed.frame(each);
    expect(written.filter(isStandIn)).toEqual([]);
    // Sound of the same time as the first key frame may come before it, and is of no use.
    expect(written.length).toBeGreaterThanOrEqual(frames.length);
  });

  test('fills in silence, a little ahead of the picture', () => {
    const { feed, written } = feedOf({ audio: false });
    for (const each of show({ untilMs: 3_000, audio: () => false })) feed.frame(each);
    const silent = written.filter(({ kind }) => kind === 'audio');
    expect(silent.every(isStandIn)).toBe(true);
    expect(silent.at(-1)?.timestampMs).toBeGreaterThan(2_970);
    expect(silent.at(-1)?.timestampMs).toBeLessThan(3_100);
  });

  test('shows black from the start when no picture is expected', () => {
    const { feed, written } = feedOf({ video: false });
    for (const each of show({ untilMs: 3_000, video: () => false })) feed.frame(each);
    const pictures = written.filter(({ kind }) => kind === 'video');
    expect(pictures[0]).toEqual({ kind: 'video', timestampMs: 0, body: standIns.video.header });
    expect(pictures.length).toBeGreaterThan(85);
  });

  test('does not wait for ever for a key frame of a picture that has gone', () => {
    const { feed, written } = feedOf();
    for (const each of show({ untilMs: 6_000, video: () => false })) feed.frame(each);
    expect(written.some(({ body }) => body === standIns.video.header)).toBe(true);
  });

  test('takes sound back that comes again, with its header', () => {
    const { feed, written } = feedOf();
    for (const each of show({ untilMs: 8_000, audio: (ms) => ms < 2_000 || ms > 5_000 })) feed.frame(each);
    const sound = written.filter(({ kind }) => kind === 'audio');
    const changes = sound.filter(
      (tag, index) => index > 0 && isStandIn(tag) !== isStandIn(sound[index - 1] ?? tag),
    );
    expect(changes).toHaveLength(2);
    expect(changes[1]?.body).toBe(headers.audio);
    expect(changes[1]?.timestampMs).toBeLessThan(5_150);
    expect(sound.at(-1)?.timestampMs).toBeGreaterThan(7_950);
  });

  test('takes the picture back with a key frame', () => {
    const { feed, written } = feedOf();
    for (const each of show({ untilMs: 8_000, video: (ms) => ms < 2_000 || ms > 4_500 })) feed.frame(each);
    const pictures = written.filter(({ kind }) => kind === 'video');
    const back = pictures.findLastIndex(isStandIn) + 1;
    expect(pictures[back]?.body).toBe(headers.video);
    // Key frames are at 3,960, 4,950, 5,940 …
    expect(pictures[back + 1]?.timestampMs).toBeGreaterThanOrEqual(4_950);
    expect(pictures[back + 1]?.timestampMs).toBeLessThan(5_000);
  });

  test.each([500, 1_400, 1_900])('gets used to sound that is always %d ms late', (audioLateMs) => {
    const { feed, written } = feedOf();
    for (const each of show({ untilMs: 12_000, audioLateMs })) feed.frame(each);
    const late = written.filter(({ kind, timestampMs }) => kind === 'audio' && timestampMs > 5_000);
    expect(late.length).toBeGreaterThan(200);
    expect(late.filter(isStandIn)).toEqual([]);
  });

  test('writes a changed header once, and a repeated one not at all', () => {
    const { feed, written } = feedOf();
    feed.frame(frame('video', 0, true));
    feed.header('video', Uint8Array.from(headers.video));
    expect(written).toHaveLength(3);
    const changed = Uint8Array.of(0x17, 0, 2);
    feed.header('video', changed);
    expect(written.at(-1)?.body).toBe(changed);
  });

  test('never goes back, and never lets a track fall far behind, whatever comes', () => {
    const frames = fc.array(
      fc.tuple(fc.constantFrom<TrackKind>('audio', 'video'), fc.nat(3_000), fc.nat(500), fc.boolean()),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(frames, fc.boolean(), fc.boolean(), (list, audio, video) => {
        const { feed, written } = feedOf({ audio, video });
        const position = { audio: 0, video: 0 };
        for (const [kind, stepMs, rareMs, key] of list) {
          // As the timeline has it: never back, and not far behind the other track.
          const front = Math.max(position.audio, position.video);
          position[kind] = Math.max(position[kind] + (rareMs > 400 ? stepMs : stepMs % 50), front - 2_000);
          feed.frame(frame(kind, position[kind], key));
          const last = { audio: 0, video: 0 };
          for (const { kind, timestampMs } of written) {
            expect(timestampMs).toBeGreaterThanOrEqual(last[kind]);
            last[kind] = timestampMs;
          }
          if (written.length > 0) expect(Math.abs(last.audio - last.video)).toBeLessThan(6_000);
        }
      }),
      { numRuns: 100 },
    );
  });
});
