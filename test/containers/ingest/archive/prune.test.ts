import { afterEach, describe, expect, it } from 'vitest';
import {
  createArchiveBudget,
  pruneSpool,
  spooledBroadcasts,
} from '../../../../containers/ingest/archive/archive.ts';
import {
  addAll,
  archiveOptions,
  CheckedStore,
  listOf,
  open,
  refused,
  shape,
  temporaryFolder,
  until,
  violations,
} from './harness.ts';

afterEach(() => {
  expect(violations.splice(0)).toEqual([]);
});

/** Two hosts on one store: the first has shown two segments that it could not store. */
async function leftBehind() {
  const store = new CheckedStore();
  const spools = [await temporaryFolder(), await temporaryFolder()] as const;
  const budget = createArchiveBudget({});
  const first = await open(store, spools[0], { budget, isNew: true });
  addAll(first, { msn: 0 });
  await until(() => first.stats.unlisted === 0);
  store.weather = async (call) => {
    if (call === 'put') throw refused();
  };
  addAll(first, { msn: 1, run: '1-1', discontinuity: true });
  addAll(first, { msn: 2, run: '1-1' });
  await until(() => first.stats.spoolBytes > 0 && first.stats.queued + first.stats.uploading >= 4);
  await first.close();
  store.weather = async () => {};
  const prune = (): Promise<void> => pruneSpool(archiveOptions(store, spools[0], { budget }));
  return { store, spools, budget, prune };
}

describe('what a task left in its spool', () => {
  it('stays while it could still be listed, with all that this takes', async () => {
    const { store, spools, budget, prune } = await leftBehind();
    const before = budget.spool.used;
    expect(before).toBeGreaterThan(0);
    await prune();
    expect(budget.spool.used).toBeGreaterThan(0);
    const again = await open(store, spools[0], { budget });
    expect(again.nextMsn).toBe(3);
    await again.end();
    for (const rendition of ['720p', '360p'])
      expect(shape(listOf(store, rendition))).toEqual(['1-0-0', '| 1-1-1', '1-1-2']);
    expect(budget.spool.used).toBe(0);
  });

  it('goes when another task has gone past it, and nothing of it is counted any more', async () => {
    const { store, spools, budget, prune } = await leftBehind();
    const second = await open(store, spools[1]);
    expect(second.nextMsn).toBe(1);
    for (const [msn, discontinuity] of [
      [1, true],
      [2, false],
      [3, false],
    ] as const)
      addAll(second, { msn, run: '2-0', discontinuity });
    await until(() => second.stats.unlisted === 0);
    await prune();
    expect(budget.spool.used).toBe(0);
    expect(await spooledBroadcasts(spools[0])).toEqual([]);
    await second.end();
    expect(shape(listOf(store, '720p'))).toEqual(['1-0-0', '| 2-0-1', '2-0-2', '2-0-3']);
  });

  it('stays when the archive cannot be read', async () => {
    const { store, budget, prune } = await leftBehind();
    const before = budget.spool.used;
    store.weather = async () => {
      throw refused();
    };
    await expect(prune()).rejects.toThrow('refused');
    expect(budget.spool.used).toBe(before);
  });
});
