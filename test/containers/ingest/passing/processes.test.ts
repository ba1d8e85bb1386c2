import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFleet, type Fleet, type TaskProcess } from '../fleet/processes.ts';

// Real tasks, real encoders: seconds of show are seconds.
describe('ingest tasks that pass newcomers on', { timeout: 90_000 }, () => {
  let fleet: Fleet;
  let full: TaskProcess;
  let free: TaskProcess;

  beforeEach(async () => {
    fleet = await startFleet();
    // Room for one show inside the band, and no second one below the ceiling (1.29 times as much).
    [full, free] = await Promise.all([fleet.task('full', { ROOM_POINTS: '1000' }), fleet.task('free')]);
    const { relay = '' } = await fleet.heartbeat('free', ({ relay: at }) => at !== undefined);
    expect(relay).toMatch(/^127\.0\.0\.1:\d+$/);
    await fleet.peers([{ taskId: 'free', relay, slots: 4 }]);
  });
  afterEach(() => fleet.close());

  const fill = async (): Promise<string> => {
    full.push(await fleet.channel());
    const { broadcastId } = await fleet.broadcast(({ taskId }) => taskId === 'full');
    return broadcastId;
  };

  it('play the show on the other one, and count it at the first one until it ends', async () => {
    const held = await fill();
    const newcomer = full.push(await fleet.channel());
    const there = await fleet.heartbeat('free', ({ shows }) => shows[0]?.state === 'live');
    const broadcastId = there.shows[0]?.broadcastId ?? '';
    await fleet.archive(broadcastId, (text) => text.includes('.m4s'));
    expect(await free.livePlaylist(broadcastId)).toContain('#EXT-X-PART');
    const here = await fleet.heartbeat('full', ({ passing }) => passing === 1);
    expect(here.shows.map((each) => each.broadcastId)).toEqual([held]);
    const metrics = await full.metrics();
    expect(metrics).toContain('tidecast_passing 1');
    expect(metrics).toContain('tidecast_passed_on_total{outcome="passed"} 1');
    await newcomer.finish();
    await fleet.heartbeat('full', ({ passing }) => passing === 0);
    await fleet.archive(broadcastId, (text) => text.includes('#EXT-X-ENDLIST'));
  });

  it('do not end by SIGTERM while a show goes through them, and pass nobody on from then on', async () => {
    const encoder = full.push(await fleet.channel());
    const here = await fleet.heartbeat('full', ({ shows }) => shows.length === 1);
    const newcomer = full.push(await fleet.channel());
    const there = await fleet.heartbeat('free', ({ shows }) => shows[0]?.state === 'live');
    // An ffmpeg that is told to end while it begins breaks off without a word: that is an interruption, not an end.
    await fleet.archive(here.shows[0]?.broadcastId ?? '', (text) => text.includes('.m4s'));
    await encoder.finish();
    await fleet.heartbeat('full', ({ shows, unstoredBytes }) => shows.length === 0 && unstoredBytes === 0);
    full.child.kill('SIGTERM');
    const empty = await fleet.heartbeat('full', ({ phase }) => phase === 'draining');
    expect(empty).toMatchObject({ accepting: false, shows: [], passing: 1 });
    const refused = full.push(await fleet.channel());
    expect(await refused.exited).not.toBe(0);
    // Longer than a task that is empty waits for its last viewers.
    await fleet.archive(
      there.shows[0]?.broadcastId ?? '',
      (text) => (text.match(/\.m4s/g) ?? []).length >= 5,
    );
    expect(full.child.exitCode).toBeNull();
    expect(newcomer.process.exitCode).toBeNull();
    await newcomer.finish();
    expect(await full.exited).toBe(0);
    expect(await fleet.tables.fleet.heartbeat('full')).toMatchObject({ phase: 'ending', passing: 0 });
  });

  it('take nobody from others when they are told so', async () => {
    await fleet.task('off', { RELAY_PORT: 'off' });
    expect(await fleet.heartbeat('off', ({ accepting }) => accepting)).not.toHaveProperty('relay');
  });

  it.each(['full', 'free'] as const)('lose no show when the %s one dies: it goes on', async (which) => {
    await fill();
    const key = await fleet.channel();
    const newcomer = full.push(key);
    const there = await fleet.heartbeat('free', ({ shows }) => shows[0]?.state === 'live');
    const broadcastId = there.shows[0]?.broadcastId ?? '';
    await fleet.archive(broadcastId, (text) => text.includes('.m4s'));
    (which === 'full' ? full : free).child.kill('SIGKILL');
    await newcomer.exited;
    const next = which === 'full' ? free : await fleet.task('next');
    // What OBS does by itself.
    const again = next.push(key);
    const beat = await fleet.heartbeat(next.taskId, ({ shows }) =>
      shows.some((show) => show.broadcastId === broadcastId && show.session === 2 && show.state === 'live'),
    );
    expect(beat.shows).toHaveLength(1);
    await again.finish();
    await fleet.archive(broadcastId, (text) => text.includes('#EXT-X-ENDLIST'));
  });
});
