import { open } from 'node:fs/promises';

/**
 * A new file from chunks, without joining them in memory. No fsync: what is written survives the death of
 * the process, and on the loss of a host its disk is gone as well.
 */
export async function writeChunks(
  path: string,
  chunks: readonly Uint8Array[],
  signal?: AbortSignal,
): Promise<void> {
  const file = await open(path, 'wx');
  try {
    let left: Uint8Array[] = chunks.filter((chunk) => chunk.length > 0);
    while (left.length > 0) {
      signal?.throwIfAborted();
      // A write may be short (disk nearly full, signals), and IOV_MAX is 1,024.
      const { bytesWritten } = await file.writev(left.slice(0, 1_024));
      left = withoutFirst(left, bytesWritten);
    }
  } finally {
    await file.close();
  }
}

function withoutFirst(chunks: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skip = bytes;
  let index = 0;
  for (; index < chunks.length; index++) {
    const length = chunks[index]?.length ?? 0;
    if (skip < length) break;
    skip -= length;
  }
  const [first, ...rest] = chunks.slice(index);
  return first === undefined ? [] : [first.subarray(skip), ...rest];
}
