import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkKey, checkPrefix } from './keys.ts';
import { ObjectStoreError, type ObjectStore, type PutOptions, type StoredObject } from './port.ts';
import { writeChunks } from './write-chunks.ts';

/**
 * Objects as plain files, so that a person can play or copy what lies there. The headers that S3 keeps with
 * an object stand in a second tree, because a file has no room for them:
 *
 *   <root>/archive/<broadcast>/360p/index.m3u8
 *   <root>/.headers/archive/<broadcast>/360p/index.m3u8    JSON
 *   <root>/.writing/<uuid>                                 being written; renamed when whole
 *
 * Headers are written first: a reader may see new headers with old bytes for a moment, never bytes without.
 */
const headersFolder = '.headers';
const writingFolder = '.writing';
/** Several processes share the directory, so only what no live write can be is swept away. */
const leftoverAfterMs = 3_600_000;

interface Headers {
  readonly contentType: string;
  readonly cacheControl: string;
}

/** Makes the directory if it is missing, and removes what an earlier crash left half-written. */
export async function openDirectoryStore(options: {
  readonly root: string;
  readonly clock: { now(): number };
}): Promise<ObjectStore> {
  const writing = join(options.root, writingFolder);
  await mkdir(writing, { recursive: true });
  for (const name of await readdir(writing)) {
    const path = join(writing, name);
    const found = await stat(path).catch(ignoreMissing);
    if (found !== undefined && options.clock.now() - found.mtimeMs > leftoverAfterMs)
      await rm(path, { force: true });
  }
  return new DirectoryStore(options.root);
}

class DirectoryStore implements ObjectStore {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async put(key: string, chunks: readonly Uint8Array[], options: PutOptions): Promise<void> {
    checkKey(key);
    const { contentType, cacheControl, signal } = options;
    const headers: Headers = { contentType, cacheControl };
    await guarded(`put ${key}`, async () => {
      await this.#write(join(headersFolder, key), [Buffer.from(JSON.stringify(headers))], signal);
      await this.#write(key, chunks, signal);
    });
  }

  async get(key: string, signal?: AbortSignal): Promise<StoredObject | undefined> {
    checkKey(key);
    return guarded(`get ${key}`, async () => {
      const bytes = await readFile(join(this.#root, key), { signal }).catch(ignoreMissing);
      if (bytes === undefined) return undefined;
      const text = await readFile(join(this.#root, headersFolder, key), { encoding: 'utf8', signal }).catch(
        ignoreMissing,
      );
      // A file that a person put there has no headers.
      const headers = text === undefined ? undefined : (JSON.parse(text) as Headers);
      return {
        bytes,
        contentType: headers?.contentType ?? 'application/octet-stream',
        cacheControl: headers?.cacheControl,
        etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
      };
    });
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncIterable<string> {
    checkPrefix(prefix);
    const slash = prefix.lastIndexOf('/');
    yield* this.#walk(prefix.slice(0, slash + 1), prefix, signal);
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    checkKey(key);
    await guarded(`delete ${key}`, async () => {
      signal?.throwIfAborted();
      await rm(join(this.#root, key), { force: true });
      await rm(join(this.#root, headersFolder, key), { force: true });
    });
  }

  /** @param folder empty or ending in a slash. */
  async *#walk(folder: string, prefix: string, signal: AbortSignal | undefined): AsyncIterable<string> {
    const entries = await guarded(`list ${prefix}`, async () => {
      signal?.throwIfAborted();
      return (await readdir(join(this.#root, folder), { withFileTypes: true }).catch(ignoreMissing)) ?? [];
    });
    // A folder sorts as its name with the slash: then the walk comes in the order of whole keys.
    const names = entries
      .filter((entry) => !entry.name.startsWith('.'))
      .map((entry) => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`)
      .sort(byBytes);
    for (const name of names) {
      if (name.endsWith('/')) {
        if (name.startsWith(prefix) || prefix.startsWith(name)) yield* this.#walk(name, prefix, signal);
      } else if (name.startsWith(prefix)) yield name;
    }
  }

  async #write(path: string, chunks: readonly Uint8Array[], signal: AbortSignal | undefined): Promise<void> {
    const temporary = join(this.#root, writingFolder, randomUUID());
    const target = join(this.#root, path);
    try {
      await writeChunks(temporary, chunks, signal);
      signal?.throwIfAborted();
      await mkdir(dirname(target), { recursive: true });
      await rename(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }
}

const byBytes = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

function ignoreMissing(error: unknown): undefined {
  const code = codeOf(error);
  // A key below a file, or one that is a folder, is no object either.
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined;
  throw error;
}

/** A full disk can be emptied and a vanished folder made again; a directory we may not write in stays so. */
const permanent: ReadonlySet<string | undefined> = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'EEXIST',
  'EISDIR',
  'ENOTDIR',
  'ENAMETOOLONG',
]);

async function guarded<T>(action: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new ObjectStoreError(`could not ${action}`, {
      cause: error,
      retryable: !permanent.has(codeOf(error)),
    });
  }
}
