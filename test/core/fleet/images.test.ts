import { describe, expect, it } from 'vitest';
import type { ImageMark } from '../../../core/fleet/memory.ts';
import type { TaskFact } from '../../../core/fleet/snapshot.ts';
import type { FleetWish, HostWish } from './fixture.ts';
import {
  actions,
  fleet,
  front,
  hour,
  idle,
  image,
  longAgo,
  minute,
  nextImage,
  now,
  oldImage,
  planned,
  policy,
  second,
  serving,
  starting,
} from './fixture.ts';
import { carriedOut, lived, passes, think, worldOf, type World } from './applied.ts';

const good: ImageMark = { firstSeenAt: longAgo, failedTasks: [], goodAt: longAgo, releasedAt: longAgo };
const tried: ImageMark = { firstSeenAt: now - hour, failedTasks: [] };
const release = { release: { digest: nextImage, pushedAt: now - minute } };
const quiet = [front({ shows: 2 }), front()];
const next = (wish: HostWish = {}): HostWish => ({ ...wish, task: { digest: nextImage, ...wish.task } });
const starts = (wish: FleetWish): readonly string[] =>
  actions(planned(wish), 'start-task').map(({ hostId, digest }) => `${hostId} ${digest}`);

/** Passes of 10 s for so long; with what happens before each. */
function run(start: World, ms: number, happens: (world: World) => World = (world) => world): World {
  let world = start;
  while (world.now < start.now + ms) {
    world = happens(world);
    world = lived(carriedOut(world, think(world)), 10 * second);
  }
  return world;
}

const pushed = (wish: FleetWish, digest: string): World => {
  const world = worldOf(fleet(wish), policy, now);
  return { ...world, facts: { ...world.facts, release: { digest, pushedAt: now } } };
};

describe('a new image', () => {
  it('gets one task first, on a host that is free or on one that is asked for', () => {
    expect(starts({ hosts: [...quiet, idle(), idle()], sources: release })).toEqual([`i-03 ${nextImage}`]);
    const made = planned({ hosts: quiet, sources: release });
    expect(actions(made, 'set-desired')).toMatchObject([{ hosts: 3 }]);
    expect(made.decisions[0]?.text).toContain('first task of the new image');
  });

  it('is not given to hosts that are needed for their room before it has shown itself', () => {
    const full = [front({ shows: 4 }), front({ shows: 4 })];
    const event = { eventId: 'final', startsAt: now, endsAt: now + hour, extraPoints: 3000 };
    const wish = { hosts: [...full, starting(next()), idle()], sources: { ...release, events: [event] } };
    expect(starts(wish)).toEqual([`i-04 ${image}`]);
  });

  it('is good when a task of it has served for the canary time, and not a pass before', () => {
    const goodAt = (servedAt: number) =>
      planned({
        hosts: [...quiet, serving(next())],
        sources: release,
        memory: { images: { [image]: good, [nextImage]: tried }, tasks: { 'task-03': { servedAt } } },
      }).memory.images[nextImage]?.goodAt;
    expect(goodAt(now - policy.rollout.canaryMs + 1)).toBeUndefined();
    expect(goodAt(now - policy.rollout.canaryMs)).toBe(now);
  });

  it('goes first to a small fleet at the limit of hosts too: an empty old one gives its place up', () => {
    const limits = { ...policy, hosts: { ...policy.hosts, max: 2 } };
    const start = pushed({ hosts: [front(), front()] }, nextImage);
    const all = [...passes({ ...start, policy: limits })];
    const last = all.at(-1)?.world.facts.tasks.filter(({ status }) => status !== 'stopped') ?? [];
    expect(last.map(({ digest }) => digest)).toEqual([nextImage, nextImage]);
    for (const { made } of all) expect(made.figures.serving).toBeGreaterThan(0);
  });

  it('waits at the limit as long as the room of every old task is needed', () => {
    const limits = { ...policy, hosts: { ...policy.hosts, max: 2 } };
    const made = planned({ hosts: [front({ shows: 3 }), front({ shows: 3 })], sources: release }, limits);
    expect(actions(made, 'write-order')).toEqual([]);
    expect(made.limitedBy).toContain('host maximum');
    expect(made.notes.map(({ text }) => text)).toContain(
      'no host is free for the first task of the new image',
    );
  });
});

describe('who asks why an old task is still there', () => {
  const whys = (wish: FleetWish) =>
    planned(wish).notes.map(({ subject, reason, text }) => [subject.taskId, reason, text]);
  const images = { [image]: good, [nextImage]: tried };
  const tryOut = 'old image; stays until e11 has served for 60 s';

  it('hears of the trial of the new image', () => {
    const servedAt = now - 20 * second;
    const memory = { images, tasks: { 'task-03': { servedAt } } };
    expect(whys({ hosts: [...quiet, serving(next())], sources: release, memory })).toEqual([
      ['task-01', 'waiting', tryOut],
      ['task-02', 'waiting', tryOut],
    ]);
  });

  it('hears from when on it goes although it holds broadcasts', () => {
    const memory = { images: { ...images, [nextImage]: { ...tried, goodAt: now - hour } } };
    const hosts = [serving({ shows: 2 }), front(next()), front(next({ shows: 1 }))];
    expect(whys({ hosts, sources: release, memory })).toEqual([
      ['task-01', 'waiting', 'old image; goes when empty, or from 2026-10-08 01:00 UTC on'],
    ]);
  });

  it('hears whose wish keeps it', () => {
    const wish = {
      requestId: 'r-1',
      kind: 'keep',
      taskId: 'task-01',
      by: 'robin',
      reason: 'for the final',
    } as const;
    const memory = { images: { ...images, [nextImage]: { ...tried, goodAt: longAgo } } };
    const hosts = [serving(), front(next()), front(next())];
    const sources = { ...release, requests: [{ ...wish, at: now - minute }] };
    expect(whys({ hosts, sources, memory })).toEqual([
      ['task-01', 'operator', 'kept for an hour by robin: for the final'],
    ]);
  });
});

describe('a broken image', () => {
  it('is called broken after as many tasks as the policy says, and gets no more; the old ones go on', () => {
    const start = pushed({ hosts: quiet }, nextImage);
    const world = run({ ...start, broken: new Set([nextImage]) }, hour);
    const ofNext = world.facts.tasks.filter(({ digest }) => digest === nextImage);
    expect(ofNext.map(({ status }) => status)).toEqual(['stopped', 'stopped']);
    const made = think(world);
    expect(made.limitedBy).toContain('image broken');
    expect(made.alarms).toEqual([
      {
        name: 'broken-image',
        subject: { digest: nextImage },
        text: 'its tasks did not serve; new tasks get 900d',
      },
    ]);
    const serve = world.facts.tasks.filter(({ status }) => status === 'running');
    expect(serve.map(({ taskId }) => taskId)).toEqual(['task-01', 'task-02']);
  });

  it('is as broken when its tasks exit at once, without waiting for each', () => {
    const exits = (world: World): World => {
      const tasks = world.facts.tasks.map((task): TaskFact =>
        task.digest === nextImage && task.status === 'running' ? stoppedBy(task, world.now) : task,
      );
      return { ...world, facts: { ...world.facts, tasks } };
    };
    const start = pushed({ hosts: quiet }, nextImage);
    const world = run({ ...start, broken: new Set([nextImage]) }, 5 * minute, exits);
    expect(world.facts.tasks.filter(({ digest }) => digest === nextImage)).toHaveLength(2);
    expect(think(world).limitedBy).toContain('image broken');
  });

  it('is broken too when its tasks serve for a moment and die before the canary time', () => {
    const dies = (world: World): World => {
      const heard = new Set(
        world.facts.heartbeats.flatMap(({ taskId, sequence }) => (sequence >= 3 ? taskId : [])),
      );
      const tasks = world.facts.tasks.map((task): TaskFact =>
        task.digest === nextImage && heard.has(task.taskId) && task.status === 'running'
          ? stoppedBy(task, world.now)
          : task,
      );
      return { ...world, facts: { ...world.facts, tasks } };
    };
    const world = run(pushed({ hosts: quiet }, nextImage), 20 * minute, dies);
    expect(world.facts.tasks.filter(({ digest }) => digest === nextImage)).toHaveLength(2);
    expect(think(world).limitedBy).toContain('image broken');
  });

  it('is broken too when its tasks fall silent before the canary time', () => {
    const hangs = (world: World): World => {
      const heard = world.facts.heartbeats.filter(
        ({ digest, sequence }) => digest === nextImage && sequence >= 3,
      );
      return { ...world, silent: new Set([...world.silent, ...heard.map(({ taskId }) => taskId)]) };
    };
    const world = run(pushed({ hosts: quiet }, nextImage), hour, hangs);
    expect(world.facts.tasks.filter(({ digest }) => digest === nextImage)).toHaveLength(2);
    expect(think(world).limitedBy).toContain('image broken');
  });

  it('is not blamed for a host that died, nor for a task that the scheduler or a person ended', () => {
    const failed = (task: Partial<TaskFact>, wish: HostWish = {}) =>
      planned({
        hosts: [
          ...quiet,
          { ...wish, beat: false, task: { digest: nextImage, startedAt: now - minute, ...task } },
        ],
        sources: release,
        memory: { images: { [image]: good, [nextImage]: tried } },
      }).memory.images[nextImage]?.failedTasks;
    expect(failed({ status: 'stopped', stoppedReason: 'exit code 1' })).toEqual(['task-03']);
    expect(failed({ status: 'stopped' }, { host: { state: 'gone' } })).toEqual([]);
    expect(failed({ status: 'stopped', stoppedReason: 'tidecast: drained: scale-in' })).toEqual([]);
    expect(failed({ status: 'stopped', stoppedReason: 'forced by ada: a test' })).toEqual([]);
  });

  it('gives way to the last good one, of which the newest counts', () => {
    const broken: ImageMark = { ...tried, failedTasks: ['a', 'b'], brokenAt: now - hour };
    const images = {
      [oldImage]: { ...good, releasedAt: longAgo - hour },
      [image]: good,
      [nextImage]: broken,
    };
    const full = [front({ shows: 4 }), front({ shows: 4, task: { digest: oldImage } })];
    expect(starts({ hosts: [...full, idle()], sources: release, memory: { images } })).toEqual([
      `i-03 ${image}`,
    ]);
    const served = [front(), front(), serving(next()), serving()];
    const tasks = { 'task-03': { servedAt: now - 10 * second } };
    const made = planned({ hosts: served, sources: release, memory: { images, tasks } });
    expect(actions(made, 'write-order').map(({ order }) => `${order.taskId} ${order.reason}`)).toEqual([
      'task-03 image-broken',
    ]);
  });

  it('is tried again and again when there is no good one: a first deployment', () => {
    const start = worldOf(fleet({ hosts: [], memory: { images: {} } }), policy, now);
    const world = run({ ...start, broken: new Set([image]) }, hour);
    const failed = world.facts.tasks.filter(({ status }) => status === 'stopped');
    expect(failed.length).toBeGreaterThan(policy.rollout.attempts);
    expect(think(world).alarms.map(({ name }) => name)).toContain('broken-image');
    const mended = run({ ...world, broken: new Set() }, 10 * minute);
    expect(think(mended).figures.serving).toBeGreaterThanOrEqual(2);
    expect(think(mended).alarms).toEqual([]);
  });
});

describe('several images', () => {
  it('one that was good is rolled back to at once, without a canary', () => {
    const images = { [oldImage]: good, [image]: { ...good, releasedAt: now - minute } };
    const back = { release: { digest: oldImage, pushedAt: now } };
    const made = planned({ hosts: [...quiet, serving(), idle()], sources: back, memory: { images } });
    expect(actions(made, 'write-order').map(({ order }) => order.reason)).toContain('rollout');
    const full = [front({ shows: 4 }), front({ shows: 4 })];
    expect(starts({ hosts: [...full, idle()], sources: back, memory: { images } })).toEqual([
      `i-03 ${oldImage}`,
    ]);
  });

  it('three in a row end with the third on every host that is empty, and no show is moved', () => {
    let world = run(pushed({ hosts: quiet }, nextImage), 3 * minute);
    world = run(
      { ...world, facts: { ...world.facts, release: { digest: 'sha256:3d', pushedAt: now } } },
      minute,
    );
    world = { ...world, facts: { ...world.facts, release: { digest: 'sha256:4th', pushedAt: now } } };
    const { world: last } = [...passes(world)].at(-1) ?? { world };
    const running = last.facts.tasks.filter(({ status }) => status === 'running');
    const holding = new Set(
      last.facts.heartbeats.flatMap((beat) => (beat.shows.length > 0 ? beat.taskId : [])),
    );
    for (const { taskId, digest } of running) {
      if (!holding.has(taskId)) expect(`${taskId} ${digest}`).toBe(`${taskId} sha256:4th`);
    }
    expect(running.map(({ taskId }) => taskId)).toContain('task-01');
  });

  it('are forgotten a week after nobody runs or releases them', () => {
    const week = 7 * 24 * hour;
    const marks = {
      ...good,
      goodAt: now - week - 1,
      releasedAt: now - week - 1,
      firstSeenAt: now - week - 1,
    };
    const images = { [image]: good, [oldImage]: marks, [nextImage]: marks };
    const made = planned({ hosts: [...quiet, serving(next({ shows: 1 }))], memory: { images } });
    expect(Object.keys(made.memory.images).toSorted()).toEqual([image, nextImage].toSorted());
  });
});

const stoppedBy = (task: TaskFact, at: number): TaskFact => ({
  ...task,
  status: 'stopped',
  stoppedAt: at,
  stoppedReason: 'Essential container in task exited',
});
