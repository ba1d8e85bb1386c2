import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { typicalPoints } from '../../core/fleet/cost.ts';
import type { Heartbeat } from '../../core/fleet/heartbeat.ts';
import { startEncoder, testPicture, type Encoder } from '../support/encoder.ts';
import { startTestPlatform, until, type TestChannel, type TestPlatform } from '../support/platform.ts';

const hosts = 4;

describe('encoders that all choose the same address at the same moment', () => {
  let platform: TestPlatform;
  const encoders: Encoder[] = [];
  /** In the order of the encoders. */
  let shows: readonly Awaited<ReturnType<TestChannel['live']>>[] = [];

  beforeAll(async () => {
    platform = await startTestPlatform({
      ladder: '160p',
      fleet: {
        minHosts: hosts,
        maxHosts: hosts,
        // One show each, and not even a second one below the ceiling.
        roomPoints: typicalPoints,
        // The machine may be busy with other things; that is not what this is about.
        hostCores: 1_000,
        passMs: 250,
        bootMs: 0,
        // Always the first answer of the same resolver.
        random: () => 0,
      },
    });
  });
  afterAll(async () => {
    await Promise.all(encoders.map((encoder) => encoder.kill()));
    await platform?.remove();
  });

  const beats = (): readonly Heartbeat[] => platform.fleet.report?.snapshot.sources.heartbeats?.value ?? [];
  const passing = (): readonly number[] =>
    beats()
      .map((beat) => beat.passing ?? 0)
      .toSorted((a, b) => b - a);

  it('all get live: the one that they chose passes on whom it has no room for', async () => {
    await until('every task is known to have room', () =>
      // What the memory holds before a pass has been written by an earlier one.
      Promise.resolve(platform.fleet.report?.snapshot.memory.peers.length === hosts ? true : undefined),
    );
    const channels = await Promise.all(
      Array.from({ length: hosts }, (_, n) => platform.newChannel(`Channel ${n}`)),
    );
    for (const { target } of channels)
      encoders.push(startEncoder(target, testPicture({ size: '284x160', rate: 15 })));
    shows = await Promise.all(channels.map((channel) => channel.live()));
    expect(new Set(shows.map(({ broadcast }) => broadcast.broadcastId)).size).toBe(hosts);
    // Each on a task of its own, three of them by way of the fourth.
    expect(new Set(shows.map(({ playback }) => playback.live?.split('/')[2])).size).toBe(hosts);
    await until('the scheduler knows what goes through the first task', () =>
      Promise.resolve(passing()[0] === hosts - 1 ? true : undefined),
    );
    expect(passing()).toEqual([hosts - 1, 0, 0, 0]);
  });

  it('stay live while the first task waits for them, whose own show has ended', async () => {
    const passer = beats().find((beat) => beat.passing === hosts - 1);
    const own = shows.findIndex(({ broadcast }) =>
      passer?.shows.some(({ broadcastId }) => broadcastId === broadcast.broadcastId),
    );
    const mine = encoders[own];
    await mine?.finish();
    await until('its own show has ended', () =>
      Promise.resolve(
        beats().find((beat) => beat.taskId === passer?.taskId)?.shows.length === 0 ? true : undefined,
      ),
    );
    const others = encoders.filter((encoder) => encoder !== mine);
    expect(others).toHaveLength(hosts - 1);
    expect(others.every(({ process }) => process.exitCode === null)).toBe(true);
    await Promise.all(others.map((encoder) => encoder.finish()));
    await until('nothing goes through any task', () =>
      Promise.resolve(passing().every((count) => count === 0) ? true : undefined),
    );
  });
});
