import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { spooledBroadcasts } from '../../../../containers/ingest/archive/archive.ts';
import {
  addAll,
  broadcastId,
  CheckedStore,
  isEnded,
  listOf,
  open,
  shape,
  temporaryFolder,
  until,
  violations,
} from './harness.ts';

const folder = `archive/${broadcastId}`;
const isNew = { isNew: true };
const renditions = ['720p', '360p'];

afterEach(() => {
  expect(violations.splice(0)).toEqual([]);
});

describe('a task that may have lost its broadcast', () => {
  it('never touches the playlists that another task has gone on with and ended', async () => {
    const store = new CheckedStore();
    let mayPublish = true;
    let asked = 0;
    const first = await open(store, await temporaryFolder(), {
      ...isNew,
      mayPublish: () => {
        asked++;
        return mayPublish;
      },
    });
    addAll(first, { msn: 0 });
    await until(() => store.objects.has(`${folder}/master.m3u8`) && first.stats.unlisted === 0);
    mayPublish = false;
    addAll(first, { msn: 1 });
    // Its segments go up all the same, and what it would publish waits.
    await until(() => store.puts(/1-0-1\.m4s$/).length === 2 && first.stats.unlisted === 0);

    const second = await open(store, await temporaryFolder());
    addAll(second, { msn: 2, run: '2-0', discontinuity: true });
    expect(await second.end()).toEqual({ durationS: 6, complete: true });
    const keys = [...store.objects.keys()].filter((key) => key.endsWith('m3u8'));
    const ended = keys.map((key) => store.text(key));
    const calls = store.puts(/m3u8$/).length;

    const firstEnd = first.end();
    asked = 0;
    await until(() => asked > 10);
    await first.close();
    expect(await firstEnd).toMatchObject({ complete: false });
    mayPublish = true;
    // A publication that still waited would run in here.
    for (let turn = 0; turn < 100; turn++) await setImmediate();
    expect(store.puts(/m3u8$/)).toHaveLength(calls);
    expect(keys.map((key) => store.text(key))).toEqual(ended);
    for (const rendition of renditions) {
      expect(isEnded(store, rendition)).toBe(true);
      expect(shape(listOf(store, rendition))).toEqual(['1-0-0', '1-0-1', '| 2-0-2']);
    }
  });

  it('publishes what waited when it turns out that it has it still', async () => {
    const store = new CheckedStore();
    let mayPublish = false;
    const archive = await open(store, await temporaryFolder(), { ...isNew, mayPublish: () => mayPublish });
    addAll(archive, { msn: 0 });
    addAll(archive, { msn: 1 });
    const end = archive.end();
    await until(() => store.puts(/\.m4s$/).length === 4 && archive.stats.unlisted === 0);
    expect(store.puts(/m3u8$/)).toEqual([]);
    mayPublish = true;
    expect(await end).toEqual({ durationS: 4, complete: true });
    expect(archive.stats.retries).toBe(0);
  });

  it('waits at the end no longer than for a store that refuses, and keeps the spool', async () => {
    const spoolDir = await temporaryFolder();
    const store = new CheckedStore();
    const archive = await open(store, spoolDir, {
      ...isNew,
      mayPublish: () => false,
      limits: { endPatienceMs: 20 },
    });
    addAll(archive, { msn: 0 });
    expect(await archive.end()).toEqual({ durationS: 2, complete: false });
    expect(store.puts(/m3u8$/)).toEqual([]);
    expect(await spooledBroadcasts(spoolDir)).toEqual([broadcastId]);
  });

  it('asks again at the pace of the back-off', async () => {
    const store = new CheckedStore();
    let asked = 0;
    const archive = await open(store, await temporaryFolder(), {
      ...isNew,
      mayPublish: () => {
        asked++;
        return false;
      },
      random: () => 1,
      limits: { backoffBaseMs: 3_600_000, backoffCapMs: 3_600_000 },
    });
    addAll(archive, { msn: 0 });
    await until(() => asked > 0);
    await until(() => archive.stats.unlisted === 0);
    for (let turn = 0; turn < 100; turn++) await setImmediate();
    // Once for each rendition; the master playlist waits for both.
    expect(asked).toBe(2);
    await archive.close();
  });
});
