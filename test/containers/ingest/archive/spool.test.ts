import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { countSpool, createArchiveBudget } from '../../../../containers/ingest/archive/archive.ts';
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

async function bytesIn(spoolDir: string): Promise<number> {
  const entries = await readdir(spoolDir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

afterEach(() => {
  expect(violations.splice(0)).toEqual([]);
});

describe('the spool', () => {
  it('keeps a segment until the playlist names it', async () => {
    const store = new CheckedStore();
    const spoolDir = await temporaryFolder();
    const playlist = Promise.withResolvers<void>();
    store.weather = async (_, key) => (key.endsWith('m3u8') ? playlist.promise : undefined);
    const archive = await open(store, spoolDir, isNew);
    addAll(archive, { msn: 0 });
    await until(() => archive.stats.unlisted === 0);
    expect(await readdir(`${spoolDir}/${broadcastId}/720p`)).toHaveLength(2);
    playlist.resolve();
    await until(() => archive.stats.spoolBytes === 0);
    await archive.close();
  });

  it('keeps a segment that was listed while an older playlist was on its way', async () => {
    const store = new CheckedStore();
    const spoolDir = await temporaryFolder();
    const puts = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let count = 0;
    store.weather = async (_, key, moment) => {
      if (key.endsWith('720p/index.m3u8') && moment === 'before') await puts[count++]?.promise;
    };
    const archive = await open(store, spoolDir, isNew);
    addAll(archive, { msn: 0 });
    await until(() => count === 1);
    addAll(archive, { msn: 1 });
    await until(() => archive.stats.unlisted === 0);
    puts[0]?.resolve();
    await until(() => count === 2);
    const spooled = async (): Promise<string[]> =>
      (await readdir(`${spoolDir}/${broadcastId}/720p`)).filter((name) => /^\d+_.*m4s$/.test(name));
    while ((await spooled()).length > 1);
    expect(await spooled()).toEqual([expect.stringMatching(/^1_/)]);
    puts[1]?.resolve();
    expect(await archive.end()).toMatchObject({ complete: true });
  });

  it('is shared with other archives of the task up to its limit, and freed again', async () => {
    const store = new CheckedStore();
    const held = Promise.withResolvers<void>();
    store.weather = () => held.promise;
    const budget = createArchiveBudget({ uploads: 1 });
    const spoolDir = await temporaryFolder();
    const archives = await Promise.all(
      ['one', 'two'].map((id) => open(store, spoolDir, { ...isNew, broadcastId: id, budget })),
    );
    for (const archive of archives) addAll(archive, { msn: 0 });
    await until(() => archives.every((archive) => archive.stats.spoolBytes > 0));
    expect(budget.spool.used).toBeGreaterThanOrEqual(
      archives.reduce((sum, archive) => sum + archive.stats.spoolBytes, 0),
    );
    await until(() => store.calls.length > 0);
    expect(store.calls).toHaveLength(1);
    held.resolve();
    for (const archive of archives) expect(await archive.end()).toMatchObject({ complete: true });
    expect(budget.spool.used).toBe(0);
    expect(budget.memory.used).toBe(0);
  });

  it('counts what an archive leaves there, once, until it is removed', async () => {
    const store = new CheckedStore();
    const spoolDir = await temporaryFolder();
    const budget = createArchiveBudget({});
    store.weather = async () => {
      throw refused();
    };
    const first = await open(store, spoolDir, { ...isNew, budget });
    for (let msn = 0; msn < 3; msn++) addAll(first, { msn });
    await until(() => first.stats.retries > 10);
    await first.close();
    const left = await bytesIn(spoolDir);
    expect(left).toBeGreaterThan(0);
    expect(budget.spool.used).toBe(left);
    // The store is still away: this one gives up.
    const limits = { endPatienceMs: 20 };
    await expect(open(store, spoolDir, { budget })).rejects.toThrow('refused');
    expect(budget.spool.used).toBe(left);
    store.weather = async (call) => {
      if (call === 'put') throw refused();
    };
    const second = await open(store, spoolDir, { budget, limits });
    expect(await second.end()).toMatchObject({ complete: false });
    expect(budget.spool.used).toBe(left);
    expect(await bytesIn(spoolDir)).toBe(left);
    store.weather = async () => {};
    const third = await open(store, spoolDir, { budget });
    expect(await third.end()).toMatchObject({ durationS: 6, complete: true });
    expect(budget.spool.used).toBe(0);
    expect(await bytesIn(spoolDir)).toBe(0);
  });

  it('has no room for a show when what others left fills it, also after a restart', async () => {
    const store = new CheckedStore();
    const spoolDir = await temporaryFolder();
    store.weather = async () => {
      throw refused();
    };
    const left = await open(store, spoolDir, { ...isNew, broadcastId: 'left' });
    addAll(left, { msn: 0 });
    await until(() => left.stats.retries > 10);
    await left.close();
    const budget = createArchiveBudget({ spoolBytes: await bytesIn(spoolDir) });
    await countSpool(spoolDir, budget.spool);
    expect(budget.spool.used).toBe(budget.spool.limit);
    const archive = await open(store, spoolDir, { ...isNew, budget });
    addAll(archive, { msn: 0 });
    await until(() => archive.stats.spoolFailures === 2);
    expect(archive.stats.spoolBytes).toBe(0);
    store.weather = async () => {};
    const again = await open(store, spoolDir, { broadcastId: 'left', budget });
    expect(await again.end()).toMatchObject({ complete: true });
    addAll(archive, { msn: 1 });
    expect(await archive.end()).toMatchObject({ durationS: 4, complete: true });
    expect(archive.stats.spoolFailures).toBe(2);
    expect(budget.spool.used).toBe(0);
  });

  it('is empty where there is none yet', async () => {
    const budget = createArchiveBudget({});
    await countSpool(`${await temporaryFolder()}/none`, budget.spool);
    expect(budget.spool.used).toBe(0);
  });

  it('takes no name that leads out of it', async () => {
    await expect(open(new CheckedStore(), '/nowhere', { ...isNew, broadcastId: '../x' })).rejects.toThrow(
      'id',
    );
  });
});
