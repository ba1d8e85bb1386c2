import { describe, expect, it } from 'vitest';
import { codecOf, unsupportedText } from '../../../../containers/ingest/rtmp/codecs.ts';

const of = (kind: 'audio' | 'video', ...payload: readonly (number | string)[]) =>
  codecOf({
    kind,
    payload: Buffer.concat(payload.map((p) => (typeof p === 'string' ? Buffer.from(p) : Buffer.of(p)))),
  });

describe('codecs', () => {
  it('are H.264 and AAC', () => {
    expect(of('video', 0x17, 0)).toStrictEqual({ kind: 'video', name: 'H.264', supported: true });
    expect(of('audio', 0xaf, 0)).toStrictEqual({ kind: 'audio', name: 'AAC', supported: true });
  });

  it.each([
    ['Sorenson H.263', of('video', 0x12)],
    ['HEVC', of('video', 0x1c)],
    ['HEVC', of('video', 0x90, 'hvc1')],
    ['AV1', of('video', 0x90, 'av01')],
    ['VP9', of('video', 0x90, 'vp09')],
    ['H.264 in enhanced RTMP', of('video', 0x90, 'avc1')],
    ['enhanced RTMP video', of('video', 0x96)],
    ['enhanced RTMP video', of('video', 0x90, '\n\0\0\0')],
    ['video codec 15', of('video', 0x1f)],
    ['MP3', of('audio', 0x2f)],
    ['Speex', of('audio', 0xb2)],
    ['Opus', of('audio', 0x90, 'Opus')],
    ['audio codec 12', of('audio', 0xc0)],
  ])('other than these are refused by name: %s', (name, codec) => {
    expect(codec).toMatchObject({ name, supported: false });
  });

  it('are not looked for in data and empty messages', () => {
    expect(codecOf({ kind: 'data', payload: Buffer.of(2) })).toBeUndefined();
    expect(of('video')).toBeUndefined();
  });

  it('are refused with what to set', () => {
    expect(unsupportedText({ kind: 'video', name: 'HEVC', supported: false })).toBe(
      'HEVC is not supported: set H.264 in the encoder',
    );
  });
});
