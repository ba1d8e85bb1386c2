import { readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { spooledBroadcasts, type Archive } from '../../../../containers/ingest/archive/archive.ts';
import { ObjectStoreError } from '../../../../runtime/store/objects/port.ts';
import {
  addAll,
  broadcastId,
  CheckedStore,
  isEnded,
  listOf,
  mediaSegment,
  open,
  refused,
  shape,
  startMs,
  temporaryFolder,
  until,
  violations,
  type Weather,
} from './harness.ts';

const folder = `archive/${broadcastId}`;
const isNew = { isNew: true };
const renditions = ['720p', '360p'];

afterEach(() => {
  expect(violations.splice(0)).toEqual([]);
});

const segmentBytes = Buffer.concat(
  mediaSegment('720p', { msn: 0, run: '1-0', discontinuity: false }).chunks,
).length;

/** From now on nothing that the archive asks for is answered: for the store it has been killed. */
async function kill(archive: Archive, store: CheckedStore): Promise<void> {
  store.weather = () => new Promise(() => {});
  await archive.close();
  store.weather = async () => {};
}

describe('an archive that a crash left', () => {
  it('goes on with the next session in the same lists', async () => {
    const store = new CheckedStore();
    const spoolDir = await temporaryFolder();
    const first = await open(store, spoolDir, isNew);
    addAll(first, { msn: 0 });
    addAll(first, { msn: 1 });
    await until(() => first.stats.unlisted === 0);
    await kill(first, store);
    const second = await open(store, spoolDir);
    expect(second).toMatchObject({ nextMsn: 2, discontinuities: 0, empty: false });
    addAll(second, { msn: 2, run: '2-0', discontinuity: true });
    expect(await second.end()).toEqual({ durationS: 6, complete: true });
    for (const rendition of renditions)
      expect(shape(listOf(store, rendition))).toEqual(['1-0-0', '1-0-1', '| 2-0-2']);
  });

  it('is completed from the spool: nothing had reached the store', async () => {
    const store = new CheckedStore();
    const spoolDir = await temporaryFolder();
    store.weather = async () => {
      throw refused();
    };
    const first = await open(store, spoolDir, isNew);
    addAll(first, { msn: 0 });
    addAll(first, { msn: 1, run: '1-1', discontinuity: true });
    await until(() => first.stats.spoolBytes === 4 * segmentBytes);
    await kill(first, store);
    expect(await spooledBroadcasts(spoolDir)).toEqual([broadcastId]);
    const second = await open(store, spoolDir);
    expect(await second.end()).toEqual({ durationS: 4, complete: true });
    for (const rendition of renditions) {
      expect(shape(listOf(store, rendition))).toEqual(['1-0-0', '| 1-1-1']);
      const sent = mediaSegment(rendition, { msn: 1, run: '1-1', discontinuity: true });
      expect(store.objects.get(`${folder}/${rendition}/1-1-1.m4s`)?.bytes).toEqual(
        Buffer.concat(sent.chunks),
      );
    }
    expect(await spooledBroadcasts(spoolDir)).toEqual([]);
  });

  it('takes up segments that are stored but not listed, on a host that has no spool of it', async () => {
    const store = new CheckedStore();
    const first = await open(store, await temporaryFolder(), isNew);
    addAll(first, { msn: 0 });
    await until(() => store.puts(/index/).length === 2 && first.stats.unlisted === 0);
    store.weather = (_, key) => (key.endsWith('m3u8') ? new Promise(() => {}) : Promise.resolve());
    addAll(first, { msn: 1 });
    addAll(first, { msn: 2, run: '1-1', discontinuity: true });
    first.add(mediaSegment('720p', { msn: 3, run: '1-1', discontinuity: false }));
    await until(() => first.stats.unlisted === 0);
    await kill(first, store);
    const second = await open(store, await temporaryFolder());
    expect(second.nextMsn).toBe(4);
    await second.end();
    expect(shape(listOf(store, '720p'))).toEqual(['1-0-0', '1-0-1', '| 1-1-2', '1-1-3']);
    expect(shape(listOf(store, '360p'))).toEqual(['1-0-0', '1-0-1', '| 1-1-2', '1-1-3 gap']);
    for (const rendition of renditions)
      for (const { msn, durationS, programDateTimeMs } of listOf(store, rendition))
        expect({ durationS, programDateTimeMs }).toEqual({
          durationS: 2,
          programDateTimeMs: startMs + msn * 2_000,
        });
    expect(store.text(`${folder}/master.m3u8`)).toContain('360p');
  });

  it('leaves out a stored segment that cannot be played', async () => {
    const store = new CheckedStore();
    const options = { contentType: '', cacheControl: '' };
    const { init, chunks } = mediaSegment('720p', { msn: 0, run: '1-0', discontinuity: false });
    await store.put(`${folder}/720p/1-0-init.mp4`, [init], options);
    await store.put(`${folder}/720p/1-0-0.m4s`, chunks, options);
    await store.put(`${folder}/720p/1-0-1.m4s`, [Buffer.from('not a segment')], options);
    await store.put(`${folder}/720p/2-0-2.m4s`, chunks, options);
    await store.put(`${folder}/720p/readme.txt`, chunks, options);
    const archive = await open(store, await temporaryFolder());
    expect(archive.nextMsn).toBe(1);
    await archive.end();
    expect(shape(listOf(store, '720p'))).toEqual(['1-0-0']);
    expect(shape(listOf(store, '360p'))).toEqual(['1-0-0 gap']);
    expect(store.text(`${folder}/master.m3u8`)).not.toContain('360p');
  });

  it('builds a list again that somebody has broken', async () => {
    const store = new CheckedStore();
    const spoolDir = await temporaryFolder();
    const first = await open(store, spoolDir, isNew);
    for (let msn = 0; msn < 3; msn++) addAll(first, { msn });
    await until(() => first.stats.unlisted === 0 && first.stats.spoolBytes === 0);
    await kill(first, store);
    store.isChecking = false;
    await store.put(`${folder}/720p/index.m3u8`, [Buffer.from('?')], { contentType: '', cacheControl: '' });
    const second = await open(store, spoolDir);
    await second.end();
    expect(shape(listOf(store, '720p'))).toEqual(['1-0-0', '1-0-1', '1-0-2']);
  });

  it('finds a segment that was given up though the store had it', async () => {
    const store = new CheckedStore();
    const spoolDir = await temporaryFolder();
    let nowMs = 0;
    store.weather = async (_, key, moment) => {
      if (key.endsWith('m3u8') || (key.endsWith('720p/1-0-0.m4s') && moment === 'after')) throw refused();
    };
    const first = await open(store, spoolDir, { ...isNew, clock: { now: () => nowMs } });
    addAll(first, { msn: 0 });
    await until(() => store.puts(/720p\/1-0-0/).length > 1);
    nowMs = 3_600_000;
    await until(() => first.stats.gaps === 1);
    await kill(first, store);
    expect(await readdir(join(spoolDir, broadcastId, '720p'))).toContainEqual(expect.stringMatching(/gap$/));
    const second = await open(store, spoolDir);
    await second.end();
    expect(shape(listOf(store, '720p'))).toEqual(['1-0-0']);
  });

  it('has no use for what another task has gone past', async () => {
    const store = new CheckedStore();
    const lostHost = await temporaryFolder();
    const lost = await open(store, lostHost, isNew);
    addAll(lost, { msn: 0 });
    await until(() => lost.stats.unlisted === 0 && lost.stats.spoolBytes === 0);
    store.weather = async () => {
      throw refused();
    };
    addAll(lost, { msn: 1 });
    await until(() => lost.stats.spoolBytes === 2 * segmentBytes && lost.stats.retries > 0);
    await kill(lost, store);
    const next = await open(store, await temporaryFolder());
    addAll(next, { msn: 1, run: '2-0', discontinuity: true });
    await next.end();
    const back = await open(store, lostHost);
    expect(await back.end()).toEqual({ durationS: 4, complete: true });
    expect(shape(listOf(store, '720p'))).toEqual(['1-0-0', '| 2-0-1']);
    expect(await spooledBroadcasts(lostHost)).toEqual([]);
  });

  it('throws half-written files of the spool away', async () => {
    const store = new CheckedStore();
    const spoolDir = await temporaryFolder();
    store.weather = async () => {
      throw refused();
    };
    const first = await open(store, spoolDir, isNew);
    addAll(first, { msn: 0 });
    await until(() => first.stats.retries > 0 && first.stats.spoolBytes === 2 * segmentBytes);
    await kill(first, store);
    const spool = join(spoolDir, broadcastId, '360p');
    const segment = (await readdir(spool)).find((name) => name.endsWith('.m4s')) ?? '';
    await rename(join(spool, segment), join(spool, '.7'));
    await writeFile(join(spool, 'x_y.m4s'), 'garbage');
    const second = await open(store, spoolDir);
    await second.end();
    expect(shape(listOf(store, '360p'))).toEqual(['1-0-0 gap']);
    expect(shape(listOf(store, '720p'))).toEqual(['1-0-0']);
  });

  it('cannot be opened while the store does not answer, and says so', async () => {
    const store = new CheckedStore();
    store.weather = async () => {
      throw refused();
    };
    await expect(open(store, await temporaryFolder())).rejects.toBeInstanceOf(ObjectStoreError);
  });

  it('that had ended can be ended again', async () => {
    const store = new CheckedStore();
    const spoolDir = await temporaryFolder();
    const first = await open(store, spoolDir, isNew);
    addAll(first, { msn: 0 });
    await first.end();
    const before = new Map(store.objects);
    const second = await open(store, spoolDir);
    expect(await second.end()).toEqual({ durationS: 2, complete: true });
    expect(new Map(store.objects)).toEqual(before);
  });
});

/** What one call of the store meets, drawn by fast-check. */
type Fate = 'well' | 'late' | 'refused' | 'reply lost' | 'crash before' | 'crash after';

describe('whatever order, failure or crash comes between two calls of the store', () => {
  interface Plan {
    readonly fates: readonly Fate[];
    readonly msns: number;
    readonly restarts: readonly boolean[];
  }

  /** Plays a show until fates and crashes are used up; gives back what lay in spool or store at each crash. */
  async function play({ fates, msns, restarts }: Plan): Promise<{ store: CheckedStore; saved: Set<string> }> {
    const store = new CheckedStore();
    const spoolDir = await temporaryFolder();
    const saved = new Set<string>();
    const left = [...fates];
    let crashed = Promise.withResolvers<void>();
    let isCrashed = false;
    const crash = (): Promise<void> => {
      isCrashed = true;
      crashed.resolve();
      return new Promise(() => {});
    };
    const never = new Promise<void>(() => {});
    const weather: Weather = async (call, _key, moment) => {
      if (isCrashed) return never;
      if (call !== 'put') return;
      const fate = moment === 'before' ? left[0] : left.shift();
      if (fate === 'crash before' && moment === 'before') {
        left.shift();
        return crash();
      }
      if (fate === 'crash after' && moment === 'after') return crash();
      if (fate === 'late') for (let turn = 0; turn < 20; turn++) await setImmediate();
      if (fate === 'refused' && moment === 'before') {
        left.shift();
        throw refused();
      }
      if (fate === 'reply lost' && moment === 'after') throw refused();
    };
    let session = 1;
    let attempt = 0;
    let archive = await open(store, spoolDir, isNew);
    store.weather = weather;
    const reopen = async (): Promise<void> => {
      await archive.close();
      for (const rendition of renditions)
        for (const name of await readdir(join(spoolDir, broadcastId, rendition)).catch(() => []))
          if (/^\d.*\.m4s$/.test(name))
            saved.add(`${rendition}/${name.split('_').slice(0, 2).toReversed().join('-')}`);
      isCrashed = false;
      crashed = Promise.withResolvers();
      session++;
      archive = await open(store, spoolDir);
    };
    for (let step = 0; step < msns; step++) {
      const { nextMsn, empty } = archive;
      if (restarts[step] === true) attempt++;
      const run = `${session}-${attempt}`;
      addAll(archive, { msn: nextMsn, run, discontinuity: !empty && restarts[step] === true });
      for (let turn = 0; turn < 3; turn++) await setImmediate();
      if (isCrashed) await reopen();
    }
    for (;;) {
      const end = await Promise.race([archive.end(), crashed.promise.then(() => undefined)]);
      if (end?.complete === true) return { store, saved };
      await reopen();
    }
  }

  it('keeps every list in order and loses nothing that the spool had', async () => {
    const fate = fc.constantFrom<Fate>(
      'well',
      'well',
      'late',
      'refused',
      'reply lost',
      'crash before',
      'crash after',
    );
    const show = fc.record({
      fates: fc.array(fate, { maxLength: 40 }),
      msns: fc.integer({ min: 1, max: 8 }),
      restarts: fc.array(fc.boolean(), { maxLength: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(show, async (drawn) => {
        const { store, saved } = await play(drawn);
        const lists = renditions.map((rendition) => listOf(store, rendition));
        expect(violations).toEqual([]);
        expect(renditions.every((rendition) => isEnded(store, rendition))).toBe(true);
        expect(lists[0]?.map(({ msn, discontinuity, run }) => ({ msn, discontinuity, run }))).toEqual(
          lists[1]?.map(({ msn, discontinuity, run }) => ({ msn, discontinuity, run })),
        );
        const playable = new Set(
          renditions.flatMap((rendition) =>
            listOf(store, rendition)
              .filter(({ gap }) => !gap)
              .map(({ run, msn }) => `${rendition}/${run}-${msn}`),
          ),
        );
        for (const segment of saved) expect(playable).toContain(segment);
      }),
      { numRuns: 150 },
    );
  });
});
