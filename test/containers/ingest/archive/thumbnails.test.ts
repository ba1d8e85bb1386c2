import { afterEach, describe, expect, it } from 'vitest';
import {
  addAll,
  broadcastId,
  CheckedStore,
  open,
  refused,
  temporaryFolder,
  until,
  violations,
} from './harness.ts';

const isNew = { isNew: true };

afterEach(() => {
  expect(violations.splice(0)).toEqual([]);
});

describe('thumbnails', () => {
  const key = `thumbs/${broadcastId}.jpg`;
  const jpeg = (text: string): Uint8Array => Buffer.from(text);

  it('are stored, the newest wins', async () => {
    const store = new CheckedStore();
    const first = Promise.withResolvers<void>();
    store.weather = async () => first.promise;
    const archive = await open(store, await temporaryFolder(), isNew);
    archive.thumbnail(jpeg('1'));
    await until(() => store.calls.length === 1);
    archive.thumbnail(jpeg('2'));
    archive.thumbnail(jpeg('3'));
    first.resolve();
    await until(() => store.text(key) === '3');
    expect(store.calls).toHaveLength(2);
    expect(store.objects.get(key)).toMatchObject({
      contentType: 'image/jpeg',
      cacheControl: 'public, max-age=10',
    });
    await archive.close();
  });

  it('of a private broadcast are not stored', async () => {
    const store = new CheckedStore();
    const archive = await open(store, await temporaryFolder(), { ...isNew, publishThumbnail: () => false });
    archive.thumbnail(jpeg('1'));
    await archive.close();
    expect(store.calls).toEqual([]);
  });

  it('are gone when the broadcast became private while one was on its way, and the store refused at first', async () => {
    const store = new CheckedStore();
    const first = Promise.withResolvers<void>();
    let refusals = 2;
    store.weather = async (call, _, moment) => {
      if (call === 'put') return first.promise;
      if (moment === 'before' && refusals-- > 0) throw refused();
    };
    let isPublic = true;
    const archive = await open(store, await temporaryFolder(), {
      ...isNew,
      publishThumbnail: () => isPublic,
    });
    archive.thumbnail(jpeg('1'));
    await until(() => store.calls.length === 1);
    isPublic = false;
    archive.thumbnail(jpeg('2'));
    const removed = archive.removeThumbnail();
    first.resolve();
    await removed;
    expect(store.objects.has(key)).toBe(false);
    await archive.close();
  });

  it('that the store refuses change nothing else', async () => {
    const store = new CheckedStore();
    store.weather = async (_, name) => {
      if (name === key) throw refused();
    };
    const archive = await open(store, await temporaryFolder(), isNew);
    archive.thumbnail(jpeg('1'));
    addAll(archive, { msn: 0 });
    expect(await archive.end()).toMatchObject({ complete: true });
  });
});
