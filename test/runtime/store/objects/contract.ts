import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ObjectStoreError, type ObjectStore } from '../../../../runtime/store/objects/port.ts';

const text = { contentType: 'text/plain', cacheControl: 'max-age=1' };
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);

async function keysOf(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of store.list(prefix)) keys.push(key);
  return keys;
}

/** What every object store must do. Run by directory.test.ts and s3.test.ts. */
export function objectStoreContract(
  open: () => Promise<{ readonly store: ObjectStore; readonly close: () => Promise<void> }>,
): void {
  describe('object store contract', () => {
    let store: ObjectStore;
    let close: () => Promise<void>;

    beforeAll(async () => {
      ({ store, close } = await open());
    });
    afterAll(() => close());

    it('gives back bytes and headers as they were put', async () => {
      await store.put('a/one.txt', [bytes('hel'), bytes(''), bytes('lo')], text);
      const found = await store.get('a/one.txt');
      expect(Buffer.from(found?.bytes ?? []).toString()).toBe('hello');
      expect(found).toMatchObject(text);
      expect(found?.etag).toMatch(/^".+"$/);
    });

    it('keeps an object of no bytes', async () => {
      await store.put('a/empty', [], text);
      expect((await store.get('a/empty'))?.bytes.length).toBe(0);
    });

    it('replaces bytes and headers, and the etag tells', async () => {
      await store.put('a/two', [bytes('old')], text);
      const before = await store.get('a/two');
      await store.put('a/two', [bytes('new!')], { contentType: 'image/jpeg', cacheControl: 'max-age=9' });
      const after = await store.get('a/two');
      expect(Buffer.from(after?.bytes ?? []).toString()).toBe('new!');
      expect(after).toMatchObject({ contentType: 'image/jpeg', cacheControl: 'max-age=9' });
      expect(after?.etag).not.toBe(before?.etag);
      expect((await store.get('a/two'))?.etag).toBe(after?.etag);
    });

    it('says undefined of what is not there', async () => {
      expect(await store.get('nothing/here')).toBeUndefined();
      expect(await store.get('a')).toBeUndefined();
    });

    it('deletes, twice as well as once', async () => {
      await store.put('d/x', [bytes('x')], text);
      await store.delete('d/x');
      await store.delete('d/x');
      expect(await store.get('d/x')).toBeUndefined();
      expect(await keysOf(store, 'd/')).toEqual([]);
    });

    it('lists by any prefix in the order of bytes', async () => {
      const keys = ['l/B', 'l/a-b', 'l/a.b', 'l/a/b', 'l/a/b2', 'l/a0', 'l/a_b', 'l/ab/c', 'l/b'];
      for (const key of keys.toReversed()) await store.put(key, [bytes(key)], text);
      expect(await keysOf(store, 'l/')).toEqual(keys);
      expect(await keysOf(store, 'l/a/')).toEqual(['l/a/b', 'l/a/b2']);
      expect(await keysOf(store, 'l/a')).toEqual(keys.filter((key) => key.startsWith('l/a')));
      expect(await keysOf(store, 'l/nothing')).toEqual([]);
      expect(await keysOf(store, '')).toEqual(expect.arrayContaining(keys));
    });

    it('holds an object above the size of one request', async () => {
      const chunk = new Uint8Array(1_000_003).map((_, index) => index % 251);
      const chunks = Array.from({ length: 18 }, () => chunk);
      await store.put('big', chunks, text);
      const found = await store.get('big');
      const digest = (parts: readonly Uint8Array[]): string => {
        const hash = createHash('sha256');
        for (const part of parts) hash.update(part);
        return hash.digest('hex');
      };
      expect(digest([found?.bytes ?? new Uint8Array()])).toBe(digest(chunks));
      expect(found).toMatchObject(text);
    });

    it('never shows half an object to a reader', async () => {
      const versions = ['1'.repeat(70_000), '2'.repeat(90_000)];
      await store.put('race', [bytes(versions[0] ?? '')], text);
      const writing = (async () => {
        for (let round = 0; round < 30; round++)
          await store.put('race', [bytes(versions[round % 2] ?? '')], text);
      })();
      for (let round = 0; round < 30; round++) {
        const found = await store.get('race');
        expect(versions).toContain(Buffer.from(found?.bytes ?? []).toString());
      }
      await writing;
    });

    it('holds whatever the chunks are', async () => {
      const chunks = fc.array(fc.uint8Array({ maxLength: 3_000 }), { maxLength: 8 });
      await fc.assert(
        fc.asyncProperty(chunks, async (parts) => {
          await store.put('any', parts, text);
          expect(Buffer.from((await store.get('any'))?.bytes ?? [])).toEqual(Buffer.concat(parts));
        }),
        { numRuns: 30 },
      );
    });

    it.each([
      '',
      '/',
      '/etc/passwd',
      '../x',
      'a/../x',
      'a/./x',
      'a//x',
      'a/',
      '.hidden',
      'a/.hidden',
      'a\0b',
      'a b',
      'ä',
    ])('refuses the key %j for good', async (key) => {
      const refusal = { name: 'ObjectStoreError', retryable: false };
      await expect(store.put(key, [bytes('x')], text)).rejects.toMatchObject(refusal);
      await expect(store.get(key)).rejects.toMatchObject(refusal);
      await expect(store.delete(key)).rejects.toMatchObject(refusal);
    });

    it('refuses a key longer than S3 takes', async () => {
      await store.put('x'.repeat(200), [], text);
      await expect(store.put('x'.repeat(1_025), [], text)).rejects.toMatchObject({ retryable: false });
    });

    it('refuses prefixes that leave it', async () => {
      await expect(keysOf(store, '../')).rejects.toBeInstanceOf(ObjectStoreError);
      await expect(keysOf(store, '/etc/')).rejects.toBeInstanceOf(ObjectStoreError);
    });

    it('stops when told to, with an error that may be tried again', async () => {
      const signal = AbortSignal.abort(new Error('stop'));
      const refusal = { name: 'ObjectStoreError', retryable: true };
      await expect(store.put('stopped', [bytes('x')], { ...text, signal })).rejects.toMatchObject(refusal);
      await expect(store.get('a/one.txt', signal)).rejects.toMatchObject(refusal);
      expect(await store.get('stopped')).toBeUndefined();
    });
  });
}
