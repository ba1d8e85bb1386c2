import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openObjectStore } from '../../../../runtime/store/objects/open.ts';

const opening = { region: 'us-east-1', clock: Date };

describe('openObjectStore', () => {
  it('opens a directory, with spaces in its name too', async () => {
    const root = await mkdtemp(join(tmpdir(), 'objects with space-'));
    const store = await openObjectStore({ ...opening, url: pathToFileURL(root).href });
    await store.put('x', [Buffer.from('1')], { contentType: 'text/plain', cacheControl: 'no-store' });
    expect(await readFile(join(root, 'x'), 'utf8')).toBe('1');
    await rm(root, { recursive: true });
  });

  it.each(['s3://bucket', 's3://bucket/', 's3://bucket/some/prefix'])('opens %s', async (url) => {
    await expect(openObjectStore({ ...opening, url })).resolves.toBeDefined();
  });

  it.each(['s3://bucket/..%2f', 's3://bucket/a b', 'http://bucket'])('refuses %s', async (url) => {
    await expect(openObjectStore({ ...opening, url })).rejects.toThrow();
  });
});
