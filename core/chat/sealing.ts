/** When a chunk of the archive can no longer change, and how two states of its index become one. Pure. */
import { messageId, idTimeMs } from './message.ts';
import { chunkMs, chunkOf, chunkOfId, sealAfterMs, type ChatIndex } from './replay.ts';

/** Nothing new for so long: a whole chunk has passed by whichever clock gives the ids. */
export const surelyQuietMs = chunkMs + sealAfterMs;
/** Longer than a message that was admitted earlier takes into the store. */
export const quietMs = 2 * sealAfterMs;

/** Ids in an index: 40 kB. Caches keep a chunk for a day; what was removed earlier is gone from them too. */
export const mostRemoved = 2_000;

/**
 * The first chunk that may still change. Ids never go back, so the newest one proves what is over, whatever the
 * clocks say. In a silence our own clock does, if nothing has come for a while.
 */
export function firstOpenChunk(facts: {
  readonly newestId: string;
  /** How long it has been the newest, as far as we have looked. */
  readonly silentMs: number;
  readonly nowMs: number;
}): number {
  const { newestId, silentMs, nowMs } = facts;
  const byId = chunkOf(idTimeMs(newestId) - sealAfterMs);
  if (silentMs < quietMs) return byId;
  const byClock = Math.max(byId, chunkOf(nowMs - sealAfterMs));
  return silentMs < surelyQuietMs ? byClock : Math.max(byClock, chunkOfId(newestId) + 1);
}

/** Nothing that either of them knows is lost: two who write at the same time agree in the end. */
export function mergeIndexes(a: ChatIndex, b: ChatIndex): ChatIndex {
  return {
    chunks: [...new Set([...a.chunks, ...b.chunks])].sort((x, y) => x - y),
    sealedToMs: Math.max(a.sealedToMs, b.sealedToMs),
    complete: a.complete || b.complete,
    removed: [...new Set([...a.removed, ...b.removed])].slice(-mostRemoved),
  };
}

/** Both ends of the ids that belong to chunks n with from ≤ n < to. */
export const idsOfChunks = (from: number, to: number): { readonly from: string; readonly to: string } => ({
  from: messageId(Math.max(0, from * chunkMs * 1_000)),
  to: messageId(Math.max(0, to * chunkMs * 1_000 - 1)),
});
