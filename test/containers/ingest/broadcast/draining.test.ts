import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Broadcast } from '../../../../core/broadcast/types.ts';
import type { Order } from '../../../../core/fleet/heartbeat.ts';
import type { InputState } from '../../../../core/media/flow.ts';
import { FakeFleet } from '../fleet/fake-fleet.ts';
import { setStage, type Stage, type Task } from './stage.ts';

const input: InputState = {
  width: 320,
  height: 180,
  framesPerSecond: 30,
  videoBitrateBps: 1,
  audioBitrateBps: 1,
  keyFrameIntervalS: 2,
  videoCodec: 'avc1',
  audioCodec: 'mp4a',
  encoder: 'test',
  transcodeSpeed: 1,
  transcodeCpu: 0.5,
  ffmpegRestarts: 0,
  warnings: [{ code: 'bitrate-high', text: 'much' }],
};

describe('an ingest task that is to go', () => {
  let stage: Stage;
  let fleet: FakeFleet;

  beforeEach(async () => {
    stage = await setStage();
    fleet = new FakeFleet();
  });
  afterEach(() => stage.close());

  const serving = async (graceMs?: number): Promise<Task> => {
    const task = stage.task('a', graceMs, fleet);
    await task.member.join();
    await task.member.serve();
    return task;
  };
  const obeyed = async (task: Task, generation: number, phase: Order['phase']): Promise<void> => {
    fleet.give({ generation, phase });
    task.member.changed();
    await fleet.until(({ obeys }) => obeys === generation);
  };
  const get = async (broadcastId: string): Promise<Broadcast | undefined> =>
    stage.tables.broadcasts.get(broadcastId);
  const only = async (): Promise<Broadcast> => {
    const { broadcasts } = await stage.tables.broadcasts.listUnended();
    const [broadcast] = broadcasts;
    if (broadcast === undefined || broadcasts.length > 1)
      throw new Error(`${broadcasts.length} broadcasts are under way`);
    return broadcast;
  };
  /** What the first heartbeat that says `accepting: false` holds is all that there ever will be. */
  const expectNothingBegan = (): void => {
    const closedAt = fleet.stored.findLastIndex(({ accepting }) => accepting) + 1;
    const closed = fleet.stored.slice(closedAt);
    const known = new Set(closed[0]?.shows.map(({ broadcastId }) => broadcastId));
    for (const { shows } of closed) for (const { broadcastId } of shows) expect(known).toContain(broadcastId);
  };

  it('reports what it holds: from before its session is written until its end is stored', async () => {
    const task = await serving();
    const opening = task.hold('openSession');
    const connecting = task.connect();
    await opening.reached;
    task.member.changed();
    const reserved = await fleet.until(({ shows }) => shows.length > 0);
    expect(reserved.shows).toMatchObject([{ state: 'live', points: 1000, session: 1 }]);
    opening.release();
    const encoder = await connecting;
    const { broadcastId, startedAt } = await only();
    // The very same: nobody counts it twice.
    expect(reserved.shows).toMatchObject([{ broadcastId, startedAt }]);
    await encoder.show(4);
    encoder.end('dropped');
    await vi.waitFor(async () => expect((await get(broadcastId))?.state).toBe('interrupted'));
    task.member.changed();
    const interrupted = await fleet.until(({ shows }) => shows[0]?.state === 'interrupted');
    // By now its plan is known: 160p only.
    expect(interrupted.shows[0]?.points).toBeLessThan(200);
    const again = await task.connect();
    await again.show(2);
    stage.setStoreAway(true);
    await again.show(2);
    again.end('finished');
    await vi.waitFor(async () => expect((await get(broadcastId))?.state).toBe('ended'), 8_000);
    task.member.changed();
    const ending = await fleet.until(({ shows }) => shows[0]?.state === 'ending');
    expect(ending.shows).toMatchObject([{ broadcastId, session: 2 }]);
    await vi.waitFor(() => expect(task.door.shows).toHaveLength(1));
    stage.setStoreAway(false);
    const { sequence } = ending;
    const after = await fleet.until(
      (heartbeat) => heartbeat.sequence > sequence && heartbeat.shows.length === 0,
    );
    expect(after.unstoredBytes).toBe(0);
  });

  it('says how much is not stored yet', async () => {
    const task = await serving();
    const encoder = await task.connect();
    await encoder.show(2);
    stage.setStoreAway(true);
    await encoder.show(4);
    await vi.waitFor(() => {
      task.member.changed();
      expect(fleet.last.unstoredBytes).toBeGreaterThan(0);
    });
    stage.setStoreAway(false);
    encoder.end('finished');
  });

  it('expired, takes new shows and tells its broadcasters', async () => {
    const task = await serving();
    await obeyed(task, 1, 'expire');
    const encoder = await task.connect();
    expect(encoder.decision).toBe('accepted');
    encoder.input(input);
    for (const held of task.broadcasts.all) await held.report();
    const warnings = async (): Promise<readonly string[] | undefined> =>
      (await only()).input?.warnings.map(({ code }) => code);
    expect(await warnings()).toEqual(['bitrate-high', 'server-renewing']);
    await obeyed(task, 2, 'serve');
    await vi.waitFor(async () => expect(await warnings()).toEqual(['bitrate-high']));
    await encoder.show(2);
    encoder.end('finished');
  });

  it('draining, refuses newcomers and takes back its own: interrupted, or taken over while live', async () => {
    const task = await serving();
    const first = await task.connect();
    await first.show(2);
    const { broadcastId } = await only();
    await obeyed(task, 1, 'drain');
    const newcomer = await task.connect(await stage.newChannel());
    expect(newcomer.decision).toBe('NetStream.Publish.BadName');
    expect(newcomer.refusal).toMatchObject({ reason: 'draining', elsewhere: true });

    first.end('dropped');
    await vi.waitFor(async () => expect((await get(broadcastId))?.state).toBe('interrupted'));
    const second = await task.connect();
    expect(second.decision).toBe('accepted');
    const third = await task.connect();
    expect(third.decision).toBe('accepted');
    expect(second.closedWith()).toBe('taken-over');
    expect(await only()).toMatchObject({ broadcastId, session: 3, state: 'live' });

    await third.show(2);
    third.end('finished');
    await vi.waitFor(async () => expect((await get(broadcastId))?.state).toBe('ended'));
    // The same channel again would be a new show.
    expect((await task.connect()).decision).toBe('NetStream.Publish.BadName');
    await fleet.until(({ obeys, shows }) => obeys === 1 && shows.length === 0);
    expectNothingBegan();
  });

  it('draining, gives no second life to one that comes back a moment after its grace window', async () => {
    const task = await serving();
    const encoder = await task.connect();
    await encoder.show(2);
    const { broadcastId } = await only();
    encoder.end('dropped');
    await vi.waitFor(async () => expect((await get(broadcastId))?.state).toBe('interrupted'));
    const { encoderSeenAt } = await only();
    await obeyed(task, 1, 'drain');
    // Its own timer has not fired yet, but by the table's reckoning it is too late.
    stage.clock.advance(encoderSeenAt + 60_000 - stage.clock.now() + 1_000);
    expect((await task.connect()).decision).toBe('NetStream.Publish.BadName');
    expect(await get(broadcastId)).toMatchObject({ state: 'ended', durationS: 2 });
    await fleet.until(({ obeys, shows }) => obeys === 1 && shows.length === 0);
    expectNothingBegan();
  });

  it('draining, takes nothing over that another task has left behind', async () => {
    const dead = stage.task('dead');
    const encoder = await dead.connect();
    await encoder.show(2);
    const { broadcastId } = await only();
    const task = await serving();
    await task.recovery.sweep();
    await obeyed(task, 1, 'drain');
    stage.clock.advance(70_000);
    await task.recovery.sweep();
    expect(await get(broadcastId)).toMatchObject({ taskId: 'dead', state: 'live' });
    await obeyed(task, 2, 'serve');
    await vi.waitFor(() => expect(task.door.isOpen).toBe(true));
    await task.recovery.sweep();
    expect(await get(broadcastId)).toMatchObject({ taskId: 'a', state: 'ended' });
  });

  it('becomes empty when its show goes on elsewhere, whatever was not stored yet', async () => {
    const task = await serving();
    const other = stage.task('b');
    const first = await task.connect();
    await first.show(4);
    const { broadcastId } = await only();
    await vi.waitFor(async () => expect(await stage.playlist(broadcastId)).toContain('.m4s'));
    // What it shows from here on stays in its spool.
    stage.setStoreAway(true);
    await first.show(2);
    await obeyed(task, 1, 'drain');
    const second = await other.connect();
    stage.setStoreAway(false);
    for (const held of task.broadcasts.all) await held.report();
    expect(first.closedWith()).toBe('taken-over');
    await fleet.until(({ obeys, shows }) => obeys === 1 && shows.length === 0);
    await task.recovery.sweep();
    // The other task has not written anything yet: what is left could still be listed.
    task.member.changed();
    await fleet.answered();
    expect(fleet.last.unstoredBytes).toBeGreaterThan(0);

    await second.show(4);
    await vi.waitFor(async () => expect(await stage.playlist(broadcastId)).toContain('DISCONTINUITY\n'));
    await task.recovery.sweep();
    task.member.changed();
    await fleet.answered();
    expect(fleet.last).toMatchObject({ unstoredBytes: 0, shows: [], accepting: false });
    second.end('finished');
    await vi.waitFor(async () => expect((await get(broadcastId))?.state).toBe('ended'));
    expectNothingBegan();
  });

  it('refuses a publish that was being looked at when the order to drain came', async () => {
    const task = await serving();
    const looking = task.hold('channel');
    const connecting = task.connect();
    await looking.reached;
    await obeyed(task, 1, 'drain');
    looking.release();
    expect((await connecting).decision).toBe('NetStream.Publish.BadName');
    task.member.changed();
    await fleet.answered();
    expectNothingBegan();
    expect(fleet.last.shows).toEqual([]);
  });

  it('has a publish that it has let in already in the heartbeat that says it takes no more', async () => {
    const task = await serving();
    const opening = task.hold('openSession');
    const connecting = task.connect();
    await opening.reached;
    await obeyed(task, 1, 'drain');
    const closed = await fleet.until(({ obeys }) => obeys === 1);
    expect(closed).toMatchObject({ accepting: false, shows: [{ state: 'live' }] });
    opening.release();
    const encoder = await connecting;
    expect(encoder.decision).toBe('accepted');
    expect(closed.shows[0]?.broadcastId).toBe((await only()).broadcastId);
    task.member.changed();
    await fleet.answered();
    expectNothingBegan();
    await encoder.show(2);
    encoder.end('finished');
  });

  it('keeps to its word whatever moment the order or the signal comes at, with many encoders connecting', async () => {
    for (let round = 0; round < 8; round += 1) {
      fleet = new FakeFleet();
      const task = stage.task(`a`, 60_000, fleet);
      await task.member.join();
      await task.member.serve();
      const keys = await Promise.all([1, 2, 3].map(() => stage.newChannel()));
      const connecting = keys.map((key) => task.connect(key));
      // A moment later each time: the calls to the tables in between are the ones of a publish.
      for (let i = 0; i < round * 2; i += 1) await stage.tables.channels.get('nobody');
      if (round % 2 === 0) {
        fleet.give({ generation: 1, phase: 'drain' });
        task.member.changed();
      } else task.member.leave();
      const closed = await fleet.until(({ phase }) => phase === 'draining');
      expect(closed.accepting).toBe(false);
      const encoders = await Promise.all(connecting);
      const held = [...task.broadcasts.all].map(({ id }) => id);
      expect(held).toHaveLength(encoders.filter(({ decision }) => decision === 'accepted').length);
      for (const id of held) expect(closed.shows.map(({ broadcastId }) => broadcastId)).toContain(id);
      task.member.changed();
      await fleet.answered();
      expectNothingBegan();
      await task.shutdown();
    }
  });

  it('refuses newcomers when it is full, but nobody who comes back', async () => {
    const task = await serving();
    const keys = await Promise.all(Array.from({ length: 6 }, () => stage.newChannel()));
    const encoders = [];
    // Without a plan each counts as typical: 1000 of 4000 × 0.9 / 0.7 = 5142 points.
    for (const key of keys) encoders.push(await task.connect(key));
    expect(encoders.map(({ decision }) => decision)).toEqual([
      ...Array<string>(5).fill('accepted'),
      'NetStream.Publish.BadName',
    ]);
    expect(encoders[5]?.refusal).toMatchObject({ reason: 'full', elsewhere: true });
    expect(await fleet.until(({ full }) => full)).toMatchObject({ accepting: true, phase: 'serving' });
    expect((await task.connect(keys[0])).decision).toBe('accepted');
    // Once the plans are known they turn out to be small.
    for (const encoder of encoders.slice(1, 5)) await encoder.show(2);
    expect((await task.connect(keys[5])).decision).toBe('accepted');
    for (const encoder of encoders) encoder.end('finished');
  });
});
