import type { ChatMessage } from '../../../core/chat/message.ts';
import { chunkOfId } from '../../../core/chat/replay.ts';
import { idsOfChunks } from '../../../core/chat/sealing.ts';
import type { MessageStore } from '../../../core/chat/store.ts';

/** Chunks n with from ≤ n < to, and what was said in them. */
export interface Window {
  readonly from: number;
  readonly to: number;
  readonly chunks: ReadonlyMap<number, readonly ChatMessage[]>;
}

const leastChunks = 6;
const mostChunks = 60;
/** Messages of a reading: with more the next one is shorter, with few longer. So memory is bounded, and quiet hours cost little. */
const manyMessages = 10_000;
const fewMessages = 1_000;

/** Reads a long time in pieces. */
export async function* readWindows(
  messages: Pick<MessageStore, 'read'>,
  options: { readonly broadcastId: string; readonly from: number; readonly to: number },
): AsyncGenerator<Window> {
  let length = leastChunks;
  for (let from = options.from; from < options.to;) {
    const to = Math.min(options.to, from + length);
    const said = await messages.read(options.broadcastId, idsOfChunks(from, to));
    yield { from, to, chunks: byChunk(said) };
    if (said.length < fewMessages) length = Math.min(mostChunks, length * 2);
    else if (said.length > manyMessages) length = Math.max(1, Math.floor(length / 4));
    from = to;
  }
}

export function byChunk(said: readonly ChatMessage[]): ReadonlyMap<number, readonly ChatMessage[]> {
  const chunks = new Map<number, ChatMessage[]>();
  for (const message of said) {
    const n = chunkOfId(message.id);
    const chunk = chunks.get(n);
    if (chunk === undefined) chunks.set(n, [message]);
    else chunk.push(message);
  }
  return chunks;
}
