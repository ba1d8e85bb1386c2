import { describe, expect, test } from 'vitest';
import type { SourceInfo } from '../../../../core/media/flow.ts';
import { readAudioTag } from '../../../../core/media/flv/audio-tag.ts';
import { readVideoTag } from '../../../../core/media/flv/video-tag.ts';
import type { MediaMessage } from '../../../../core/media/flow.ts';
import { Headers, UnsupportedSource } from '../../../../containers/ingest/encoding/headers.ts';
import { Probe } from '../../../../containers/ingest/encoding/probe.ts';
import { encodeAmf0 } from '../../../../core/media/flv/amf0.ts';
import { generateMessages } from '../../../streams/messages.ts';

/** The source, and at which media time it was known. */
function probe(messages: readonly MediaMessage[]) {
  const headers = new Headers();
  const prober = new Probe({ headers, encoder: 'from connect' });
  for (const { kind, payload, timestampMs } of messages) {
    let key = false;
    if (kind === 'data') {
      headers.takeMetadata(payload);
      continue;
    }
    if (kind === 'video') {
      const tag = readVideoTag(payload);
      if (tag.kind === 'header') headers.takeVideo(payload, tag.record);
      if (tag.kind !== 'frame') continue;
      ({ key } = tag);
    } else {
      const tag = readAudioTag(payload);
      if (tag.kind === 'header') headers.takeAudio(payload, tag.config);
      if (tag.kind !== 'frame') continue;
    }
    const frame = { kind, key, positionMs: timestampMs, arrivedAtMs: 0, body: payload };
    const source: SourceInfo | undefined = prober.take(frame);
    if (source !== undefined) return { source, atMs: timestampMs, kept: prober.kept };
  }
  return undefined;
}

const withoutMetadata = (messages: readonly MediaMessage[]) => messages.filter(({ kind }) => kind !== 'data');
const metadata = (properties: Record<string, number | string | boolean>): MediaMessage => ({
  kind: 'data',
  timestampMs: 0,
  payload: encodeAmf0(['onMetaData', new Map(Object.entries(properties))]),
});

describe('the probe', () => {
  test('knows an announced source with its first frames', async () => {
    const probed = probe(await generateMessages({ seconds: 1, rate: '50', size: '426x240' }));
    expect(probed?.source).toMatchObject({
      hasVideo: true,
      hasAudio: true,
      width: 426,
      height: 240,
      framesPerSecond: 50,
    });
    expect(probed?.source.encoder).toMatch(/^Lavf/);
    expect(probed?.atMs).toBeLessThan(100);
  });

  test.each([
    ['24000/1001', 23.976],
    ['30', 30],
    ['60', 60],
  ])('measures %s frames a second when nothing is announced', async (rate, expected) => {
    const probed = probe(withoutMetadata(await generateMessages({ seconds: 2, rate })));
    expect(probed?.source.framesPerSecond).toBeCloseTo(expected, 0);
    expect(probed?.source.encoder).toBe('from connect');
    expect(probed?.atMs).toBeLessThan(1_100);
  });

  test('measures when what is announced is absurd', async () => {
    const messages = withoutMetadata(await generateMessages({ seconds: 2, rate: '25' }));
    const absurd = metadata({ framerate: 90_000, videocodecid: 7, audiocodecid: 10 });
    expect(probe([absurd, ...messages])?.source.framesPerSecond).toBeCloseTo(25, 0);
  });

  test('waits a second and a half for sound that is not announced, and not at all when metadata has none', async () => {
    const messages = await generateMessages({ seconds: 3, audioHz: false });
    expect(probe(messages)?.source.hasAudio).toBe(false);
    expect(probe(messages)?.atMs).toBeLessThan(100);
    const probed = probe(withoutMetadata(messages));
    expect(probed?.source.hasAudio).toBe(false);
    expect(probed?.atMs).toBeGreaterThanOrEqual(1_500);
    expect(probed?.atMs).toBeLessThan(1_600);
    expect(probed?.kept).toHaveLength(46);
  });

  test('takes sound alone for a source of 640×360', async () => {
    const messages = withoutMetadata(await generateMessages({ seconds: 3, rate: false }));
    expect(probe(messages)?.source).toMatchObject({
      hasVideo: false,
      width: 640,
      height: 360,
      framesPerSecond: 30,
    });
  });

  test('waits for the first key frame and keeps nothing from before it', async () => {
    const messages = await generateMessages({ seconds: 6, keyFrameEvery: 150 });
    const joined = messages.filter(
      ({ kind, timestampMs, payload }) => kind === 'data' || payload[1] === 0 || timestampMs > 500,
    );
    const probed = probe(joined);
    expect(probed?.atMs).toBeGreaterThanOrEqual(5_000);
    expect(probed?.kept[0]).toMatchObject({ kind: 'video', key: true });
  });

  test('shortens what the encoder calls itself', async () => {
    const messages = withoutMetadata(await generateMessages({ seconds: 1 }));
    const named = metadata({ framerate: 30, encoder: 'x'.repeat(5_000), videocodecid: 7, audiocodecid: 10 });
    expect(probe([named, ...messages])?.source.encoder).toHaveLength(120);
  });
});

describe('headers', () => {
  test('of absurd sound are refused', () => {
    // AAC-LC, 192 kHz by an explicit rate.
    expect(() => new Headers().takeAudio(Uint8Array.of(), Buffer.from('178177000010', 'hex'))).toThrow(
      UnsupportedSource,
    );
    // Layer-3 in MPEG-4 (object type 34).
    expect(() => new Headers().takeAudio(Uint8Array.of(), Buffer.from('f8531000', 'hex'))).toThrow(
      /object type 34/,
    );
  });

  test('that cannot be read are refused with the reason', () => {
    expect(() => new Headers().takeVideo(Uint8Array.of(), Uint8Array.of(1, 2, 3))).toThrow(/H\.264 header/);
  });

  test('metadata that cannot be read is none', () => {
    const headers = new Headers();
    headers.takeMetadata(Uint8Array.of(2, 0, 200, 1));
    headers.takeMetadata(encodeAmf0(['onMetaData', 7]));
    expect(headers.announced).toMatchObject({ audio: true, video: true, framesPerSecond: undefined });
  });
});
