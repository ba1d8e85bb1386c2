import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  startArchiver,
  type Archiver,
  type ArchiverOptions,
} from '../../../../containers/chat/archive/archiver.ts';
import type { Broadcast } from '../../../../core/broadcast/types.ts';
import type { UnarchivedStore } from '../../../../core/chat/store.ts';
import { openFanIn } from '../../../../runtime/bus/fan-in.ts';
import { openDirectoryStore } from '../../../../runtime/store/objects/directory.ts';
import { ObjectStoreError, type ObjectStore } from '../../../../runtime/store/objects/port.ts';
import { createUnarchived } from '../../../../runtime/store/tables/shards.ts';
import type { Messages } from '../../../../runtime/store/tables/messages.ts';
import { createLogger } from '../../../../runtime/telemetry/log.ts';
import { startChatTables, type ChatTables } from '../../../runtime/store/tables/chat-harness.ts';
import { startRedis, type TestRedis } from '../../../support/redis.ts';
import { broadcastId, broadcastOf, readArchive, said, startMs } from './stage.ts';
import { heardObjects } from '../../../support/iam/hear-objects.ts';

const log = createLogger('archiver-test', 'silent');

let tables: ChatTables;
let redis: TestRedis;
beforeAll(async () => {
  [tables, redis] = await Promise.all([startChatTables(), startRedis()]);
});
afterAll(() => Promise.all([tables.stop(), redis.stop()]));

/** With the real tables, Redis and files; only the clock and the broadcasts are the test's. */
describe('the archiver of a shard', () => {
  let messages: Messages;
  let unarchived: UnarchivedStore;
  let objects: ObjectStore;
  let root: string;
  let shard: string;
  let nowMs: number;
  let broadcast: Broadcast | undefined;
  let shards = 0;
  const closers: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    const names = await tables.empty();
    const now = (): number => startMs + nowMs;
    // Of the test's time as well: what it writes is not over.
    messages = tables.messages(names, { now });
    unarchived = createUnarchived({ client: tables.client, tables: names, now });
    root = await mkdtemp(join(tmpdir(), 'chat-archive-'));
    objects = heardObjects('chat', await openDirectoryStore({ root, clock: Date }));
    shards += 1;
    shard = `s${shards}`;
    nowMs = 0;
    broadcast = broadcastOf('live');
  });
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
    await rm(root, { recursive: true });
  });

  const start = (taskId: string, changes: Partial<ArchiverOptions> = {}): Archiver => {
    const fanIn = openFanIn({
      url: redis.url,
      taskId: `${shard}-${taskId}`,
      readNewest: () => Promise.resolve({ messages: [], keys: new Map() }),
      readSettings: () => Promise.reject(new Error('not asked for')),
    });
    const archiver = startArchiver({
      shard,
      taskId,
      // Shorter than in life, so that the test does not wait 15 s for a task that is gone.
      lease: (name, ttlMs) => fanIn.holdLease(`${shard}-${name}`, ttlMs / 5),
      messages,
      unarchived,
      broadcasts: { get: () => Promise.resolve(broadcast) },
      objects,
      clock: { now: () => startMs + nowMs },
      log,
      roundMs: 25,
      ...changes,
    });
    closers.push(async () => {
      await archiver.stop();
      await fanIn.close();
    });
    return archiver;
  };

  const say = async (...atMs: readonly number[]): Promise<void> => {
    await messages.write(
      broadcastId,
      atMs.map((at) => said(at)),
    );
    await unarchived.add(shard, broadcastId);
  };
  const archived = async (): Promise<readonly number[]> =>
    (await readArchive(objects)).raw.map(({ at }) => at - startMs);
  const eventually = { timeout: 10_000, interval: 20 };

  it('follows a show, finishes when it ends, and does what is removed later', async () => {
    start('one');
    nowMs = 24_000;
    await say(1_000, 2_000, 11_000, 23_500);
    await expect.poll(archived, eventually).toEqual([1_000, 2_000, 11_000]);
    nowMs = 40_000;
    broadcast = broadcastOf('ended', 40_000);
    await expect.poll(async () => (nowMs += 1_000) > 0 && archived(), eventually).toContain(23_500);
    await expect.poll(() => unarchived.list(shard), eventually).toEqual([]);
    expect((await readArchive(objects)).index?.complete).toBe(true);

    await messages.remove(broadcastId, [said(2_000).id]);
    await unarchived.add(shard, broadcastId);
    await expect
      .poll(async () => (nowMs += 1_000) > 0 && archived(), eventually)
      .toEqual([1_000, 11_000, 23_500]);
    expect((await readArchive(objects)).index?.removed).toEqual([said(2_000).id]);
    await expect.poll(() => unarchived.list(shard), eventually).toEqual([]);
  });

  it('is one task; another goes on when it is gone', async () => {
    nowMs = 24_000;
    await say(1_000, 11_000, 23_500);
    const writers = new Set<string>();
    const seenBy = (task: string): ObjectStore => ({
      put: (...args) => {
        writers.add(task);
        return objects.put(...args);
      },
      get: (...args) => objects.get(...args),
      list: (...args) => objects.list(...args),
      delete: (...args) => objects.delete(...args),
    });
    const one = start('one', { objects: seenBy('one') });
    await expect.poll(archived, eventually).toEqual([1_000, 11_000]);
    start('two', { objects: seenBy('two') });
    await say(31_000, 45_000);
    nowMs = 60_000;
    await expect.poll(archived, eventually).toContain(31_000);
    expect([...writers]).toEqual(['one']);
    await one.stop();
    await say(51_000, 65_000);
    nowMs = 80_000;
    await expect.poll(archived, eventually).toContain(51_000);
    expect([...writers]).toEqual(['one', 'two']);
  });

  it('goes on after object storage was away, and loses nothing', async () => {
    let isAway = true;
    const away = <T>(call: () => Promise<T>): Promise<T> =>
      isAway ? Promise.reject(new ObjectStoreError('away', { retryable: true })) : call();
    let failures = 0;
    start('one', {
      objects: {
        put: (...args) => away(() => objects.put(...args)),
        get: (...args) => away(() => objects.get(...args)),
        list: (...args) => objects.list(...args),
        delete: (...args) => objects.delete(...args),
      },
      metrics: {
        wroteChunk: () => {},
        waiting: () => {},
        failed: () => {
          failures += 1;
        },
      },
    });
    for (let minute = 0; minute < 5; minute += 1) {
      const before = failures;
      await say(minute * 60_000, minute * 60_000 + 20_000);
      nowMs = minute * 60_000 + 50_000;
      await expect.poll(() => failures, eventually).toBeGreaterThan(before);
    }
    isAway = false;
    nowMs = 400_000;
    await expect.poll(async () => (nowMs += 500) > 0 && archived(), eventually).toHaveLength(10);
    expect((await readArchive(objects)).raw).toEqual(await messages.read(broadcastId, {}));
  });

  it('is done with a broadcast that is no more', async () => {
    await say(1_000);
    broadcast = undefined;
    start('one');
    await expect.poll(() => unarchived.list(shard), eventually).toEqual([]);
  });

  it('does not forget what is removed while it finishes', async () => {
    await say(1_000, 2_000);
    broadcast = broadcastOf('ended', 30_000);
    nowMs = 40_000;
    let isFirst = true;
    start('one', {
      unarchived: {
        add: (...args) => unarchived.add(...args),
        list: (...args) => unarchived.list(...args),
        notes: (...args) => unarchived.notes(...args),
        async done(...args) {
          if (isFirst) {
            isFirst = false;
            await messages.remove(broadcastId, [said(1_000).id]);
            await unarchived.add(shard, broadcastId);
          }
          await unarchived.done(...args);
        },
      },
    });
    await expect.poll(async () => (nowMs += 500) > 0 && archived(), eventually).toEqual([2_000]);
    await expect.poll(() => unarchived.list(shard), eventually).toEqual([]);
    expect((await readArchive(objects)).index?.removed).toEqual([said(1_000).id]);
  });

  it('wakes as soon as it has heard somebody after a long silence', async () => {
    let heard: string | undefined;
    const visits: number[] = [];
    start('one', {
      heard: () => heard,
      broadcasts: {
        get: () => {
          visits.push(nowMs);
          return Promise.resolve(broadcast);
        },
      },
    });
    await say(1_000);
    for (; nowMs < 400_000; nowMs += 4_000) await new Promise((resolve) => setTimeout(resolve, 5));
    const saidAt = nowMs;
    await say(saidAt);
    heard = said(saidAt).id;
    await expect.poll(async () => (nowMs += 500) > 0 && archived(), eventually).toHaveLength(2);
    // Without the hint up to a minute passes until somebody looks.
    expect(visits.find((at) => at > saidAt)).toBeLessThanOrEqual(saidAt + 12_000);
  });

  it('stops at once, in the middle of whatever it does', async () => {
    await say(1_000, 11_000, 21_000);
    nowMs = 60_000;
    let puts = 0;
    const archiver = start('one', {
      objects: {
        put: (_key, _chunks, { signal }) => {
          puts += 1;
          return new Promise((_, reject) => {
            signal?.addEventListener('abort', () => reject(new Error('stopped')));
          });
        },
        get: (...args) => objects.get(...args),
        list: (...args) => objects.list(...args),
        delete: (...args) => objects.delete(...args),
      },
    });
    await expect.poll(() => puts, eventually).toBe(1);
    await archiver.stop();
    expect(puts).toBe(1);
  });
});
