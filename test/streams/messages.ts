import { readTags } from '../../core/media/flv/tag.ts';
import type { MediaMessage } from '../../core/media/flow.ts';
import { generateFlv, type StreamDescription } from './generate.ts';

/** The messages that an encoder would send for an FLV file. */
export function messagesOf(flv: Uint8Array): MediaMessage[] {
  return [...readTags(flv)].map(({ kind, timestampMs, body }) => ({ kind, timestampMs, payload: body }));
}

export const generateMessages = async (stream: StreamDescription): Promise<MediaMessage[]> =>
  messagesOf(await generateFlv(stream));

/** The same messages later (or earlier), modulo 2^32 as in RTMP. */
export const shifted = (messages: readonly MediaMessage[], byMs: number): MediaMessage[] =>
  messages.map(({ kind, timestampMs, payload }) => ({
    kind,
    timestampMs: (timestampMs + byMs) >>> 0,
    payload,
  }));

/** Messages in the order of their times; stable. */
export const interleaved = (...parts: readonly (readonly MediaMessage[])[]): MediaMessage[] =>
  parts.flat().sort((a, b) => a.timestampMs - b.timestampMs);
