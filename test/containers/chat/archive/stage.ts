import { expect } from 'vitest';
import { ChatArchive, type Outcome } from '../../../../containers/chat/archive/chat-archive.ts';
import type { Broadcast } from '../../../../core/broadcast/types.ts';
import { messageId, type ChatMessage } from '../../../../core/chat/message.ts';
import {
  chatIndexKey,
  chunkKey,
  chunkOfId,
  type ChatChunk,
  type ChatIndex,
} from '../../../../core/chat/replay.ts';
import type { MessageStore } from '../../../../core/chat/store.ts';
import type { ObjectStore } from '../../../../runtime/store/objects/port.ts';
import { FakeMessageStore } from '../../../fakes/chat/message-store.ts';
import { FakeObjectStore } from '../../../fakes/object-store.ts';

export const broadcastId = '01jchat0000000000000000000';
/** A multiple of the length of a chunk. */
export const startMs = 1_790_000_000_000;

export const said = (atMs: number, n = 0): ChatMessage => ({
  id: messageId((startMs + atMs) * 1_000 + n),
  at: startMs + atMs,
  text: `said at ${atMs} (${n})`,
  by: { id: `p${n % 5}`, name: `Person ${n % 5}`, role: 'viewer' },
});

export const broadcastOf = (state: Broadcast['state'], endedAtMs?: number): Broadcast => ({
  broadcastId,
  channelId: '01jchannel0000000000000000',
  ownerId: 'owner',
  channelName: 'A channel',
  title: 'A show',
  visibility: 'public',
  state,
  startedAt: startMs,
  ...(endedAtMs === undefined ? {} : { endedAt: startMs + endedAtMs }),
  session: 1,
  slot: 'in-01',
  taskId: 'ingest',
  seenAt: startMs,
  encoderSeenAt: startMs,
  shard: 'a',
});

/** As a page reads it: by the index, without what was removed since. */
export async function readArchive(objects: ObjectStore): Promise<{
  readonly index: ChatIndex | undefined;
  readonly messages: readonly ChatMessage[];
  readonly raw: readonly ChatMessage[];
}> {
  const json = async (key: string): Promise<unknown> => {
    const found = await objects.get(key);
    return found && JSON.parse(Buffer.from(found.bytes).toString());
  };
  const index = (await json(chatIndexKey(broadcastId))) as ChatIndex | undefined;
  const raw: ChatMessage[] = [];
  for (const n of index?.chunks ?? []) {
    const chunk = (await json(chunkKey(broadcastId, n))) as ChatChunk | undefined;
    expect(chunk, `chunk ${n} is listed and has to be there`).toBeDefined();
    expect(chunk?.n).toBe(n);
    for (const message of chunk?.messages ?? []) expect(chunkOfId(message.id)).toBe(n);
    raw.push(...(chunk?.messages ?? []));
  }
  const removed = new Set(index?.removed);
  return { index, raw, messages: raw.filter(({ id }) => !removed.has(id)) };
}

/** Throws at one effect, before or after it was done: the process is dead from then on. */
export class Fuse {
  #left: number;
  readonly #isDone: boolean;
  isBlown = false;

  constructor(effects: number, options: { readonly isDone: boolean }) {
    this.#left = effects;
    this.#isDone = options.isDone;
  }

  async through<T>(effect: () => Promise<T>): Promise<T> {
    if (this.isBlown) throw new Error('dead');
    this.#left -= 1;
    if (this.#left > 0) return effect();
    this.isBlown = true;
    if (this.#isDone) await effect();
    throw new Error('killed');
  }
}

export const fused = (objects: ObjectStore, fuse: Fuse): ObjectStore => ({
  put: (key, chunks, options) => fuse.through(() => objects.put(key, chunks, options)),
  get: (key, signal) => (fuse.isBlown ? Promise.reject(new Error('dead')) : objects.get(key, signal)),
  list: (prefix, signal) => objects.list(prefix, signal),
  delete: (key, signal) => fuse.through(() => objects.delete(key, signal)),
});

export interface Stage {
  readonly messages: MessageStore;
  readonly objects: ObjectStore;
  /** A task that takes over; `objects` as it sees them. */
  readonly task: (options?: {
    readonly objects?: ObjectStore;
    readonly isOurs?: () => Promise<boolean>;
  }) => ChatArchive;
}

export function makeStage(): Stage {
  const messages = new FakeMessageStore();
  const objects = new FakeObjectStore();
  return {
    messages,
    objects,
    task: (options = {}) =>
      new ChatArchive({
        broadcastId,
        messages,
        objects: options.objects ?? objects,
        isOurs: options.isOurs ?? (() => Promise.resolve(true)),
        signal: new AbortController().signal,
        wroteChunk: () => {},
      }),
  };
}

/** Visits a live show, at a time after its start. */
export const follow = (task: ChatArchive, atMs: number, mark = ''): Promise<Outcome> =>
  task.visit(broadcastOf('live'), mark, startMs + atMs);

/** Visits an ended show until it is archived. */
export async function finish(task: ChatArchive, atMs: number, mark = ''): Promise<void> {
  const ended = broadcastOf('ended', atMs);
  const first = await task.visit(ended, mark, startMs + atMs);
  if (first.kind === 'archived') return;
  const second = await task.visit(ended, mark, startMs + atMs + first.inMs);
  expect(second).toEqual({ kind: 'archived' });
}
