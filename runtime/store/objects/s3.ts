import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { checkKey, checkPrefix } from './keys.ts';
import { ObjectStoreError, type ObjectStore, type PutOptions, type StoredObject } from './port.ts';

/**
 * Above this an object goes up in parts, each retried alone. A 2 s segment of 10 Mbps has 2.5 MB and a
 * playlist of 12 hours 3 MB: they cost one request where parts would cost three or more.
 */
const multipartAboveBytes = 16 * 1024 ** 2;
const partBytes = 8 * 1024 ** 2;

const silent = (): void => {};

/** Object storage of one region answers a small PUT in some 50 ms; what takes seconds is better tried again. */
const defaults = {
  // Callers that matter retry by themselves and know how long (containers/ingest/archive); a second try
  // here spares the others the odd reset. Bodies that are streams are never sent twice by the SDK.
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 15_000, throwOnRequestTimeout: true },
  // A put brings its own checksum; see put().
  requestChecksumCalculation: 'WHEN_REQUIRED',
  // The SDK would write to the console that it does not repeat a stream. Errors are ours to log.
  logger: { debug: silent, info: silent, warn: silent, error: silent },
} as const satisfies S3ClientConfig;

export function createS3Store(options: {
  readonly bucket: string;
  /** Empty, or a key prefix without a slash at its end. */
  readonly prefix: string;
  readonly client: S3ClientConfig;
}): ObjectStore {
  return new S3Store(new S3Client({ ...defaults, ...options.client }), options.bucket, options.prefix);
}

class S3Store implements ObjectStore {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;

  constructor(client: S3Client, bucket: string, prefix: string) {
    if (prefix !== '') checkKey(prefix);
    this.#client = client;
    this.#bucket = bucket;
    this.#prefix = prefix === '' ? '' : `${prefix}/`;
  }

  async put(key: string, chunks: readonly Uint8Array[], options: PutOptions): Promise<void> {
    checkKey(key);
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const object = {
      ...this.#address(key),
      Body: Readable.from(chunks, { objectMode: false }),
      ContentType: options.contentType,
      CacheControl: options.cacheControl,
    };
    await guarded(`put ${key}`, async () => {
      if (length > multipartAboveBytes) return this.#putInParts(object, options.signal);
      // With length and checksum known the stream goes out as it is. Left to itself the SDK would frame it
      // as aws-chunked, one frame a chunk, and S3 refuses frames below 8 KiB.
      const command = new PutObjectCommand({
        ...object,
        ContentLength: length,
        ChecksumCRC32: crcOf(chunks),
      });
      await this.#client.send(command, withSignal(options.signal));
    });
  }

  async get(key: string, signal?: AbortSignal): Promise<StoredObject | undefined> {
    checkKey(key);
    return guarded(`get ${key}`, async () => {
      try {
        const found = await this.#client.send(new GetObjectCommand(this.#address(key)), withSignal(signal));
        return {
          bytes: (await found.Body?.transformToByteArray()) ?? new Uint8Array(),
          contentType: found.ContentType ?? 'application/octet-stream',
          cacheControl: found.CacheControl,
          etag: found.ETag ?? '""',
        };
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    });
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncIterable<string> {
    checkPrefix(prefix);
    let token: string | undefined;
    do {
      const command = new ListObjectsV2Command({
        Bucket: this.#bucket,
        Prefix: this.#prefix + prefix,
        ContinuationToken: token,
      });
      const page = await guarded(`list ${prefix}`, () => this.#client.send(command, withSignal(signal)));
      for (const { Key } of page.Contents ?? []) if (Key !== undefined) yield Key.slice(this.#prefix.length);
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    checkKey(key);
    await guarded(`delete ${key}`, () =>
      this.#client.send(new DeleteObjectCommand(this.#address(key)), withSignal(signal)),
    );
  }

  /** A part that fails for good aborts the upload: S3 would bill what had gone up. */
  async #putInParts(object: Upload['params'], signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const upload = new Upload({ client: this.#client, params: object, partSize: partBytes, queueSize: 4 });
    const abort = (): void => void upload.abort();
    signal?.addEventListener('abort', abort);
    try {
      await upload.done();
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  #address(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#bucket, Key: this.#prefix + key };
  }
}

function crcOf(chunks: readonly Uint8Array[]): string {
  const sum = chunks.reduce((crc, chunk) => crc32(chunk, crc), 0);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(sum);
  return bytes.toString('base64');
}

const withSignal = (signal: AbortSignal | undefined): { readonly abortSignal?: AbortSignal } =>
  signal === undefined ? {} : { abortSignal: signal };

/** S3's 4xx that pass: a body that came too slowly, and throttling that is not said with 503. */
const passing: ReadonlySet<string> = new Set(['RequestTimeout', 'Throttling', 'ThrottlingException']);

/** A network fault, a time-out, an abort or a 5xx may pass. What S3 says no to, it will say no to again. */
function isRetryable(error: unknown): boolean {
  if (!(error instanceof S3ServiceException)) return true;
  const status = error.$metadata.httpStatusCode ?? 500;
  return status >= 500 || status === 429 || status === 408 || passing.has(error.name);
}

async function guarded<T>(action: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new ObjectStoreError(`could not ${action}`, { cause: error, retryable: isRetryable(error) });
  }
}
