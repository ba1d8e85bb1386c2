import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, afterAll, describe, expect, it } from 'vitest';
import type { BroadcastView } from '../../core/api/types.ts';
import { startEncoder, testPicture, type Encoder } from '../support/encoder.ts';
import { startTestPlatform, until, type TestPlatform } from '../support/platform.ts';
import { childrenOf } from '../support/processes.ts';
import { readRecording, type RecordedList } from '../support/recording.ts';

/**
 * A task that was killed is followed by another one when its last heartbeat is stale (5 s) and a process has
 * started: the encoder has to come back within the grace window all the same.
 */
const graceWindowS = 15;

describe('a broadcast under faults', () => {
  let platform: TestPlatform;
  const encoders: Encoder[] = [];

  beforeAll(async () => {
    platform = await startTestPlatform({ graceWindowS, ladder: '160p' });
  });
  afterEach(async () => {
    await Promise.all(encoders.splice(0).map((encoder) => encoder.kill()));
  });
  afterAll(async () => {
    await platform?.remove();
  });

  const push = (target: string): Encoder => {
    const encoder = startEncoder(target, testPicture({ size: '320x180' }));
    encoders.push(encoder);
    return encoder;
  };
  const view = (broadcastId: string): Promise<BroadcastView> =>
    platform.api('GET', `/api/broadcasts/${broadcastId}`);
  const state = (
    broadcastId: string,
    wanted: BroadcastView['state'],
    timeoutMs?: number,
  ): Promise<BroadcastView> =>
    until(
      `broadcast is ${wanted}`,
      async () => {
        const now = await view(broadcastId);
        return now.state === wanted ? now : undefined;
      },
      timeoutMs,
    );
  /** The edge may keep a list of the live archive for a second: what was asked for just before the end. */
  const finishedList = (broadcastId: string): Promise<RecordedList> =>
    until(
      'the recording has its end',
      async () => {
        const [list] = await readRecording(platform, broadcastId);
        return list?.ended === true ? list : undefined;
      },
      5_000,
    );
  const segmentsWritten = (broadcastId: string, atLeast: number): Promise<true> =>
    until(`${atLeast} segments in the archive`, async () => {
      const [list] = await readRecording(platform, broadcastId).catch(() => []);
      return (list?.segments ?? 0) >= atLeast ? true : undefined;
    });

  it('continues when the encoder is killed and comes back within the grace window', async () => {
    const channel = await platform.newChannel('Within grace');
    const first = push(channel.target);
    const { broadcast } = await channel.live();
    await segmentsWritten(broadcast.broadcastId, 2);
    await first.kill();
    await state(broadcast.broadcastId, 'interrupted');
    const second = push(channel.target);
    expect(await state(broadcast.broadcastId, 'live')).toMatchObject({ session: 2 });
    await until('the second session is in the archive', async () => {
      const [list] = await readRecording(platform, broadcast.broadcastId);
      return list?.discontinuities === 1 ? true : undefined;
    });
    await second.finish();
    await state(broadcast.broadcastId, 'ended');
    const list = await finishedList(broadcast.broadcastId);
    expect(list).toMatchObject({ ended: true, gaps: 0, discontinuities: 1, missing: [] });
  });

  it('ends after the grace window; an encoder that comes later begins another broadcast', async () => {
    const channel = await platform.newChannel('After grace');
    const first = push(channel.target);
    const { broadcast } = await channel.live();
    await segmentsWritten(broadcast.broadcastId, 1);
    await first.kill();
    const ended = await state(broadcast.broadcastId, 'ended', (graceWindowS + 10) * 1000);
    expect(ended.durationS).toBeGreaterThan(1);
    const list = await finishedList(broadcast.broadcastId);
    expect(list).toMatchObject({ ended: true, missing: [] });
    push(channel.target);
    const next = await channel.live();
    expect(next.broadcast.broadcastId).not.toBe(broadcast.broadcastId);
  });

  it('is taken over at once by another connection with the same key', async () => {
    const channel = await platform.newChannel('Take-over');
    const first = push(channel.target);
    const { broadcast } = await channel.live();
    const second = push(channel.target);
    await first.exited;
    await until('the second session', async () =>
      (await view(broadcast.broadcastId)).session === 2 ? true : undefined,
    );
    expect(await state(broadcast.broadcastId, 'live')).toMatchObject({ broadcastId: broadcast.broadcastId });
    expect(second.process.exitCode).toBeNull();
  });

  it('refuses a wrong key, and leaves no broadcast behind', async () => {
    const channel = await platform.newChannel('Wrong key');
    const wrong = push(`${channel.target.slice(0, -1)}${channel.target.endsWith('0') ? '1' : '0'}`);
    expect(await wrong.exited).not.toBe(0);
    expect((await channel.studio()).current).toBeUndefined();
  });

  it('goes on when its ffmpeg is killed', async () => {
    const channel = await platform.newChannel('ffmpeg killed');
    push(channel.target);
    const { broadcast, playback } = await channel.live();
    const ffmpeg = childrenOf(platform.task().pid).findLast((child) => child.name === 'ffmpeg');
    if (ffmpeg === undefined) throw new Error('the ingest task has no ffmpeg');
    process.kill(ffmpeg.pid, 'SIGKILL');
    const list = new URL('160p/index.m3u8', new URL(playback.live ?? '', platform.url));
    await until('the live playlist goes on behind a discontinuity', async () =>
      /#EXT-X-DISCONTINUITY\n[^]*#EXTINF/.test(await (await fetch(list)).text()) ? true : undefined,
    );
    expect(await view(broadcast.broadcastId)).toMatchObject({ state: 'live', session: 1 });
    await until('the studio counts the restart', async () =>
      ((await channel.studio()).current?.input?.ffmpegRestarts ?? 0) > 0 ? true : undefined,
    );
  });

  it('is resumed when the ingest task was killed -9 and the encoder comes back', async () => {
    const channel = await platform.newChannel('Killed and resumed');
    const first = push(channel.target);
    const { broadcast } = await channel.live();
    await segmentsWritten(broadcast.broadcastId, 2);
    await platform.killTask();
    await first.exited;
    const second = push(channel.target);
    expect(
      await until('session 2', async () => {
        const now = await view(broadcast.broadcastId);
        return now.session === 2 && now.state === 'live' ? now : undefined;
      }),
    ).toMatchObject({ broadcastId: broadcast.broadcastId });
    await channel.live();
    await until('the second session is in the archive', async () => {
      const [list] = await readRecording(platform, broadcast.broadcastId);
      return list?.discontinuities === 1 ? true : undefined;
    });
    await second.finish();
    await state(broadcast.broadcastId, 'ended');
    const list = await finishedList(broadcast.broadcastId);
    expect(list).toMatchObject({ ended: true, discontinuities: 1, missing: [] });
  });

  it('is ended when the ingest task was killed -9 and nobody comes back; the recording up to then plays', async () => {
    const channel = await platform.newChannel('Killed and left');
    push(channel.target);
    const { broadcast } = await channel.live();
    await segmentsWritten(broadcast.broadcastId, 2);
    await platform.killTask();
    // Three missed heartbeats (15 s), then the next look of the recovery (every 10 s).
    const ended = await state(broadcast.broadcastId, 'ended', 45_000);
    const list = await finishedList(broadcast.broadcastId);
    expect(list).toMatchObject({ ended: true, missing: [] });
    expect(list.segments).toBeGreaterThanOrEqual(2);
    expect(ended.durationS).toBeCloseTo(list.durationS, 0);
  });

  it('goes on when the API and the tables are killed; both come back by themselves', async () => {
    const channel = await platform.newChannel('API and tables killed');
    const encoder = push(channel.target);
    const { broadcast, playback } = await channel.live();
    const { tables, api } = platform.pids;
    process.kill(tables, 'SIGKILL');
    process.kill(api, 'SIGKILL');
    const list = new URL('160p/index.m3u8', new URL(playback.live ?? '', platform.url));
    const newest = async (): Promise<number> =>
      Number(
        /-(\d+)\.\d+\.m4s/.exec(
          (await (await fetch(list)).text()).split('\n').findLast((line) => line.includes('.m4s')) ?? '',
        )?.[1] ?? -1,
      );
    const before = await newest();
    await until('the live playlist goes on', async () => ((await newest()) > before + 1 ? true : undefined));
    await until('API and tables are back', () => view(broadcast.broadcastId).catch(() => undefined));
    expect(platform.pids.tables).not.toBe(tables);
    const backAt = Date.now();
    await until('the scheduler passes again', () =>
      Promise.resolve((platform.fleet.report?.at ?? 0) > backAt ? true : undefined),
    );
    expect(await state(broadcast.broadcastId, 'live')).toMatchObject({ session: 1 });
    await encoder.finish();
    await state(broadcast.broadcastId, 'ended');
    expect(await finishedList(broadcast.broadcastId)).toMatchObject({
      gaps: 0,
      discontinuities: 0,
      missing: [],
    });
  });

  it('shows a private broadcast to its owner only, live and recorded', async () => {
    const channel = await platform.newChannel('Private');
    await platform.api('PATCH', `/api/channels/${channel.channelId}`, { visibility: 'private' });
    const encoder = push(channel.target);
    const { broadcast, playback } = await until('private and live', async () => {
      const current = (await channel.studio()).current?.broadcast;
      if (current === undefined) return undefined;
      const answer = await platform.api<{ live?: string; archive?: string }>(
        'GET',
        `/api/broadcasts/${current.broadcastId}/playback`,
      );
      return answer.live === undefined ? undefined : { broadcast: current, playback: answer };
    });
    expect(playback.live).toMatch(/^\/live-private\//);
    const open = (path: string): Promise<number> =>
      fetch(`${platform.url}${path}`).then((answer) => answer.status);
    expect(await open(playback.live ?? '')).toBe(403);
    expect(await open((playback.live ?? '').replace('/live-private/', '/live/'))).toBe(404);
    expect(await open(`/api/broadcasts/${broadcast.broadcastId}/playback`)).toBe(404);
    await expect(
      platform.api('GET', `/api/broadcasts/${broadcast.broadcastId}`, undefined, 'stranger'),
    ).rejects.toThrow('404');
    await segmentsWritten(broadcast.broadcastId, 1);
    expect(await open(`/archive/${broadcast.broadcastId}/master.m3u8`)).toBe(403);
    await encoder.finish();
    await state(broadcast.broadcastId, 'ended');
    expect(await open(`/archive/${broadcast.broadcastId}/master.m3u8`)).toBe(403);
    expect(await finishedList(broadcast.broadcastId)).toMatchObject({ missing: [] });
    expect(await open(`/thumbs/${broadcast.broadcastId}.jpg`)).toBe(404);
  });

  it('counts in /metrics, and writes no key into any log', async () => {
    const metrics = await (await fetch(`${platform.task().httpUrl}/metrics`)).text();
    for (const name of [
      'tidecast_broadcasts',
      'tidecast_input_bitrate_bps',
      'tidecast_input_frames',
      'tidecast_part_late_seconds',
      'tidecast_upload_queue',
      'tidecast_spool_bytes',
      'tidecast_ffmpeg_restarts',
    ])
      expect(metrics).toMatch(new RegExp(`^${name}`, 'm'));
    const files = await readdir(join(platform.data, 'logs'));
    for (const program of ['ingest', 'api', 'scheduler'])
      expect(files.some((file) => file.startsWith(program))).toBe(true);
    for (const file of files) {
      const log = await readFile(join(platform.data, 'logs', file), 'utf8');
      // The form of a stream key, core/broadcast/stream-key.ts.
      expect(log).not.toMatch(/[0-9a-z]{26}_[0-9a-z]{32}/);
      expect(log).not.toMatch(/eyJ[\w-]+\.eyJ/);
    }
  });
});
