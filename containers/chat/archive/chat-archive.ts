import type { Broadcast } from '../../../core/broadcast/types.ts';
import type { ChatMessage } from '../../../core/chat/message.ts';
import {
  changeableForMs,
  chunkMs,
  chunkOf,
  chunkOfId,
  emptyIndex,
  sealAfterMs,
  type ChatIndex,
} from '../../../core/chat/replay.ts';
import { firstOpenChunk, idsOfChunks } from '../../../core/chat/sealing.ts';
import type { MessageStore } from '../../../core/chat/store.ts';
import type { ObjectStore } from '../../../runtime/store/objects/port.ts';
import { Comparing } from './comparing.ts';
import { ArchiveFiles, digestOf, encodeChunk } from './files.ts';
import { byChunk, readWindows } from './windows.ts';

export interface ChatArchiveOptions {
  readonly broadcastId: string;
  readonly messages: Pick<MessageStore, 'read'>;
  readonly objects: ObjectStore;
  /** Asked right before each write. */
  readonly isOurs: () => Promise<boolean>;
  readonly signal: AbortSignal;
  readonly wroteChunk: () => void;
}

const dayMs = 86_400_000;
/** What was posted right before the end, or by an API task that did not know of it yet, is in the store by then. */
const settleMs = 10_000;
/** The ids are by another clock than the start of the broadcast. */
const beforeStartMs = 600_000;
const keptForMs = 31 * dayMs;

const soonestMs = 3_000;
const restMs = 10_000;
const longestRestMs = 60_000;

export type Outcome = { readonly kind: 'archived' } | { readonly kind: 'again'; readonly inMs: number };

/**
 * Brings the archive of one broadcast's chat up to what the store says. A chunk is a function of the store and
 * the index only grows, so each step can be done twice, by two tasks, or not at all: the next visit goes on.
 */
export class ChatArchive {
  readonly #options: ChatArchiveOptions;
  readonly #files: ArchiveFiles;
  readonly #comparing = new Comparing();
  /** Of the chunks as we know them to lie there. */
  readonly #digests = new Map<number, string>();
  /** Written, and not in the index yet. */
  readonly #unlisted = new Set<number>();
  #index: ChatIndex | undefined;
  #listed: ReadonlySet<number> = new Set();
  #newestId: string | undefined;
  #newestSince = 0;
  #silentVisits = 0;
  #endedSince: number | undefined;

  constructor(options: ChatArchiveOptions) {
    this.#options = options;
    this.#files = new ArchiveFiles(options);
  }

  /** Everything until here was looked at. */
  get newestId(): string | undefined {
    return this.#newestId;
  }

  /** @param mark of the note of this broadcast: another one means that something may have been removed */
  async visit(broadcast: Broadcast, mark: string, now: number): Promise<Outcome> {
    if (this.#index === undefined) this.#know(await this.#files.index());
    this.#comparing.heed(mark, now, this.#listed.size > 0);
    if (broadcast.state !== 'ended') {
      this.#endedSince = undefined;
      await this.#follow(broadcast, now);
      return { kind: 'again', inMs: this.#restFor(now) };
    }
    this.#endedSince ??= now;
    const endedForMs = Math.abs(now - this.#endedSince);
    if (endedForMs < settleMs) return { kind: 'again', inMs: settleMs - endedForMs };
    await this.#complete(broadcast, now);
    return { kind: 'archived' };
  }

  /** While it is live: seals what can no longer change. */
  async #follow(broadcast: Broadcast, now: number): Promise<void> {
    const before = this.#newestId;
    const newest = latest(before, await this.#readNewest());
    if (newest === undefined || newest === before) this.#silentVisits += 1;
    else this.#silentVisits = 0;
    if (newest === undefined) return;
    // Also when our clock stepped back: the silence begins anew.
    if (newest !== before || now < this.#newestSince) this.#newestSince = now;

    const { sealedToMs } = this.#known;
    const sealed = sealedToMs === 0 ? this.#floor(broadcast, newest) : chunkOf(sealedToMs);
    const open = firstOpenChunk({ newestId: newest, silentMs: now - this.#newestSince, nowMs: now });
    const end = Math.min(open, chunkOfId(newest) + 1);
    // Ids that are behind our clock go into chunks that a silence has closed.
    await this.#settle(Math.min(sealed, chunkOfId(before ?? newest)), end, now);
    await this.#extend({ sealedToMs: open * chunkMs });
    this.#newestId = newest;

    const scope = this.#comparing.due(now);
    if (scope === undefined) return;
    const from = scope === 'all' ? this.#floor(broadcast, newest) : end - Math.ceil(scope.recentMs / chunkMs);
    await this.#settle(from, end, now);
    await this.#extend({});
    this.#comparing.done(scope, now);
  }

  /** When it has ended: everything once more, as things may have been removed, or come late. */
  async #complete(broadcast: Broadcast, now: number): Promise<void> {
    const newest = latest(this.#newestId, await this.#readNewest());
    const { chunks } = this.#known;
    const last = Math.max(-1, ...chunks.slice(-1), newest === undefined ? -1 : chunkOfId(newest));
    const from = Math.min(this.#floor(broadcast, newest), ...chunks.slice(0, 1));
    await this.#settleBefore(from, now);
    await this.#settle(from, last + 1, now);
    const sealedToMs = Math.max((last + 1) * chunkMs, broadcast.endedAt ?? 0);
    await this.#extend({ sealedToMs, complete: true });
  }

  /** Makes chunks n with from ≤ n < to be as the store says. */
  async #settle(from: number, to: number, now: number): Promise<void> {
    const { broadcastId, messages } = this.#options;
    for await (const window of readWindows(messages, { broadcastId, from, to })) {
      const stored = this.#known.chunks.filter((n) => n >= window.from && n < window.to);
      for (const n of new Set([...window.chunks.keys(), ...stored]))
        await this.#settleChunk(n, window.chunks.get(n) ?? [], now);
    }
  }

  /** Nothing is there, unless the clock of the ids was far behind. */
  async #settleBefore(to: number, now: number): Promise<void> {
    const said = await this.#options.messages.read(this.#options.broadcastId, { to: idsOfChunks(0, to).to });
    for (const [n, messages] of byChunk(said)) await this.#settleChunk(n, messages, now);
  }

  async #settleChunk(n: number, messages: readonly ChatMessage[], now: number): Promise<void> {
    const bytes = encodeChunk(n, messages);
    const digest = digestOf(bytes);
    if (this.#digests.get(n) === digest) return;
    if (this.#listed.has(n)) {
      if (now - n * chunkMs > changeableForMs) return;
      const stored = await this.#files.chunk(n);
      if (stored?.digest !== digest) {
        const kept = new Set(messages.map(({ id }) => id));
        const removed = stored?.ids.filter((id) => !kept.has(id)) ?? [];
        // Before the chunk: else a crash between the two would forget them.
        if (removed.length > 0) await this.#extend({ removed });
        await this.#write(n, bytes);
      }
    } else if (messages.length > 0) {
      await this.#write(n, bytes);
      this.#unlisted.add(n);
    }
    this.#digests.set(n, digest);
  }

  async #write(n: number, bytes: Uint8Array): Promise<void> {
    await this.#files.writeChunk(n, bytes);
    this.#options.wroteChunk();
  }

  async #extend(change: Partial<ChatIndex>): Promise<void> {
    const isNews =
      this.#unlisted.size > 0 ||
      (change.removed?.length ?? 0) > 0 ||
      change.complete === true ||
      (change.sealedToMs ?? 0) > this.#known.sealedToMs;
    if (!isNews) return;
    const chunks = [...this.#unlisted];
    this.#know(await this.#files.extendIndex({ ...change, chunks }));
    for (const n of chunks) this.#unlisted.delete(n);
  }

  get #known(): ChatIndex {
    return this.#index ?? emptyIndex;
  }

  #know(index: ChatIndex): void {
    this.#index = index;
    this.#listed = new Set(index.chunks);
  }

  async #readNewest(): Promise<string | undefined> {
    return (await this.#options.messages.read(this.#options.broadcastId, { newest: 1 })).at(-1)?.id;
  }

  /** The store has nothing from before this chunk, if the clocks are about right. */
  #floor(broadcast: Broadcast, newestId: string | undefined): number {
    const start = chunkOf(broadcast.startedAt - beforeStartMs);
    if (newestId === undefined) return start;
    const newest = chunkOfId(newestId);
    return Math.min(newest, Math.max(start, newest - chunkOf(keptForMs)));
  }

  #restFor(now: number): number {
    const rest = Math.min(longestRestMs, restMs * 2 ** Math.max(0, this.#silentVisits - 1));
    const isSealed =
      this.#newestId === undefined || chunkOfId(this.#newestId) < chunkOf(this.#known.sealedToMs);
    const wish = isSealed
      ? Math.min(rest, this.#comparing.dueInMs(now))
      : this.#sealableInMs(this.#newestId, now);
    return Math.max(soonestMs, wish);
  }

  /** The chunk of the newest message is over then, if nothing more is said. */
  #sealableInMs(newestId: string | undefined, now: number): number {
    if (newestId === undefined) return restMs;
    return Math.min(chunkMs + sealAfterMs, (chunkOfId(newestId) + 1) * chunkMs + sealAfterMs - now);
  }
}

const latest = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || (b !== undefined && b > a) ? b : a;
