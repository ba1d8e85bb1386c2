import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BroadcastView, OwnChannel, Playback, StudioView } from '../../core/api/types.ts';
import type { FleetTask } from '../../local/fleet/fleet.ts';
import { startPlatform, type FleetSize, type Platform, type PlatformOptions } from '../../local/platform.ts';

/** The whole platform in a folder of its own, on free ports, with a person to ask the API as. */
export interface TestPlatform extends Platform {
  readonly data: string;
  api<T>(method: string, path: string, body?: unknown, person?: string): Promise<T>;
  newChannel(name: string, person?: string): Promise<TestChannel>;
  /** The ingest task of a fleet of one host. */
  task(): FleetTask;
  /** Kills that task with -9; resolves when the one that the scheduler starts in its place serves. */
  killTask(): Promise<void>;
  /** Stops it and removes its folder. */
  remove(): Promise<void>;
}

export interface TestChannel {
  readonly channelId: string;
  /** Where an encoder pushes to; holds the stream key. */
  readonly target: string;
  studio(): Promise<StudioView>;
  /** Waits until the channel's broadcast has something to play. */
  live(timeoutMs?: number): Promise<{ readonly broadcast: BroadcastView; readonly playback: Playback }>;
}

/** Asks again until the answer is what is wanted. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  timeoutMs = 30_000,
): Promise<T> {
  const start = performance.now();
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() - start > timeoutMs) throw new Error(`waited ${timeoutMs} ms in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/**
 * One host that is never full: most tests are about a broadcast, not about the fleet. Passes come often, so
 * that a platform is up as soon as its programs are.
 */
const oneHost: FleetSize = {
  minHosts: 1,
  maxHosts: 1,
  roomPoints: 50_000,
  hostCores: 1_000,
  bootMs: 0,
  passMs: 250,
};

export async function startTestPlatform(options: Partial<PlatformOptions> = {}): Promise<TestPlatform> {
  const data = await mkdtemp(join(tmpdir(), 'tidecast-platform-'));
  const platform = await startPlatform({
    port: 0,
    rtmpPort: 0,
    demo: false,
    ladder: '360p,160p',
    x264Preset: 'ultrafast',
    ffmpeg: process.env['FFMPEG'] ?? 'ffmpeg',
    fleet: oneHost,
    say: () => {},
    ...options,
    data,
  });

  const api = async <T>(method: string, path: string, body?: unknown, person = 'tester'): Promise<T> => {
    const response = await fetch(`${platform.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await platform.tokenFor(person)}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok)
      throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  };

  const newChannel = async (name: string, person = 'tester'): Promise<TestChannel> => {
    const { channel, streamKey } = await api<{ channel: OwnChannel; streamKey: string }>(
      'POST',
      '/api/channels',
      { name },
      person,
    );
    const { channelId } = channel;
    const studio = (): Promise<StudioView> =>
      api('GET', `/api/channels/${channelId}/studio`, undefined, person);
    return {
      channelId,
      target: `${platform.rtmpUrl}/${streamKey}`,
      studio,
      live: (timeoutMs) =>
        until(
          `channel ${name} is live`,
          async () => {
            const broadcast = (await studio()).current?.broadcast;
            if (broadcast === undefined) return undefined;
            const playback = await api<Playback>(
              'GET',
              `/api/broadcasts/${broadcast.broadcastId}/playback`,
              undefined,
              person,
            );
            if (playback.live === undefined) return undefined;
            const master = await fetch(`${platform.url}${playback.live}`);
            return master.ok ? { broadcast, playback } : undefined;
          },
          timeoutMs,
        ),
    };
  };

  const task = (): FleetTask => {
    const [first] = platform.fleet.tasks;
    if (first === undefined) throw new Error('the fleet has no task now');
    return first;
  };

  return Object.assign(platform, {
    data,
    api,
    newChannel,
    task,
    killTask: async () => {
      const { taskId } = task();
      await platform.fleet.killTask(taskId);
      await until('another task serves', () =>
        Promise.resolve(
          platform.fleet.tasks.some((other) => other.taskId !== taskId && other.inFront) ? true : undefined,
        ),
      );
    },
    remove: async () => {
      await platform.stop();
      await rm(data, { recursive: true, force: true, maxRetries: 5 });
    },
  });
}
