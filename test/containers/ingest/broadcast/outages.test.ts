import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Broadcast } from '../../../../core/broadcast/types.ts';
import { setStage, type Stage } from './stage.ts';

describe('the broadcasts of an ingest task, when something is away', () => {
  let stage: Stage;

  beforeEach(async () => {
    stage = await setStage();
  });
  afterEach(() => stage.close());

  const unended = async (): Promise<readonly Broadcast[]> =>
    (await stage.tables.broadcasts.listUnended()).broadcasts;
  const only = async (): Promise<Broadcast> => {
    const [broadcast, ...more] = await unended();
    if (broadcast === undefined || more.length > 0)
      throw new Error(`${more.length + 1} broadcasts are under way`);
    return broadcast;
  };
  const ended = (broadcastId: string, timeoutMs = 5_000): Promise<Broadcast> =>
    vi.waitFor(async () => {
      const broadcast = await stage.tables.broadcasts.get(broadcastId);
      expect(broadcast?.state).toBe('ended');
      return broadcast as Broadcast;
    }, timeoutMs);
  const reportAll = async (task: {
    readonly broadcasts: { readonly all: Iterable<{ report(): Promise<void> }> };
  }): Promise<void> => {
    for (const held of task.broadcasts.all) await held.report();
  };

  it('are left alone after an outage of the tables, however old their last sign of life is', async () => {
    const [a, b] = [stage.task('a'), stage.task('b')];
    const encoder = await a.connect();
    await encoder.show(4);
    await b.recovery.sweep();
    a.setTablesAway(true);
    b.setTablesAway(true);
    stage.clock.advance(120_000);
    await b.recovery.sweep();
    a.setTablesAway(false);
    b.setTablesAway(false);
    await b.recovery.sweep();
    await reportAll(a);
    stage.clock.advance(20_000);
    await b.recovery.sweep();
    expect(await only()).toMatchObject({ state: 'live', taskId: 'a', session: 1 });
    expect(encoder.closedWith()).toBeUndefined();
    encoder.end('finished');
  });

  it('end without object storage, and the channel goes live again at once; the recording is completed later', async () => {
    const task = stage.task('a');
    const first = await task.connect();
    await first.show(4);
    const { broadcastId } = await only();
    stage.setStoreAway(true);
    await first.show(2);
    first.end('finished');
    const startedAt = performance.now();
    const second = await task.connect();
    expect(second.decision).toBe('accepted');
    expect(performance.now() - startedAt).toBeLessThan(8_000);
    await second.show(2);
    expect((await only()).broadcastId).not.toBe(broadcastId);
    expect(await ended(broadcastId)).toMatchObject({ durationS: 6 });
    stage.setStoreAway(false);
    await vi.waitFor(
      async () => expect(await stage.playlist(broadcastId)).toContain('#EXT-X-ENDLIST'),
      15_000,
    );
    second.end('finished');
  });

  it('drop an encoder whose archive cannot be read, so that it tries again', async () => {
    const [a, b] = [stage.task('a'), stage.task('b')];
    const first = await a.connect();
    await first.show(2);
    const { broadcastId } = await only();
    stage.setStoreAway(true);
    const second = await b.connect();
    await expect(second.show(2)).rejects.toThrow();
    expect(second.closedWith()).toBe('dropped');
    stage.setStoreAway(false);
    const third = await b.connect();
    await third.show(2);
    expect(await only()).toMatchObject({ broadcastId, state: 'live', session: 3 });
    third.end('finished');
    await ended(broadcastId);
  });

  it('are ended by the next session when the table did not learn of the end', async () => {
    const task = stage.task('a');
    const first = await task.connect();
    await first.show(4);
    const { broadcastId } = await only();
    task.setTablesAway(true);
    first.end('finished');
    await vi.waitFor(() => expect([...task.broadcasts.all].every((held) => held.isOver)).toBe(true));
    await Promise.all([...task.broadcasts.all].map((held) => held.end()));
    await expect(task.connect()).rejects.toThrow('the tables are away');
    task.setTablesAway(false);
    const second = await task.connect();
    expect(await ended(broadcastId)).toMatchObject({ durationS: 4 });
    const next = await only();
    expect(next).toMatchObject({ session: 1, state: 'live' });
    await second.show(2);
    expect(task.broadcasts.find('slot-a', next.broadcastId, false)?.ended).toBe(false);
    second.end('finished');
    expect(await ended(next.broadcastId)).toMatchObject({ durationS: 2 });
  });

  it('are ended, not forgotten, when a resumed session stops before its first picture', async () => {
    const [a, b] = [stage.task('a'), stage.task('b')];
    const first = await a.connect();
    await first.show(4);
    const { broadcastId } = await only();
    await vi.waitFor(async () => expect(await stage.playlist(broadcastId)).toContain('.m4s'));
    const second = await b.connect();
    second.end('finished');
    await ended(broadcastId);
    expect(await stage.playlist(broadcastId)).toContain('#EXT-X-ENDLIST');
  });

  it('do not hold a shutdown up while an archive waits for object storage', async () => {
    const task = stage.task('a');
    const encoder = await task.connect();
    await encoder.show(4);
    stage.setStoreAway(true);
    await encoder.show(2);
    encoder.end('finished');
    const startedAt = performance.now();
    await task.shutdown();
    expect(performance.now() - startedAt).toBeLessThan(6_000);
    stage.setStoreAway(false);
  });
});
