import { createHash } from 'node:crypto';
import { checkKey, checkPrefix } from '../../runtime/store/objects/keys.ts';
import {
  ObjectStoreError,
  type ObjectStore,
  type PutOptions,
  type StoredObject,
} from '../../runtime/store/objects/port.ts';

/** Object storage in memory. Passes test/runtime/store/objects/contract.ts. */
export class FakeObjectStore implements ObjectStore {
  readonly #objects = new Map<string, StoredObject>();

  put(key: string, chunks: readonly Uint8Array[], options: PutOptions): Promise<void> {
    return guarded(() => {
      checkKey(key);
      stopIf(options.signal);
      const bytes = Buffer.concat(chunks);
      const etag = `"${createHash('sha256').update(bytes).digest('hex')}"`;
      const { contentType, cacheControl } = options;
      this.#objects.set(key, { bytes, contentType, cacheControl, etag });
    });
  }

  get(key: string, signal?: AbortSignal): Promise<StoredObject | undefined> {
    return guarded(() => {
      checkKey(key);
      stopIf(signal);
      return this.#objects.get(key);
    });
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncIterable<string> {
    checkPrefix(prefix);
    const keys = [...this.#objects.keys()].filter((key) => key.startsWith(prefix));
    for (const key of keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
      await guarded(() => stopIf(signal));
      yield key;
    }
  }

  delete(key: string, signal?: AbortSignal): Promise<void> {
    return guarded(() => {
      checkKey(key);
      stopIf(signal);
      this.#objects.delete(key);
    });
  }
}

async function guarded<T>(work: () => T): Promise<T> {
  await Promise.resolve();
  return work();
}

function stopIf(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new ObjectStoreError('stopped', { cause: signal.reason, retryable: true });
}
