/**
 * The chat of a broadcast as it lies in object storage beside the video, behind the same signed cookies:
 *
 *   archive/<broadcastId>/chat/<n>.json     ChatChunk: what was said from n × 10 s to (n + 1) × 10 s since 1970
 *   archive/<broadcastId>/chat/index.json   ChatIndex: which chunks there are, and what was removed since
 *
 * Chunks go by the time in the ids (core/chat/message.ts), so the chunk for a moment of the picture (its program
 * date time) is known without a search. A message is shown when the picture reaches the time of its id.
 */
import { archiveFolder } from '../media/addresses.ts';
import { idTimeMs, type ChatMessage } from './message.ts';

/** Short enough that time shift a little behind the edge has its chat, long enough that a show of 3 h has 1,080 files at most. */
export const chunkMs = 10_000;
/** A chunk is written so long after its end: longer than a message is held back and stored. */
export const sealAfterMs = 3_000;

export interface ChatChunk {
  readonly n: number;
  /** In the order of their ids. */
  readonly messages: readonly ChatMessage[];
}

export interface ChatIndex {
  /** Chunks with something in them, rising. */
  readonly chunks: readonly number[];
  /** Everything before this (ms since 1970) is in chunks, if anything was said. */
  readonly sealedToMs: number;
  /** The show is over and all of it is here. */
  readonly complete: boolean;
  /** Removed after their chunk was written: whoever has the chunk in a cache leaves them out. */
  readonly removed: readonly string[];
}

export const emptyIndex: ChatIndex = { chunks: [], sealedToMs: 0, complete: false, removed: [] };

export const chunkOf = (ms: number): number => Math.floor(ms / chunkMs);
export const chunkOfId = (id: string): number => chunkOf(idTimeMs(id));

export const chatFolder = (broadcastId: string): string => `${archiveFolder(broadcastId)}chat/`;
export const chunkKey = (broadcastId: string, n: number): string => `${chatFolder(broadcastId)}${n}.json`;
export const chatIndexKey = (broadcastId: string): string => `${chatFolder(broadcastId)}index.json`;

/**
 * So long what was said can be taken out of a recording. The store forgets messages after 30 days: what is missing
 * there later was not removed.
 */
export const changeableForMs = 25 * 86_400_000;

/** Chunks can change once more, when something in them is removed; a day in caches, the index says the rest. */
export const chunkCacheControl = 'public, max-age=86400';
export const liveIndexCacheControl = 'public, max-age=3';
export const finalIndexCacheControl = 'public, max-age=60';
