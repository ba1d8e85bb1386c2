/**
 * Object storage as Tidecast needs it. Two sides: a directory (one machine) and S3. Both pass
 * test/runtime/store/objects/contract.ts. Keys are relative paths such as `archive/<broadcast>/360p/1-0-7.m4s`.
 */
export interface ObjectStore {
  /** Writes whole or not at all; a reader sees the old bytes or the new ones. The chunks are the body, in order. */
  put(key: string, chunks: readonly Uint8Array[], options: PutOptions): Promise<void>;
  /** Undefined when there is no such object. */
  get(key: string, signal?: AbortSignal): Promise<StoredObject | undefined>;
  /** Keys that start with the prefix, in the order of their bytes. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<string>;
  /** No such object is success. */
  delete(key: string, signal?: AbortSignal): Promise<void>;
}

export interface PutOptions {
  readonly contentType: string;
  readonly cacheControl: string;
  readonly signal?: AbortSignal;
}

export interface StoredObject {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  readonly cacheControl: string | undefined;
  /** Quoted, as in HTTP. */
  readonly etag: string;
}

/** Object storage refused or could not be reached. The cause says more. */
export class ObjectStoreError extends Error {
  override readonly name = 'ObjectStoreError';
  /** Trying the same call again can help (a network fault, 5xx, throttling), as opposed to a bad bucket or denied access. */
  readonly retryable: boolean;

  constructor(message: string, options: { readonly cause?: unknown; readonly retryable: boolean }) {
    super(message, { cause: options.cause });
    this.retryable = options.retryable;
  }
}
