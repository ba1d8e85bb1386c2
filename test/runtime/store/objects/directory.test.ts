import { chmod, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDirectoryStore } from '../../../../runtime/store/objects/directory.ts';
import { objectStoreContract } from './contract.ts';

const headers = { contentType: 'text/plain', cacheControl: 'max-age=1' };

objectStoreContract(async () => {
  const root = await mkdtemp(join(tmpdir(), 'objects-'));
  return {
    store: await openDirectoryStore({ root, clock: Date }),
    close: () => rm(root, { recursive: true }),
  };
});

describe('directory store', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'objects-'));
  });
  afterAll(() => rm(root, { recursive: true }));

  it('keeps objects as plain files', async () => {
    const store = await openDirectoryStore({ root: join(root, 'plain'), clock: Date });
    await store.put('archive/b/list.m3u8', [Buffer.from('#EXTM3U\n')], headers);
    expect(await readFile(join(root, 'plain/archive/b/list.m3u8'), 'utf8')).toBe('#EXTM3U\n');
  });

  it('removes what a crash left half-written, but not what another process is writing now', async () => {
    const writing = join(root, 'crashed/.writing');
    await mkdir(writing, { recursive: true });
    await writeFile(join(writing, 'old'), 'half');
    await utimes(join(writing, 'old'), new Date(0), new Date(0));
    await writeFile(join(writing, 'new'), 'half');
    await openDirectoryStore({ root: join(root, 'crashed'), clock: Date });
    expect(await readdir(writing)).toEqual(['new']);
  });

  it('leaves nothing behind when a write fails', async () => {
    const store = await openDirectoryStore({ root: join(root, 'failing'), clock: Date });
    await store.put('a/b', [Buffer.from('x')], headers);
    await expect(store.put('a/b/c', [Buffer.from('x')], headers)).rejects.toMatchObject({
      name: 'ObjectStoreError',
      retryable: false,
    });
    expect(await readdir(join(root, 'failing/.writing'))).toEqual([]);
  });

  // The superuser may write everywhere: there is nothing to see for it.
  it.skipIf(process.getuid?.() === 0)(
    'says that a directory it may not write is refused for good',
    async () => {
      const store = await openDirectoryStore({ root: join(root, 'locked'), clock: Date });
      await chmod(join(root, 'locked/.writing'), 0o500);
      await expect(store.put('a', [], headers)).rejects.toMatchObject({ retryable: false });
    },
  );
});
