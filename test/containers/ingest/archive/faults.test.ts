import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createArchiveBudget,
  openArchive,
  spooledBroadcasts,
  type Archive,
  type ArchiveOptions,
} from '../../../../containers/ingest/archive/archive.ts';
import { readEntries } from '../../../../core/hls/event-playlist.ts';
import { createS3Store } from '../../../../runtime/store/objects/s3.ts';
import { S3Server, type S3Fault } from '../../../fakes/s3-server.ts';
import { addAll, archiveOptions, broadcastId, shape, temporaryFolder, until } from './harness.ts';

/** The archive over real HTTP against the fake S3, through the real store. */
const renditions = ['720p', '360p'];
const isNew = { isNew: true };
const slowDown: S3Fault = { kind: 'error', status: 503, code: 'SlowDown' };
const denied: S3Fault = { kind: 'error', status: 403, code: 'AccessDenied' };

let server: S3Server;
let spoolDir: string;

beforeEach(async () => {
  server = await S3Server.start();
  spoolDir = await temporaryFolder();
});
afterEach(() => server.stop());

const open = (changes: Partial<ArchiveOptions> = {}): Promise<Archive> =>
  openArchive(
    archiveOptions(
      createS3Store({
        bucket: server.bucket,
        prefix: '',
        client: { ...server.clientConfig, maxAttempts: 1 },
      }),
      spoolDir,
      changes,
    ),
  );

const playlist = (rendition: string): string =>
  server.objects.get(`archive/${broadcastId}/${rendition}/index.m3u8`)?.bytes.toString() ?? '';
const listed = (rendition: string): string[] =>
  shape(readEntries(playlist(rendition).replace('#EXT-X-ENDLIST\n', ''), 2) ?? []);
const isListed = (rendition: string, segment: string): boolean =>
  playlist(rendition).includes(`${segment}.m4s`);

describe('an object store that refuses for a while', () => {
  it.each<readonly [string, S3Fault]>([
    ['with SlowDown', slowDown],
    ['with AccessDenied', denied],
    ['by resets', { kind: 'reset' }],
    ['by losing its replies', { kind: 'lost-reply' }],
  ])('%s costs nothing afterwards and holds up nobody', async (_, fault) => {
    const archive = await open(isNew);
    addAll(archive, { msn: 0 });
    await until(() => isListed('720p', '1-0-0') && isListed('360p', '1-0-0'));
    server.fault = () => fault;
    // Half a minute of show; add returns at once whatever the store does.
    for (let msn = 1; msn < 16; msn++) addAll(archive, { msn });
    const refusals = server.requests.length + 30;
    await until(() => server.requests.length > refusals);
    expect(archive.stats.retries).toBeGreaterThan(10);
    server.fault = () => undefined;
    expect(await archive.end()).toEqual({ durationS: 32, complete: true });
    for (const rendition of renditions)
      expect(listed(rendition)).toEqual(Array.from({ length: 16 }, (_, msn) => `1-0-${msn}`));
    expect(archive.stats).toMatchObject({ gaps: 0, spoolBytes: 0, queued: 0 });
  });

  it('is asked by one request at a time for segments, not by all that wait', async () => {
    server.fault = ({ key }) => (key.endsWith('.m4s') || key.endsWith('.mp4') ? slowDown : undefined);
    const archive = await open({
      ...isNew,
      limits: { backoffBaseMs: 40, backoffCapMs: 40 },
      random: () => 1,
    });
    for (let msn = 0; msn < 30; msn++) addAll(archive, { msn });
    // Eight were on their way when the first refusal came; from then on one asks for all.
    await until(() => archive.stats.retries >= 8);
    let busiest = 0;
    await until(() => {
      busiest = Math.max(busiest, archive.stats.uploading);
      return archive.stats.retries >= 16;
    });
    expect(busiest).toBe(1);
    expect(archive.stats.queued).toBeGreaterThan(40);
    await archive.close();
  });
});

describe('an object store that refuses for good', () => {
  it('a segment: it becomes a gap in its place, and the others go on', async () => {
    server.fault = ({ key }) => (key.endsWith('720p/1-0-1.m4s') ? denied : undefined);
    let nowMs = 0;
    const archive = await open({ ...isNew, clock: { now: () => nowMs } });
    for (let msn = 0; msn < 4; msn++) addAll(archive, { msn });
    await until(() => isListed('360p', '1-0-3') && archive.stats.retries > 3);
    expect(listed('720p')).toEqual(['1-0-0']);
    nowMs = 3_600_000;
    await until(() => isListed('720p', '1-0-3'));
    expect(listed('720p')).toEqual(['1-0-0', '1-0-1 gap', '1-0-2', '1-0-3']);
    expect(archive.stats.gaps).toBe(1);
    expect(await archive.end()).toMatchObject({ complete: true });
  });

  it('every segment: they become gaps, the spool is freed, and what comes later is kept', async () => {
    server.fault = ({ key }) => (/\.m(4s|p4)$/.test(key) ? slowDown : undefined);
    let nowMs = 0;
    const archive = await open({ ...isNew, clock: { now: () => nowMs } });
    for (let msn = 0; msn < 3; msn++) addAll(archive, { msn });
    // Six segments and two init segments.
    await until(() => archive.stats.queued + archive.stats.uploading === 8);
    nowMs = 3_600_000;
    await until(() => archive.stats.gaps === 6 && archive.stats.spoolBytes === 0);
    server.fault = () => undefined;
    addAll(archive, { msn: 3, run: '2-0', discontinuity: true });
    expect(await archive.end()).toEqual({ durationS: 8, complete: true });
    for (const rendition of renditions)
      expect(listed(rendition)).toEqual(['1-0-0 gap', '1-0-1 gap', '1-0-2 gap', '| 2-0-3']);
  });

  it('also at the end: the rest stays in the spool, and a later task completes the recording', async () => {
    const first = await open({ ...isNew, limits: { endPatienceMs: 50 } });
    addAll(first, { msn: 0 });
    await until(() => isListed('720p', '1-0-0') && isListed('360p', '1-0-0'));
    server.fault = () => slowDown;
    addAll(first, { msn: 1 });
    expect(await first.end()).toEqual({ durationS: 4, complete: false });
    expect(listed('720p')).toEqual(['1-0-0']);
    expect(await spooledBroadcasts(spoolDir)).toEqual([broadcastId]);
    server.fault = () => undefined;
    const second = await open();
    expect(await second.end()).toEqual({ durationS: 4, complete: true });
    for (const rendition of renditions) expect(listed(rendition)).toEqual(['1-0-0', '1-0-1']);
    expect(playlist('720p')).toContain('ENDLIST');
    expect(await spooledBroadcasts(spoolDir)).toEqual([]);
  });

  it('a playlist: it is tried until it succeeds', async () => {
    let refusals = 5;
    server.fault = ({ key }) => (key.endsWith('.m3u8') && refusals-- > 0 ? slowDown : undefined);
    const archive = await open(isNew);
    addAll(archive, { msn: 0 });
    expect(await archive.end()).toMatchObject({ complete: true });
    expect(archive.stats.retries).toBe(5);
  });

  it('to answer at all: a put that hangs is given up and tried again', async () => {
    const held = Promise.withResolvers<void>();
    let hangs = 1;
    server.fault = ({ key }) =>
      key.endsWith('.m4s') && hangs-- > 0 ? { kind: 'delay', until: held.promise } : undefined;
    const archive = await open({ ...isNew, limits: { attemptTimeoutMs: 60 } });
    addAll(archive, { msn: 0 });
    expect(await archive.end()).toMatchObject({ complete: true });
    expect(archive.stats.retries).toBeGreaterThanOrEqual(1);
    held.resolve();
  });
});

describe('a spool without room', () => {
  it('lets segments go up from memory', async () => {
    const archive = await open({ ...isNew, budget: createArchiveBudget({ spoolBytes: 10 }) });
    for (let msn = 0; msn < 3; msn++) addAll(archive, { msn });
    expect(await archive.end()).toMatchObject({ complete: true });
    expect(listed('720p')).toEqual(['1-0-0', '1-0-1', '1-0-2']);
    expect(archive.stats).toMatchObject({ spoolFailures: 6, gaps: 0 });
  });

  it('and memory without room as well: gaps, in order, and it goes on as soon as there is room', async () => {
    const budget = createArchiveBudget({ spoolBytes: 10, memoryBytes: 400 });
    const archive = await open({ ...isNew, budget });
    server.fault = () => slowDown;
    for (let msn = 0; msn < 3; msn++) addAll(archive, { msn });
    await until(() => archive.stats.gaps > 0 && archive.stats.retries > 0);
    server.fault = () => undefined;
    await until(() => budget.memory.used === 0);
    addAll(archive, { msn: 3 });
    expect(await archive.end()).toMatchObject({ complete: true });
    for (const rendition of renditions)
      expect(listed(rendition)).toEqual(['1-0-0', '1-0-1 gap', '1-0-2 gap', '1-0-3']);
  });

  it('because the disk cannot be written: nothing is lost while the store answers', async () => {
    await writeFile(join(spoolDir, broadcastId), 'a file where the folder should be');
    const archive = await open(isNew);
    for (let msn = 0; msn < 3; msn++) addAll(archive, { msn });
    await until(() => isListed('720p', '1-0-2') && isListed('360p', '1-0-2'));
    expect(archive.stats).toMatchObject({ gaps: 0, queued: 0 });
    expect(await archive.end()).toMatchObject({ complete: true });
  });

  it('keeps gaps over a crash', async () => {
    const memoryOnly = createArchiveBudget({ memoryBytes: 0 });
    const first = await open({ ...isNew, budget: memoryOnly });
    addAll(first, { msn: 0 });
    await until(() => first.stats.gaps === 2);
    server.fault = () => ({ kind: 'reset' });
    await first.close();
    server.fault = () => undefined;
    expect(await readdir(join(spoolDir, broadcastId, '720p'))).toEqual([
      expect.stringMatching(/^0_1-0_.*\.gap$/),
    ]);
    const second = await open();
    expect(second.nextMsn).toBe(1);
    await second.end();
    expect(listed('360p')).toEqual(['1-0-0 gap']);
  });
});
