import { createHash } from 'node:crypto';
import { z } from 'zod';
import { messageIdPattern, type ChatMessage } from '../../../core/chat/message.ts';
import {
  chatIndexKey,
  chunkCacheControl,
  chunkKey,
  emptyIndex,
  finalIndexCacheControl,
  liveIndexCacheControl,
  type ChatChunk,
  type ChatIndex,
} from '../../../core/chat/replay.ts';
import { mergeIndexes } from '../../../core/chat/sealing.ts';
import type { ObjectStore } from '../../../runtime/store/objects/port.ts';

/** Another task archives this shard now, or nobody can say: what was about to be written is not. */
export class NotOursError extends Error {
  override readonly name = 'NotOursError';

  constructor(options?: ErrorOptions) {
    super('another task archives this shard', options);
  }
}

const attemptMs = 15_000;
const contentType = 'application/json';

const chunkNumber = z.int().nonnegative();
const indexSchema = z.object({
  chunks: z.array(chunkNumber),
  sealedToMs: z.number().nonnegative(),
  complete: z.boolean(),
  removed: z.array(z.string().regex(messageIdPattern)),
});
const chunkSchema = z.object({
  n: chunkNumber,
  messages: z.array(z.object({ id: z.string().regex(messageIdPattern) })),
});

/** A chunk that lies there. */
export interface StoredChunk {
  readonly digest: string;
  readonly ids: readonly string[];
}

/** The chat of one broadcast in object storage. Nothing is written without a look at the lease right before. */
export class ArchiveFiles {
  readonly #objects: ObjectStore;
  readonly #broadcastId: string;
  readonly #isOurs: () => Promise<boolean>;
  readonly #signal: AbortSignal;

  constructor(options: {
    readonly objects: ObjectStore;
    readonly broadcastId: string;
    readonly isOurs: () => Promise<boolean>;
    readonly signal: AbortSignal;
  }) {
    this.#objects = options.objects;
    this.#broadcastId = options.broadcastId;
    this.#isOurs = options.isOurs;
    this.#signal = options.signal;
  }

  /** One that can't be read counts as none: it is made anew out of the store when the show ends. */
  async index(): Promise<ChatIndex> {
    const found = await this.#objects.get(chatIndexKey(this.#broadcastId), this.#attempt());
    return (found && indexSchema.safeParse(parse(found.bytes)).data) ?? emptyIndex;
  }

  /** Adds to what lies there by now. @returns what lies there then */
  async extendIndex(change: Partial<ChatIndex>): Promise<ChatIndex> {
    const before = await this.index();
    const index = mergeIndexes(before, { ...emptyIndex, ...change });
    if (JSON.stringify(index) !== JSON.stringify(before))
      await this.#put(
        chatIndexKey(this.#broadcastId),
        encode(index),
        index.complete ? finalIndexCacheControl : liveIndexCacheControl,
      );
    return index;
  }

  /** undefined: there is none that could be read. */
  async chunk(n: number): Promise<StoredChunk | undefined> {
    const found = await this.#objects.get(chunkKey(this.#broadcastId, n), this.#attempt());
    const chunk = found && chunkSchema.safeParse(parse(found.bytes)).data;
    return found && chunk && { digest: digestOf(found.bytes), ids: chunk.messages.map(({ id }) => id) };
  }

  writeChunk(n: number, bytes: Uint8Array): Promise<void> {
    return this.#put(chunkKey(this.#broadcastId, n), bytes, chunkCacheControl);
  }

  async #put(key: string, bytes: Uint8Array, cacheControl: string): Promise<void> {
    await this.#mustBeOurs();
    await this.#objects.put(key, [bytes], { contentType, cacheControl, signal: this.#attempt() });
  }

  async #mustBeOurs(): Promise<void> {
    let isOurs: boolean;
    try {
      isOurs = await this.#isOurs();
    } catch (cause) {
      throw new NotOursError({ cause });
    }
    if (!isOurs || this.#signal.aborted) throw new NotOursError();
  }

  #attempt(): AbortSignal {
    return AbortSignal.any([this.#signal, AbortSignal.timeout(attemptMs)]);
  }
}

/** The same messages make the same bytes, whoever writes them. */
export function encodeChunk(n: number, messages: readonly ChatMessage[]): Uint8Array {
  const chunk: ChatChunk = {
    n,
    messages: messages.map(({ id, at, text, by }) => ({
      id,
      at,
      text,
      by: { id: by.id, name: by.name, role: by.role },
    })),
  };
  return encode(chunk);
}

export const digestOf = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('base64url');

const encode = (value: object): Uint8Array => Buffer.from(JSON.stringify(value));

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}
