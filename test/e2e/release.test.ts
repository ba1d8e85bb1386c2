import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BroadcastView, Playback } from '../../core/api/types.ts';
import type { PassReport } from '../../core/fleet/ports.ts';
import type { Policy } from '../../core/fleet/policy.ts';
import { isEmpty } from '../../core/fleet/state.ts';
import type { FleetTask } from '../../local/fleet/fleet.ts';
import { startEncoder, testPicture, type Encoder } from '../support/encoder.ts';
import { startTestPlatform, until, type TestChannel, type TestPlatform } from '../support/platform.ts';
import { readRecording } from '../support/recording.ts';

/** A broadcaster and what became of the show. */
interface Show {
  readonly name: string;
  readonly channel: TestChannel;
  readonly broadcastId: string;
  /** The task that holds it. */
  readonly task: FleetTask;
  encoder: Encoder;
  /** ffmpeg's own account of what it has pushed. */
  readonly progress: string;
}

/** Shorter than `npm start`'s, so that the test is: broken images are called so after two times this. */
const startWithinMs = 8_000;

/** Resolver, then address: every second encoder is led to another of two addresses. */
const byTurns = ((): (() => number) => {
  const values = [0, 0, 0, 0.9];
  let next = 0;
  return () => values[next++ % values.length] ?? 0;
})();

/** One story on the local fleet, with real RTMP, ffmpeg and DNS times: each step needs the one before. */
describe('a release while shows run', () => {
  let platform: TestPlatform;
  const passes: PassReport[] = [];
  const shows: Show[] = [];
  const encoders: Encoder[] = [];

  beforeAll(async () => {
    platform = await startTestPlatform({
      ladder: '160p',
      graceWindowS: 20,
      fleet: {
        minHosts: 2,
        maxHosts: 6,
        // Eight ffmpegs on a small machine are late; that is not what this is about.
        hostCores: 1_000,
        passMs: 500,
        bootMs: 500,
        random: byTurns,
        adjust: (policy): Policy => ({
          ...policy,
          hosts: { ...policy.hosts, startWithinMs },
          // Every host that has room stands in the front set: shows are to be spread over several.
          front: { ...policy.front, passedOnShare: 0 },
        }),
      },
    });
    platform.fleet.onPass((report) => passes.push(report));
  });
  afterAll(async () => {
    await Promise.all(encoders.map((encoder) => encoder.kill()));
    await platform?.remove();
  });

  const push = (target: string, progress: string): Encoder => {
    const picture = testPicture({ size: '320x180', rate: 15 });
    const encoder = startEncoder(target, ['-progress', progress, ...picture]);
    encoders.push(encoder);
    return encoder;
  };
  const tasks = (): readonly FleetTask[] => platform.fleet.tasks;
  const holderOf = (playback: Playback): FleetTask => {
    const slot = playback.live?.split('/')[2];
    const task = tasks().find((each) => each.slot === slot);
    if (task === undefined) throw new Error(`no task has the slot of ${playback.live ?? 'nothing'}`);
    return task;
  };
  const begin = async (name: string): Promise<Show> => {
    const channel = await platform.newChannel(name);
    const progress = join(platform.data, `${name.replaceAll(' ', '-')}.progress`);
    const encoder = push(channel.target, progress);
    const { broadcast, playback } = await channel.live();
    const { broadcastId } = broadcast;
    const show = { name, channel, broadcastId, task: holderOf(playback), encoder, progress };
    shows.push(show);
    return show;
  };
  const view = ({ broadcastId }: Show): Promise<BroadcastView> =>
    platform.api('GET', `/api/broadcasts/${broadcastId}`);
  const end = async (show: Show): Promise<BroadcastView> => {
    await show.encoder.finish();
    return until(`${show.name} has ended`, async () => {
      const now = await view(show);
      return now.state === 'ended' ? now : undefined;
    });
  };
  const pass = <T>(
    what: string,
    look: (report: PassReport) => T | undefined,
    timeoutMs = 30_000,
  ): Promise<T> =>
    until(what, () => Promise.resolve(passes.map(look).find((found) => found !== undefined)), timeoutMs);
  const stopOf = (taskId: string, report: PassReport): boolean =>
    report.plan.decisions.some(({ action }) => action.kind === 'stop-task' && action.taskId === taskId);

  /** What the snapshot of a pass says that must be true before a task may be stopped. */
  function mayStop({ snapshot, policy, at }: PassReport, { taskId, slot }: FleetTask): boolean {
    const { heartbeats, orders } = snapshot.sources;
    const beat = heartbeats?.value.find((each) => each.taskId === taskId);
    const order = orders?.value.find((each) => each.taskId === taskId);
    const firstEmpty = snapshot.memory.tasks[taskId]?.emptySequence;
    const leftFrontAt = snapshot.memory.leftFrontAt[slot];
    return (
      beat !== undefined &&
      order?.phase === 'drain' &&
      beat.obeys === order.generation &&
      isEmpty(beat) &&
      firstEmpty !== undefined &&
      beat.sequence > firstEmpty &&
      leftFrontAt !== undefined &&
      at >= leftFrontAt + policy.front.ttlS * 1000 + policy.front.slackMs
    );
  }

  let before: readonly FleetTask[] = [];
  let digest = '';

  it('begins with three shows on two tasks of the first image', async () => {
    await until('two addresses in the front set', () =>
      Promise.resolve(tasks().filter((task) => task.inFront).length === 2 ? true : undefined),
    );
    // All at once: later ones would go where the first is, so that other hosts stay empty.
    await Promise.all(['one', 'two', 'three'].map(begin));
    before = tasks();
    expect(new Set(before.map((task) => task.digest)).size).toBe(1);
    expect(new Set(shows.map((show) => show.task.taskId)).size).toBe(2);
  });

  it('lets one task of the new image serve before any old one is told to go', async () => {
    ({ digest } = platform.fleet.release({ broken: false }));
    const first = await pass('an old task is told to go', (report) =>
      report.plan.decisions.some(
        ({ action, reason }) => action.kind === 'write-order' && reason === 'rollout',
      )
        ? report
        : undefined,
    );
    const canary = first.snapshot.sources.tasks?.value.find((task) => task.digest === digest);
    const beat = first.snapshot.sources.heartbeats?.value.find((each) => each.taskId === canary?.taskId);
    expect(beat).toMatchObject({ phase: 'serving', accepting: true });
    expect(first.at - (beat?.startedAt ?? 0)).toBeGreaterThanOrEqual(first.policy.rollout.canaryMs);
  });

  it('leads new shows to the new image, and leaves the three where they are', async () => {
    await until('only the new image is in the front set', () => {
      const front = tasks().filter((task) => task.inFront);
      return Promise.resolve(
        front.length > 0 && front.every((task) => task.digest === digest) ? true : undefined,
      );
    });
    await pass('every old task refuses newcomers', (report) =>
      before.every(({ taskId }) => {
        const beat = report.snapshot.sources.heartbeats?.value.find((each) => each.taskId === taskId);
        return beat === undefined || !beat.accepting;
      })
        ? true
        : undefined,
    );
    const fourth = await begin('four');
    expect(fourth.task.digest).toBe(digest);
    for (const show of shows.slice(0, 3)) {
      expect(await view(show)).toMatchObject({ state: 'live', session: 1 });
      expect(show.encoder.process.exitCode).toBeNull();
      expect(tasks().map((task) => task.taskId)).toContain(show.task.taskId);
    }
  });

  it('stops each old task one pass after its last show ended and DNS has forgotten it', async () => {
    const [first, second, third] = shows as [Show, Show, Show];
    const isTogether = (a: Show, b: Show): boolean => a.task.taskId === b.task.taskId;
    // Two are on one task, the other one has another task for itself.
    const [one, three, two] = isTogether(first, second)
      ? [first, second, third]
      : isTogether(first, third)
        ? [first, third, second]
        : [second, third, first];
    const gone = (show: Show): Promise<true> =>
      until(`the task of ${show.name} is gone`, () =>
        Promise.resolve(tasks().every((task) => task.taskId !== show.task.taskId) ? true : undefined),
      );
    expect(await end(two)).toMatchObject({ session: 1 });
    await gone(two);
    expect(await end(one)).toMatchObject({ session: 1 });
    await pass('a pass has seen that show one is over', ({ snapshot }) => {
      const beat = snapshot.sources.heartbeats?.value.find((each) => each.taskId === one.task.taskId);
      return beat?.shows.length === 1 ? true : undefined;
    });
    expect(await view(three)).toMatchObject({ state: 'live', session: 1 });
    expect(await end(three)).toMatchObject({ session: 1 });
    await gone(three);
    for (const task of before) {
      const might = passes.findIndex((report) => mayStop(report, task));
      const did = passes.findIndex((report) => stopOf(task.taskId, report));
      expect(might, `${task.taskId} was empty and out of DNS`).toBeGreaterThanOrEqual(0);
      expect(did, `${task.taskId} was not stopped before`).toBeGreaterThanOrEqual(might);
      expect(did, `${task.taskId} was stopped within one pass`).toBeLessThanOrEqual(might + 1);
    }
  });

  it('has recordings without a gap, as long as what was pushed', async () => {
    for (const show of shows.slice(0, 3)) {
      const [list] = await until(`the recording of ${show.name} has its end`, async () => {
        const lists = await readRecording(platform, show.broadcastId);
        return lists.every((each) => each.ended) ? lists : undefined;
      });
      expect(list).toMatchObject({ gaps: 0, discontinuities: 0, missing: [] });
      const pushed = [...(await readFile(show.progress, 'utf8')).matchAll(/out_time_us=(\d+)/g)].at(-1)?.[1];
      expect(Math.abs((list?.durationS ?? 0) - Number(pushed) / 1e6)).toBeLessThan(0.75);
    }
  });

  it('halts at an image that does not serve; the tasks before it go on and take new shows', async () => {
    const serving = new Set(tasks().map((task) => task.taskId));
    const { digest: broken } = platform.fleet.release({ broken: true });
    const halted = await pass(
      'the image is called broken',
      (report) => (report.plan.alarms.some(({ name }) => name === 'broken-image') ? report : undefined),
      60_000,
    );
    expect(halted.plan.alarms.find(({ name }) => name === 'broken-image')?.subject).toEqual({
      digest: broken,
    });
    expect(halted.plan.memory.images[broken]?.failedTasks).toHaveLength(halted.policy.rollout.attempts);
    const told = passes.flatMap(({ plan }) =>
      plan.decisions.filter(
        ({ action, subject }) =>
          (action.kind === 'write-order' || action.kind === 'stop-task') &&
          subject.taskId !== undefined &&
          serving.has(subject.taskId),
      ),
    );
    expect(told).toEqual([]);
    const fifth = await begin('five');
    expect(fifth.task.digest).toBe(digest);
    for (const show of shows.slice(3)) expect(await view(show)).toMatchObject({ state: 'live', session: 1 });
  });

  it('continues a show on another host when its host dies and the encoder comes back', async () => {
    const show = shows[3];
    if (show === undefined) throw new Error('there is no fourth show');
    expect(await platform.fleet.killHost(show.task.hostId)).toBe(true);
    await show.encoder.exited;
    const now = await until('session 2 is live', async () => {
      // As OBS does, again and again: the front set may name the dead host for a moment.
      if (show.encoder.process.exitCode !== null) show.encoder = push(show.channel.target, show.progress);
      const seen = await view(show);
      return seen.session === 2 && seen.state === 'live' ? seen : undefined;
    });
    expect(now.broadcastId).toBe(show.broadcastId);
    const { playback } = await show.channel.live();
    const task = holderOf(playback);
    expect(task.hostId).not.toBe(show.task.hostId);
    expect(task.digest).toBe(digest);
    await end(show);
    const [list] = await until('the recording has its end', async () => {
      const lists = await readRecording(platform, show.broadcastId);
      return lists.every((each) => each.ended) ? lists : undefined;
    });
    expect(list).toMatchObject({ discontinuities: 1, missing: [] });
  });

  it('has never planned to end a task that holds a show', () => {
    for (const { plan, snapshot } of passes)
      for (const { action } of plan.decisions) {
        if (action.kind !== 'stop-task') continue;
        const beat = snapshot.sources.heartbeats?.value.find((each) => each.taskId === action.taskId);
        expect(beat?.shows ?? []).toEqual([]);
      }
  });
});
