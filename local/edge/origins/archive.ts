import type { ObjectStore } from '../../../runtime/store/objects/port.ts';
import { OriginError, plainAnswer, type Origin } from '../answer.ts';
import { relativeName } from '../target.ts';

const missing = (): ReturnType<typeof plainAnswer> =>
  plainAnswer(404, 'There is no such recording.', { 'cache-control': 'no-store' });

/** Object storage as S3 answers behind CloudFront: the key is the path without its first slash. */
export function createArchiveOrigin(store: ObjectStore, timeoutMs: number): Origin {
  return async ({ path, signal }) => {
    const key = relativeName(path);
    if (key === undefined) return missing();
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const object = await store.get(key, AbortSignal.any([signal, timeout]));
      if (object === undefined) return missing();
      const { bytes, contentType, cacheControl, etag } = object;
      return {
        status: 200,
        headers: {
          'content-type': contentType,
          etag,
          ...(cacheControl === undefined ? {} : { 'cache-control': cacheControl }),
        },
        body: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      };
    } catch (error) {
      throw timeout.aborted
        ? new OriginError(504, 'the archive was silent for too long', { cause: error })
        : new OriginError(502, "the archive can't be reached", { cause: error });
    }
  };
}
