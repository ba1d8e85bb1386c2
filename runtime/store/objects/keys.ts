import { ObjectStoreError } from './port.ts';

// What a directory and S3 both can hold without escaping anything. No component starts with a dot: that
// shuts out `..` and leaves such names to the directory store itself. 1,024 bytes is S3's limit.
const keyPattern = /^[\w-][\w.-]*(?:\/[\w-][\w.-]*)*$/;
const maxKeyLength = 1_024;

/** @throws ObjectStoreError, not retryable, for a key that no store takes. */
export function checkKey(key: string): void {
  if (key.length > maxKeyLength || !keyPattern.test(key))
    throw new ObjectStoreError(
      `not a key of the object store: ${JSON.stringify(key.slice(0, 100))}; keys are names of [A-Za-z0-9_.-] joined by slashes`,
      { retryable: false },
    );
}

/** A prefix is the beginning of a key: it may end anywhere, also in a slash. */
export function checkPrefix(prefix: string): void {
  if (prefix !== '') checkKey(`${prefix}x`);
}
