import { afterEach, describe, expect, it } from 'vitest';
import { spooledBroadcasts } from '../../../../containers/ingest/archive/archive.ts';
import { EventPlaylist } from '../../../../core/hls/event-playlist.ts';
import {
  addAll,
  broadcastId,
  CheckedStore,
  gapOf,
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
} from './harness.ts';

const isNew = { isNew: true };
const folder = `archive/${broadcastId}`;

afterEach(() => {
  expect(violations.splice(0)).toEqual([]);
});

describe('an archive', () => {
  it('is complete and playable when the show has ended, and the spool is empty', async () => {
    const store = new CheckedStore();
    const spoolDir = await temporaryFolder();
    const archive = await open(store, spoolDir, isNew);
    for (let msn = 0; msn < 3; msn++) addAll(archive, { msn });
    addAll(archive, { msn: 3, run: '2-0', discontinuity: true });
    expect(await archive.end()).toEqual({ durationS: 8, complete: true });
    for (const rendition of ['720p', '360p']) {
      expect(shape(listOf(store, rendition))).toEqual(['1-0-0', '1-0-1', '1-0-2', '| 2-0-3']);
      expect(isEnded(store, rendition)).toBe(true);
    }
    expect(store.text(`${folder}/master.m3u8`)).toContain('720p/index.m3u8');
    expect(await spooledBroadcasts(spoolDir)).toEqual([]);
  });

  it('knows how long it is while the store takes nothing, and after the end', async () => {
    const store = new CheckedStore();
    store.weather = async () => {
      throw refused();
    };
    const archive = await open(store, await temporaryFolder(), isNew);
    expect(archive.durationS).toBe(0);
    addAll(archive, { msn: 0 });
    archive.add(mediaSegment('360p', { msn: 1, run: '1-0', discontinuity: false }));
    expect(archive.durationS).toBe(4);
    store.weather = async () => {};
    await archive.end();
    expect(archive.durationS).toBe(4);
  });

  it('stores bytes unchanged, with the right headers', async () => {
    const store = new CheckedStore();
    const archive = await open(store, await temporaryFolder(), isNew);
    addAll(archive, { msn: 0 });
    await until(() => store.objects.has(`${folder}/master.m3u8`));
    const live = { contentType: 'application/vnd.apple.mpegurl', cacheControl: 'public, max-age=1' };
    expect(store.objects.get(`${folder}/720p/index.m3u8`)).toMatchObject(live);
    expect(store.objects.get(`${folder}/master.m3u8`)).toMatchObject(live);
    await archive.end();
    const ended = { ...live, cacheControl: 'public, max-age=60' };
    expect(store.objects.get(`${folder}/720p/index.m3u8`)).toMatchObject(ended);
    expect(store.objects.get(`${folder}/master.m3u8`)).toMatchObject(ended);
    const sent = mediaSegment('720p', { msn: 0, run: '1-0', discontinuity: false });
    const media = { contentType: 'video/mp4', cacheControl: 'public, max-age=31536000, immutable' };
    expect(store.objects.get(`${folder}/720p/1-0-0.m4s`)).toMatchObject({
      bytes: Buffer.concat(sent.chunks),
      ...media,
    });
    expect(store.objects.get(`${folder}/720p/1-0-init.mp4`)).toMatchObject({ bytes: sent.init, ...media });
  });

  it('lists segments in order when they arrive in the store out of order', async () => {
    const store = new CheckedStore();
    const first = Promise.withResolvers<void>();
    store.weather = async (_, key) => (key.endsWith('1-0-0.m4s') ? first.promise : undefined);
    const archive = await open(store, await temporaryFolder(), isNew);
    for (let msn = 0; msn < 3; msn++) addAll(archive, { msn });
    await until(() => store.objects.has(`${folder}/360p/1-0-2.m4s`));
    expect(store.puts(/m3u8$/)).toEqual([]);
    first.resolve();
    await archive.end();
    expect(shape(listOf(store, '360p'))).toEqual(['1-0-0', '1-0-1', '1-0-2']);
  });

  it('lists no segment before its init segment is stored', async () => {
    const store = new CheckedStore();
    const init = Promise.withResolvers<void>();
    store.weather = async (_, key) => (key.endsWith('init.mp4') ? init.promise : undefined);
    const archive = await open(store, await temporaryFolder(), isNew);
    addAll(archive, { msn: 0 });
    await until(() => store.objects.has(`${folder}/360p/1-0-0.m4s`));
    expect(archive.stats.unlisted).toBe(2);
    init.resolve();
    expect(await archive.end()).toMatchObject({ complete: true });
  });

  it('stores the master playlist as soon as every rendition can be played', async () => {
    const store = new CheckedStore();
    const archive = await open(store, await temporaryFolder(), isNew);
    const place = { msn: 0, run: '1-0', discontinuity: false };
    archive.add(mediaSegment('720p', place));
    await until(() => store.objects.has(`${folder}/720p/index.m3u8`));
    expect(store.puts(/master/)).toEqual([]);
    archive.add(mediaSegment('360p', place));
    await until(() => store.objects.has(`${folder}/master.m3u8`));
    await archive.close();
  });

  it('keeps a hole of the packager as a gap in its place', async () => {
    const store = new CheckedStore();
    const archive = await open(store, await temporaryFolder(), isNew);
    addAll(archive, { msn: 0 });
    const place = { msn: 1, run: '1-0', discontinuity: false };
    archive.add(gapOf(mediaSegment('720p', place)));
    archive.add(mediaSegment('360p', place));
    addAll(archive, { msn: 2 });
    await archive.end();
    expect(shape(listOf(store, '720p'))).toEqual(['1-0-0', '1-0-1 gap', '1-0-2']);
    expect(shape(listOf(store, '360p'))).toEqual(['1-0-0', '1-0-1', '1-0-2']);
    expect(archive.stats.gaps).toBe(1);
  });

  it('keeps the lists of all renditions equally long, whatever never came', async () => {
    const store = new CheckedStore();
    const archive = await open(store, await temporaryFolder(), isNew);
    addAll(archive, { msn: 0 });
    const second = { msn: 1, run: '2-0', discontinuity: true };
    archive.add(mediaSegment('720p', second));
    for (const rendition of ['720p', '360p'])
      archive.add(mediaSegment(rendition, { msn: 3, run: '2-0', discontinuity: false }));
    archive.add(mediaSegment('720p', { msn: 4, run: '2-0', discontinuity: false }));
    await archive.end();
    expect(shape(listOf(store, '720p'))).toEqual(['1-0-0', '| 2-0-1', '2-0-2 gap', '2-0-3', '2-0-4']);
    expect(shape(listOf(store, '360p'))).toEqual(['1-0-0', '| 2-0-1 gap', '2-0-2 gap', '2-0-3', '2-0-4 gap']);
    expect(listOf(store, '360p').map((entry) => entry.programDateTimeMs)).toEqual(
      [0, 1, 2, 3, 4].map((msn) => startMs + msn * 2_000),
    );
  });

  it('throws at nothing and leaves out what does not belong', async () => {
    const store = new CheckedStore();
    const archive = await open(store, await temporaryFolder(), isNew);
    addAll(archive, { msn: 0 });
    addAll(archive, { msn: 0 });
    addAll(archive, { msn: 1_000_000 });
    archive.add(mediaSegment('4k', { msn: 1, run: '1-0', discontinuity: false }));
    await archive.end();
    addAll(archive, { msn: 1 });
    expect(shape(listOf(store, '720p'))).toEqual(['1-0-0']);
  });

  it('of a show without a segment leaves nothing', async () => {
    const store = new CheckedStore();
    const archive = await open(store, await temporaryFolder(), isNew);
    expect(archive).toMatchObject({ empty: true, nextMsn: 0, discontinuities: 0 });
    expect(await archive.end()).toEqual({ durationS: 0, complete: true });
    expect(store.calls).toEqual([]);
  });

  it('of a show of gaps alone has no master playlist', async () => {
    const store = new CheckedStore();
    const archive = await open(store, await temporaryFolder(), isNew);
    for (const rendition of ['720p', '360p'])
      archive.add(gapOf(mediaSegment(rendition, { msn: 0, run: '1-0', discontinuity: false })));
    expect(await archive.end()).toMatchObject({ complete: true });
    expect(store.puts(/master/)).toEqual([]);
  });

  it('asks nothing of the store before a new show has its first segment', async () => {
    const store = new CheckedStore();
    store.weather = async () => {
      throw refused();
    };
    const archive = await open(store, await temporaryFolder(), isNew);
    expect(archive.nextMsn).toBe(0);
    await archive.close();
  });

  it('counts on from everything it was given', async () => {
    const archive = await open(new CheckedStore(), await temporaryFolder(), isNew);
    addAll(archive, { msn: 0 });
    addAll(archive, { msn: 1, run: '1-1', discontinuity: true });
    expect(archive).toMatchObject({ empty: false, nextMsn: 2, discontinuities: 1 });
    await archive.close();
  });
});

describe('the playlist of a long show', () => {
  /** A list that is already long, so that nobody has to make thousands of segments; of gaps, since nothing is stored. */
  async function resumedAfter(
    store: CheckedStore,
    segments: number,
    publishEveryMs: number,
  ): Promise<Awaited<ReturnType<typeof open>>> {
    for (const rendition of ['720p', '360p']) {
      const playlist = new EventPlaylist(2);
      for (let msn = 0; msn < segments; msn++)
        playlist.append({
          msn,
          run: '1-0',
          durationS: 2,
          programDateTimeMs: startMs + msn * 2_000,
          discontinuity: false,
          gap: true,
        });
      const options = { contentType: '', cacheControl: '' };
      await store.put(`${folder}/${rendition}/index.m3u8`, [Buffer.from(playlist.text(false))], options);
    }
    store.calls.length = 0;
    return open(store, await temporaryFolder(), { limits: { publishEveryMs } });
  }

  it('goes up with every third segment in the third hour', async () => {
    const store = new CheckedStore();
    // Longer than the test takes: by time alone the list would not go up.
    const archive = await resumedAfter(store, 3_601, 60_000);
    for (let msn = 3_601; msn < 3_604; msn++) {
      addAll(archive, { msn });
      await until(() => archive.stats.unlisted === 0);
    }
    await until(() => store.puts(/index/).length === 2);
    expect(listOf(store, '720p').at(-1)?.msn).toBe(3_603);
    await archive.close();
  });

  it('goes up in time even if no further segment comes', async () => {
    const store = new CheckedStore();
    const archive = await resumedAfter(store, 3_601, 30);
    addAll(archive, { msn: 3_601 });
    await until(() => store.puts(/index/).length === 2);
    expect(listOf(store, '720p').at(-1)?.msn).toBe(3_601);
    await archive.close();
  });

  it('takes the store as few calls to end as that of a short one', async () => {
    const callsToEnd = async (segments: number): Promise<unknown> => {
      const store = new CheckedStore();
      // Checking each of 5,000 growing lists would take minutes; the others tests do.
      store.isChecking = false;
      const archive = await open(store, await temporaryFolder(), isNew);
      for (let msn = 0; msn < segments; msn++) {
        addAll(archive, { msn });
        if (msn % 50 === 0) await until(() => archive.stats.unlisted === 0);
      }
      await until(() => archive.stats.unlisted === 0);
      await until(() => store.objects.has(`${folder}/master.m3u8`));
      store.calls.length = 0;
      expect(await archive.end()).toEqual({ durationS: segments * 2, complete: true });
      return store.calls.map(({ call, key }) => `${call} ${key}`).sort();
    };
    const ofShort = await callsToEnd(10);
    expect(ofShort).toHaveLength(3);
    expect(await callsToEnd(5_000)).toEqual(ofShort);
  });
});
