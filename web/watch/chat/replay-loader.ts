/** Loads the archived chat around the picture's time. Whatever is missing is quiet: a show goes on without its chat. */
import { signal, type ReadonlySignal } from '@preact/signals';
import type { ChatMessage } from '../../../core/chat/message.ts';
import { emptyIndex, type ChatChunk, type ChatIndex } from '../../../core/chat/replay.ts';
import { Sampler } from '../../../core/chat/sampling.ts';
import { defaultLimits } from '../../../core/chat/limits.ts';
import { isIndexOld, momentAt, wantedChunks } from './replay.ts';

export interface ReplayDependencies {
  /** Of the index; chunks lie beside it. */
  readonly url: string;
  readonly fetch: (url: string) => Promise<Response>;
  /** What this page has heard live, in order. */
  readonly live: () => readonly ChatMessage[];
  /** Own lines are never left out. */
  readonly me: () => string | undefined;
  readonly stopwatch: { now(): number };
  readonly random: () => number;
}

export interface Replay {
  readonly messages: ReadonlySignal<readonly ChatMessage[]>;
  /** The picture is here now (ms since 1970). */
  show(atMs: number): void;
  destroy(): void;
}

/** The edge keeps a live index for 3 s; a chunk is 10 s. */
const indexEveryMs = 5_000;
const chunkAgainMs = 15_000;
/** Seeking back and forth over some minutes loads nothing twice; at 50 messages a second 2 MB. */
const maxChunks = 30;
/** Requests at once: the picture needs the line as well. */
const maxLoading = 2;

export function createReplay(dependencies: ReplayDependencies): Replay {
  const { url, stopwatch, random } = dependencies;
  const messages = signal<readonly ChatMessage[]>([]);
  const chunks = new Map<number, readonly ChatMessage[]>();
  const loading = new Set<number>();
  const againAtMs = new Map<number, number>();
  let index: ChatIndex = emptyIndex;
  let isIndexLoading = false;
  let indexAtMs = Number.NEGATIVE_INFINITY;
  let atMs: number | undefined;
  let destroyed = false;

  async function read<T>(address: string): Promise<T | undefined> {
    try {
      const response = await dependencies.fetch(address);
      return response.ok ? ((await response.json()) as T) : undefined;
    } catch {
      return undefined;
    }
  }

  async function loadIndex(): Promise<void> {
    isIndexLoading = true;
    const found = await read<ChatIndex>(url);
    isIndexLoading = false;
    // All who watch a recording of a show without a chat would ask in step.
    indexAtMs = stopwatch.now() + indexEveryMs * random();
    if (destroyed || found === undefined || !Array.isArray(found.chunks)) return;
    index = found;
    update();
  }

  async function loadChunk(n: number): Promise<void> {
    loading.add(n);
    const chunk = await read<ChatChunk>(new URL(`${n}.json`, url).href);
    loading.delete(n);
    if (destroyed) return;
    if (chunk === undefined || !Array.isArray(chunk.messages)) {
      againAtMs.set(n, stopwatch.now() + chunkAgainMs * (1 + random()));
    } else {
      // One sampler a chunk: whoever comes by again, from either side, sees the same.
      const sampler = new Sampler(defaultLimits.shownPerS);
      chunks.set(
        n,
        chunk.messages.filter((message) => sampler.take(message) || message.by.id === dependencies.me()),
      );
      for (const oldest of chunks.keys()) {
        if (chunks.size <= maxChunks) break;
        chunks.delete(oldest);
      }
    }
    update();
  }

  function update(): void {
    if (destroyed || atMs === undefined) return;
    const now = stopwatch.now();
    if (!isIndexLoading && now >= indexAtMs + indexEveryMs && isIndexOld(index, atMs)) void loadIndex();
    for (const n of wantedChunks({ index, chunks }, atMs)) {
      const isDue = (againAtMs.get(n) ?? 0) <= now;
      if (loading.size < maxLoading && !chunks.has(n) && !loading.has(n) && isDue) void loadChunk(n);
    }
    const moment = momentAt({ index, chunks }, atMs, dependencies.live());
    const before = messages.peek();
    const isSame = moment.length === before.length && moment.every((each, i) => each.id === before[i]?.id);
    if (!isSame) messages.value = moment;
  }

  return {
    messages,
    show(next) {
      atMs = next;
      update();
    },
    destroy() {
      destroyed = true;
    },
  };
}
