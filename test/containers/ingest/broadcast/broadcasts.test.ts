import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Broadcast } from '../../../../core/broadcast/types.ts';
import { setStage, type Stage } from './stage.ts';

describe('the broadcasts of an ingest task', () => {
  let stage: Stage;

  beforeEach(async () => {
    stage = await setStage();
  });
  afterEach(() => stage.close());

  const all = async (): Promise<readonly Broadcast[]> =>
    (
      await stage.tables.broadcasts.listByChannel({
        channelId: '01channel00000000000000000',
        limit: 50,
        includeAll: true,
      })
    ).broadcasts;
  const unended = async (): Promise<readonly Broadcast[]> =>
    (await stage.tables.broadcasts.listUnended()).broadcasts;
  const only = async (): Promise<Broadcast> => {
    const [broadcast, ...more] = await unended();
    if (broadcast === undefined || more.length > 0)
      throw new Error(`${more.length + 1} broadcasts are under way`);
    return broadcast;
  };
  const ended = (broadcastId: string): Promise<Broadcast> =>
    vi.waitFor(async () => {
      const broadcast = await stage.tables.broadcasts.get(broadcastId);
      expect(broadcast?.state).toBe('ended');
      return broadcast as Broadcast;
    }, 5_000);
  /** Until the archive lists so many: what another task takes over is what it can read there. */
  const stored = (broadcastId: string, count: number): Promise<void> =>
    vi.waitFor(async () => expect(segments(await stage.playlist(broadcastId))).toBe(count), 5_000);
  const segments = (playlist: string): number =>
    playlist.split('\n').filter((line) => line.endsWith('.m4s')).length;

  it('refuse a key that is none, an unknown channel and a wrong secret with one and the same code', async () => {
    const task = stage.task('a');
    for (const key of [
      '',
      'x',
      '01unknown00000000000000000_abcdefghijklmnopqrstuvwxyz012345',
      '01channel00000000000000000_abcdefghijklmnopqrstuvwxyz012346',
    ])
      expect((await task.connect(key)).decision).toBe('NetStream.Publish.Unauthorized');
    expect(await all()).toEqual([]);
  });

  it('end at once when the encoder finishes, with a whole recording', async () => {
    const task = stage.task('a');
    const encoder = await task.connect();
    await encoder.show(6);
    const { broadcastId } = await only();
    encoder.end('finished');
    expect(await ended(broadcastId)).toMatchObject({ session: 1, durationS: 6 });
    const playlist = await stage.playlist(broadcastId);
    expect(segments(playlist)).toBe(3);
    expect(playlist).toContain('#EXT-X-ENDLIST');
  });

  it('begin with the least loaded chat shard, and keep it when they go on', async () => {
    const { shards } = stage.tables;
    const report = (shard: string, sockets: number): Promise<void> =>
      shards.report({ shard, taskId: `chat-${shard}`, sockets, capacity: 100, at: stage.clock.now() });
    for (const shard of ['a', 'b', 'c']) await shards.announce({ shard, redisUrl: 'redis://127.0.0.1:1' });
    await shards.setState('c', 'closed');
    await Promise.all([report('a', 50), report('b', 10), report('c', 0)]);
    const task = stage.task('a');
    const encoder = await task.connect();
    expect(await only()).toMatchObject({ session: 1, shard: 'b' });
    await encoder.show(2);
    await report('b', 90);
    encoder.end('dropped');
    await task.connect();
    expect(await only()).toMatchObject({ session: 2, shard: 'b' });
  });

  it('forget a broadcast that never had a picture', async () => {
    const task = stage.task('a');
    const encoder = await task.connect();
    expect(await unended()).toHaveLength(1);
    encoder.end('finished');
    await vi.waitFor(async () => expect(await unended()).toEqual([]));
    await vi.waitFor(() => expect([...task.broadcasts.all].filter((held) => held.isLive)).toEqual([]));
  });

  it('are interrupted when the connection drops, and continue with the next session', async () => {
    const task = stage.task('a');
    const first = await task.connect();
    await first.show(4);
    const { broadcastId } = await only();
    first.end('dropped');
    await vi.waitFor(async () => expect((await only()).state).toBe('interrupted'));
    const second = await task.connect();
    expect(await only()).toMatchObject({ broadcastId, state: 'live', session: 2 });
    await second.show(4);
    second.end('finished');
    await ended(broadcastId);
    const playlist = await stage.playlist(broadcastId);
    expect(segments(playlist)).toBe(4);
    expect(playlist.match(/#EXT-X-DISCONTINUITY$/gm)).toHaveLength(1);
  });

  it('end after the grace window', async () => {
    const task = stage.task('a', 50);
    const encoder = await task.connect();
    await encoder.show(2);
    const { broadcastId } = await only();
    encoder.end('idle');
    await ended(broadcastId);
    expect(await stage.playlist(broadcastId)).toContain('#EXT-X-ENDLIST');
  });

  it('give a broadcast to the newest connection with the same key, however many come at once', async () => {
    const task = stage.task('a');
    const connections = await Promise.all([1, 2, 3, 4].map(() => task.connect()));
    expect(connections.map((connection) => connection.decision)).toEqual(Array(4).fill('accepted'));
    expect(connections.map((connection) => connection.closedWith())).toEqual([
      'taken-over',
      'taken-over',
      'taken-over',
      undefined,
    ]);
    expect(await only()).toMatchObject({ session: 4, state: 'live' });
  });

  it('stay with the encoder they have when two fight for one key', async () => {
    const task = stage.task('a');
    const connections = [];
    for (let i = 0; i < 8; i++) connections.push(await task.connect());
    expect(connections.map((connection) => connection.decision)).toEqual([
      ...Array(6).fill('accepted'),
      ...Array(2).fill('NetStream.Publish.BadName'),
    ]);
    expect(connections[5]?.closedWith()).toBeUndefined();
    stage.clock.advance(61_000);
    expect((await task.connect()).decision).toBe('accepted');
  });

  it('go on in another task: same broadcast, same archive, next session; the old task lets go', async () => {
    const [a, b] = [stage.task('a'), stage.task('b')];
    const first = await a.connect();
    await first.show(4);
    const { broadcastId } = await only();
    await stored(broadcastId, 2);
    // Task a does not notice that its encoder is gone.
    const second = await b.connect();
    expect(await only()).toMatchObject({ broadcastId, session: 2, slot: 'slot-b', taskId: 'b' });
    for (const held of a.broadcasts.all) await held.report();
    expect(first.closedWith()).toBe('taken-over');
    expect([...a.broadcasts.all]).toEqual([]);
    expect(await only()).toMatchObject({ session: 2, state: 'live' });
    await second.show(4);
    second.end('finished');
    await ended(broadcastId);
    const playlist = await stage.playlist(broadcastId);
    expect(segments(playlist)).toBe(4);
    expect(playlist).toContain('#EXT-X-ENDLIST');
  });

  it('follow a change of visibility with the next heartbeat', async () => {
    const task = stage.task('a');
    const encoder = await task.connect();
    await encoder.show(2);
    const { broadcastId } = await only();
    expect(task.broadcasts.find('slot-a', broadcastId, false)).toBeDefined();
    await stage.tables.broadcasts.update(broadcastId, 'owner', { visibility: 'private' });
    for (const held of task.broadcasts.all) await held.report();
    expect(task.broadcasts.find('slot-a', broadcastId, false)).toBeUndefined();
    expect(task.broadcasts.find('slot-a', broadcastId, true)).toBeDefined();
    expect(task.broadcasts.find('slot-b', broadcastId, true)).toBeUndefined();
    encoder.end('finished');
    await ended(broadcastId);
  });

  it('stay interrupted when the task shuts down, with every segment stored, and refuse new connections', async () => {
    const task = stage.task('a');
    const encoder = await task.connect();
    await encoder.show(4);
    const { broadcastId } = await only();
    await task.shutdown();
    expect(encoder.closedWith()).toBe('shutdown');
    expect(await only()).toMatchObject({ broadcastId, state: 'interrupted' });
    expect((await task.connect()).decision).toBe('NetStream.Publish.Denied');
    const next = await stage.task('b').connect();
    await next.show(2);
    next.end('finished');
    await ended(broadcastId);
    expect(segments(await stage.playlist(broadcastId))).toBe(3);
  });

  describe('that were left behind', () => {
    it('are ended by any task once they are silent and past the grace window, not before', async () => {
      const encoder = await stage.task('dead').connect();
      await encoder.show(4);
      const { broadcastId } = await only();
      await stored(broadcastId, 2);
      const { recovery } = stage.task('b');
      await recovery.sweep();
      expect((await only()).state).toBe('live');
      stage.clock.advance(40_000);
      await recovery.sweep();
      expect(await unended()).toHaveLength(1);
      stage.clock.advance(25_000);
      await recovery.sweep();
      expect(await ended(broadcastId)).toMatchObject({ durationS: 4 });
      expect(await stage.playlist(broadcastId)).toContain('#EXT-X-ENDLIST');
    });

    it('are ended once, also when several tasks look at the same moment', async () => {
      const encoder = await stage.task('dead').connect();
      await encoder.show(2);
      const { broadcastId } = await only();
      const tasks = ['b', 'c', 'd'].map((name) => stage.task(name));
      await Promise.all(tasks.map((task) => task.recovery.sweep()));
      stage.clock.advance(70_000);
      await Promise.all(tasks.map((task) => task.recovery.sweep()));
      expect(await ended(broadcastId)).toMatchObject({ session: 2 });
    });

    it('are forgotten when they never had a picture', async () => {
      await stage.task('dead').connect();
      const { recovery } = stage.task('b');
      await recovery.sweep();
      stage.clock.advance(70_000);
      await recovery.sweep();
      expect(await all()).toEqual([]);
    });
  });
});
