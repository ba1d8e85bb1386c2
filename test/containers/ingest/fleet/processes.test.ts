import HLS from 'hls-parser';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startFleet, type Fleet } from './processes.ts';

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;
const segments = (playlist: string): number => count(playlist, /\.m4s$/gm);
const discontinuities = (playlist: string): number => count(playlist, /^#EXT-X-DISCONTINUITY$/gm);

function media(playlist: string): HLS.types.MediaPlaylist {
  const parsed = HLS.parse(playlist);
  if (parsed.isMasterPlaylist) throw new Error('not a media playlist');
  return parsed;
}

// Real encoders: seconds of show are seconds.
describe('ingest tasks', { timeout: 90_000 }, () => {
  let fleet: Fleet;

  beforeEach(async () => {
    fleet = await startFleet();
  });
  afterEach(() => fleet.close());

  it('go on with a broadcast whose task was killed: same broadcast, next session, one archive', async () => {
    const [a, b, key] = [await fleet.task('a'), await fleet.task('b'), await fleet.channel()];
    const first = a.push(key);
    const { broadcastId } = await fleet.broadcast(({ plan }) => plan !== undefined);
    await fleet.archive(broadcastId, (text) => segments(text) >= 2);
    a.child.kill('SIGKILL');
    await first.exited;

    const second = b.push(key);
    const resumed = await fleet.broadcast(({ session, plan }) => session === 2 && plan !== undefined);
    expect(resumed).toMatchObject({ broadcastId, taskId: 'b', slot: 'in-b', state: 'live' });
    await fleet.heartbeat('b', ({ shows }) => shows[0]?.broadcastId === broadcastId);
    const both = await fleet.archive(broadcastId, (text) => discontinuities(text) === 1);
    const live = await b.livePlaylist(broadcastId);
    const firstLive = media(live).segments[0];
    // The live window goes on counting where the archive stood, and says that there was a cut before.
    expect(live).toMatch(/#EXT-X-DISCONTINUITY-SEQUENCE:[01]\b/);
    expect(firstLive?.mediaSequenceNumber).toBeGreaterThanOrEqual(2);

    await second.finish();
    const whole = await fleet.archive(broadcastId, (text) => text.includes('#EXT-X-ENDLIST'));
    expect(whole.startsWith(both.trimEnd())).toBe(true);
    const { segments: all } = media(whole);
    expect(all.length).toBeGreaterThanOrEqual(4);
    const cut = all.findIndex(({ discontinuity }) => discontinuity);
    expect(cut).toBeGreaterThanOrEqual(2);
    expect(all.filter(({ discontinuity }) => discontinuity)).toHaveLength(1);
    // Two runs, each with an init segment of its own.
    expect(new Set(all.map(({ map }) => map?.uri)).size).toBe(2);
    expect(all[cut]?.map?.uri).not.toBe(all[0]?.map?.uri);
    // The archive is whole before the table says that the show has ended.
    const unended = () => fleet.tables.broadcasts.listUnended();
    await vi.waitFor(async () => expect(await unended()).toEqual({ broadcasts: [] }), 8_000);
  });

  it('drain by order: the show goes on, newcomers are refused, the encoder may come back here or elsewhere', async () => {
    const [a, b, key] = [await fleet.task('a'), await fleet.task('b'), await fleet.channel()];
    const first = a.push(key);
    const { broadcastId } = await fleet.broadcast(({ input }) => input !== undefined);
    await fleet.order('a', 1, 'expire');
    await fleet.broadcast(
      ({ input }) => input?.warnings.some(({ code }) => code === 'server-renewing') === true,
    );
    await fleet.order('a', 2, 'drain');
    const closed = await fleet.heartbeat('a', ({ obeys }) => obeys === 2);
    expect(closed).toMatchObject({
      accepting: false,
      phase: 'draining',
      shows: [{ broadcastId, session: 1 }],
    });

    const newcomer = a.push(await fleet.channel());
    expect(await newcomer.exited).not.toBe(0);
    expect(newcomer.output()).toContain('another server answers');
    expect(await a.metrics()).toContain('tidecast_rtmp_refused_total{reason="draining"} 1');
    expect(first.process.exitCode).toBeNull();

    // Back to the old task, then to the new one, while the old one still holds it.
    await first.kill();
    const again = a.push(key);
    await fleet.broadcast(({ session, taskId }) => session === 2 && taskId === 'a');
    await fleet.archive(broadcastId, (text) => segments(text) >= 2);
    await again.kill();
    const elsewhere = b.push(key);
    await fleet.broadcast(({ session, taskId }) => session === 3 && taskId === 'b');
    const empty = await fleet.heartbeat(
      'a',
      ({ shows, unstoredBytes }) => shows.length === 0 && unstoredBytes === 0,
    );
    expect(empty.accepting).toBe(false);
    await fleet.archive(broadcastId, (text) => discontinuities(text) >= 1);
    await elsewhere.finish();
    const whole = await fleet.archive(broadcastId, (text) => text.includes('#EXT-X-ENDLIST'));
    expect(media(whole).endlist).toBe(true);
  });

  it('drain on SIGTERM: wait for the show, store it, and end', async () => {
    const [a, key] = [await fleet.task('a'), await fleet.channel()];
    const encoder = a.push(key);
    const { broadcastId } = await fleet.broadcast(({ plan }) => plan !== undefined);
    a.child.kill('SIGTERM');
    await fleet.heartbeat('a', ({ phase, accepting }) => phase === 'draining' && !accepting);
    const newcomer = a.push(await fleet.channel());
    expect(await newcomer.exited).not.toBe(0);
    // The show goes on, longer than it had lasted before.
    await fleet.archive(broadcastId, (text) => segments(text) >= 3);
    expect(a.child.exitCode).toBeNull();
    await encoder.finish();
    expect(await a.exited).toBe(0);
    const playlist = await fleet.archive(broadcastId, (text) => text !== '');
    expect(playlist).toContain('#EXT-X-ENDLIST');
    expect(await fleet.tables.broadcasts.get(broadcastId)).toMatchObject({ state: 'ended', session: 1 });
  });

  it.each([
    ['a second SIGTERM', 'SIGTERM'],
    ['the deadline of the drain', 'deadline'],
    ['an order to finish', 'order'],
  ])('finish at once on %s: interrupted, with every segment stored', async (_, how) => {
    const a = await fleet.task('a', how === 'deadline' ? { DRAIN_DEADLINE_S: '1' } : {});
    a.push(await fleet.channel());
    const { broadcastId } = await fleet.broadcast(({ plan }) => plan !== undefined);
    await fleet.archive(broadcastId, (text) => segments(text) >= 1);
    a.child.kill('SIGTERM');
    await fleet.heartbeat('a', ({ phase }) => phase === 'draining');
    if (how === 'order') await fleet.order('a', 1, 'finish');
    // Sooner it would count as the same key press.
    await new Promise((resolve) => setTimeout(resolve, 600));
    if (how === 'SIGTERM') a.child.kill('SIGTERM');
    expect(await a.exited).toBe(0);
    expect(await fleet.broadcast(() => true)).toMatchObject({ broadcastId, state: 'interrupted' });
    expect(await fleet.tables.fleet.heartbeat('a')).toMatchObject({ phase: 'ending', accepting: false });
    const playlist = await fleet.archive(broadcastId, (text) => text !== '');
    expect(segments(playlist)).toBeGreaterThanOrEqual(1);
    expect(playlist).not.toContain('#EXT-X-ENDLIST');
  });
});
