/** The chat of a moment of the show, from archived chunks and, where there are none yet, from the live chat. Pure. */
import { idTimeMs, type ChatMessage } from '../../../core/chat/message.ts';
import { chunkMs, chunkOf, chunkOfId, type ChatIndex } from '../../../core/chat/replay.ts';

export interface Archive {
  readonly index: ChatIndex;
  /** What was loaded, by number: in the order of ids. */
  readonly chunks: ReadonlyMap<number, readonly ChatMessage[]>;
}

/** Lines that a moment shows: what somebody who had been there would still have on the screen. */
export const shownLines = 100;
/** How many chunks with something in them are looked through for them; a quiet chat need not be whole. */
const chunksBack = 10;

/** Chunks to have for this moment, the most urgent first: of now, the next, and back until there are enough lines. */
export function wantedChunks({ index, chunks }: Archive, atMs: number): readonly number[] {
  const now = chunkOf(atMs);
  const past = index.chunks.filter((n) => n < now).slice(-chunksBack);
  const wanted = index.chunks.filter((n) => n === now || n === now + 1);
  let lines = (chunks.get(now) ?? []).filter(({ id }) => idTimeMs(id) <= atMs).length;
  for (const n of past.toReversed()) {
    if (lines >= shownLines) break;
    wanted.push(n);
    // One that is still to come may hold any number: the ones before it wait.
    const loaded = chunks.get(n);
    if (loaded === undefined) break;
    lines += loaded.length;
  }
  return wanted;
}

/** What is on the screen at this moment, oldest first. `live`: what this page itself has heard, in order. */
export function momentAt(
  { index, chunks }: Archive,
  atMs: number,
  live: readonly ChatMessage[] = [],
): readonly ChatMessage[] {
  const removed = new Set(index.removed);
  const found: ChatMessage[] = [];
  const take = (messages: readonly ChatMessage[]): void => {
    for (let i = messages.length - 1; i >= 0 && found.length < shownLines; i -= 1) {
      const message = messages[i];
      if (message !== undefined && idTimeMs(message.id) <= atMs && !removed.has(message.id))
        found.push(message);
    }
  };
  const now = chunkOf(atMs);
  // A chunk that was loaded says more than what was heard: it was never sampled on the way here.
  take(live.filter(({ id }) => idTimeMs(id) >= index.sealedToMs && !chunks.has(chunkOfId(id))));
  for (const n of index.chunks
    .filter((each) => each <= now)
    .slice(-chunksBack - 1)
    .toReversed()) {
    if (found.length >= shownLines) break;
    take(chunks.get(n) ?? []);
  }
  return found.toReversed();
}

/** Whether the index may have grown to where the picture is. */
export const isIndexOld = (index: ChatIndex, atMs: number): boolean =>
  !index.complete && (chunkOf(atMs) + 2) * chunkMs > index.sealedToMs;
