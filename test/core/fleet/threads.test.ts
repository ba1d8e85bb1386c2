/**
 * What went wrong elsewhere (notes/fleet.md A9, by number) and must not here: the rows that the planner answers.
 * docs/invariants.md has the others.
 */
import { describe, expect, it } from 'vitest';
import type { FleetWish } from './fixture.ts';
import {
  actions,
  fleet,
  front,
  hour,
  idle,
  image,
  inShort,
  leaving,
  longAgo,
  lost,
  minute,
  nextImage,
  now,
  oldImage,
  planned,
  policy,
  serving,
  starting,
  unread,
  withFacts,
} from './fixture.ts';
import { passes, worldOf } from './applied.ts';

/** Two hosts in the front set that serve quietly, and a spare address. */
const quiet = [front({ shows: 2 }), front()];
const stops = (wish: FleetWish): readonly string[] =>
  actions(planned(wish), 'stop-task').map(({ taskId }) => taskId);
const orders = (wish: FleetWish) => actions(planned(wish), 'write-order').map(({ order }) => order);
/** Everything of which the scheduler could think that it may end it. */
const drained = leaving('drain', { emptySince: 90 });
const goodSince = (digest: string, at: number) => ({
  [digest]: { firstSeenAt: at, failedTasks: [], goodAt: at, releasedAt: now },
});
const released = (digest: string) => ({ release: { digest, pushedAt: now - minute } });

describe('work that comes between the check and the stop', () => {
  it('A9-1, A9-33 an empty task whose door is open is not stopped, whatever was decided about it', () => {
    expect(stops({ hosts: [...quiet, drained] })).toEqual(['task-03']);
    expect(
      stops({ hosts: [...quiet, leaving('drain', { emptySince: 90, beat: { accepting: true } })] }),
    ).toEqual([]);
    expect(stops({ hosts: [...quiet, leaving('drain', { emptySince: 90, beat: { obeys: 0 } })] })).toEqual(
      [],
    );
  });

  it('A9-2 a host with two tasks in the lists keeps both, and is not ended while one of them is there', () => {
    const twoTasks = fleet({ hosts: [...quiet, idle({ mark: { idleSince: longAgo } })] });
    const on = (taskId: string, startedAt: number) => ({
      taskId,
      hostId: 'i-03',
      slot: 'in-03',
      digest: image,
      status: 'running' as const,
      startedAt,
    });
    const tasks = [...(twoTasks.sources.tasks?.value ?? []), on('a', longAgo), on('b', now - minute)];
    expect(inShort(planned(withFacts(twoTasks, { tasks })))).toEqual([]);
  });

  it('A9-3 a host that is heard from is not idle though the list of tasks has nothing on it', () => {
    const forgotten = idle({ mark: { idleSince: longAgo }, beat: { shows: [] } });
    expect(inShort(planned({ hosts: [...quiet, serving(), forgotten] }))).toEqual([]);
    const silent = idle({ mark: { idleSince: longAgo } });
    expect(inShort(planned({ hosts: [...quiet, serving(), silent] }))).toContain('terminate-host i-04');
  });

  it('A9-4 one heartbeat that says empty is not enough, and a repeated one neither', () => {
    expect(stops({ hosts: [...quiet, leaving('drain')] })).toEqual([]);
    expect(stops({ hosts: [...quiet, leaving('drain', { emptySince: 100 })] })).toEqual([]);
    expect(stops({ hosts: [...quiet, leaving('drain', { emptySince: 99 })] })).toEqual(['task-03']);
  });

  it('A9-4 a list that leaves a task, a host or an address out stops nothing and sends nothing away', () => {
    const whole = fleet({ hosts: [...quiet, serving({ shows: 3 })] });
    const { tasks, hosts, addresses } = whole.sources;
    const without = <T>(read: { readonly value: readonly T[] } | undefined) => read?.value.slice(0, 2) ?? [];
    for (const change of [
      { tasks: without(tasks) },
      { hosts: without(hosts) },
      { addresses: without(addresses) },
    ]) {
      const kinds = planned(withFacts(whole, change)).decisions.map(({ action }) => action.kind);
      for (const kind of ['stop-task', 'terminate-host', 'write-order', 'forget-task', 'release-address']) {
        expect(kinds).not.toContain(kind);
      }
    }
  });

  it('A9-5 a task with a show is not stopped in any state (and see I1 in invariants.test.ts)', () => {
    for (const state of ['live', 'interrupted', 'ending'] as const) {
      const wish = leaving('drain', { emptySince: 90, shows: [{ state }] });
      expect(
        stops({ hosts: [...quiet, wish, { ...wish, beat: { ...wish.beat, unstoredBytes: 1 } }] }),
      ).toEqual([]);
    }
    expect(
      stops({ hosts: [...quiet, leaving('drain', { emptySince: 90, beat: { unstoredBytes: 1 } })] }),
    ).toEqual([]);
    expect(stops({ hosts: [...quiet, leaving('drain', { emptySince: 90, beat: { passing: 1 } })] })).toEqual(
      [],
    );
  });
});

describe('new images', () => {
  it('A9-6 every task gets the pushed image in the end, without anybody stopping one', () => {
    let world = worldOf(fleet({ hosts: quiet.map((wish) => ({ ...wish, shows: 0 })) }), policy, now);
    world = { ...world, facts: { ...world.facts, ...released(nextImage) } };
    const last = [...passes(world)].at(-1);
    const tasks = last?.world.facts.tasks.filter(({ status }) => status !== 'stopped') ?? [];
    expect(new Set(tasks.map(({ digest }) => digest))).toEqual(new Set([nextImage]));
    expect(last?.made.figures.rolloutShare).toBe(1);
  });

  it('A9-10 old tasks stay until the new one serves, and then never so many go that room runs out', () => {
    const old = { task: { digest: oldImage } };
    const olds = [front({ ...old }), front({ ...old }), serving({ ...old }), serving({ ...old })];
    // The first of the new ones has not shown itself yet.
    const early = { hosts: [...olds, starting()], memory: { images: goodSince(oldImage, longAgo) } };
    expect(orders(early)).toEqual([]);
    const made = planned({
      hosts: [...olds, serving()],
      memory: { images: goodSince(image, now - 7 * hour) },
    });
    const going = actions(made, 'write-order');
    expect(going.length).toBeGreaterThan(0);
    expect(made.figures.freePoints - 4000 * going.length).toBeGreaterThanOrEqual(made.figures.minimumPoints);
  });

  it('A9-11 a third image pushed while tasks of two older ones drain does not block the rollout', () => {
    const drains = (digest: string) =>
      leaving('drain', { shows: 2, task: { digest }, order: { reason: 'rollout' } });
    const hosts = [front({ shows: 1 }), front(), drains(oldImage), drains(oldImage), drains('sha256:0ld')];
    const pushed = planned({ hosts: [...hosts, idle()], sources: released(nextImage) });
    expect(inShort(pushed)).toEqual([`start-task i-06 in-06 ${nextImage}`]);
    const good = { ...goodSince(image, longAgo), ...goodSince(nextImage, now - 7 * hour) };
    const canary = serving({ task: { digest: nextImage } });
    const rolled = planned({
      hosts: [...hosts, canary, canary],
      sources: released(nextImage),
      memory: { images: good },
    });
    const gone = actions(rolled, 'write-order').map(({ order }) => `${order.taskId} ${order.reason}`);
    expect(gone).toContain('task-02 rollout');
  });

  it('A9-12 a task is told that it will go when it is decided, long before it drains', () => {
    const old = front({ shows: 2, task: { digest: oldImage } });
    const [order] = orders({
      hosts: [old, front(), front(), front()],
      memory: { images: goodSince(image, now - 7 * hour) },
    });
    expect(order).toMatchObject({ taskId: 'task-01', phase: 'expire', reason: 'rollout', generation: 1 });
    expect(order?.text).toMatch(/image 0dd is followed by 900d/);
  });
});

describe('what gets stuck', () => {
  it('A9-13 a silent task with shows is left alone, said, and ended by a person only', () => {
    const silent = lost({ shows: 2, order: { phase: 'drain' }, emptySince: 90 });
    const made = planned({ hosts: [...quiet, silent] });
    expect(actions(made, 'stop-task')).toEqual([]);
    expect(made.alarms.map(({ name }) => name)).toContain('lost-task');
    const request = {
      requestId: 'r',
      kind: 'force-stop',
      taskId: 'task-03',
      by: 'ada',
      reason: 'gone',
      at: now,
    } as const;
    const [stop] = actions(
      planned({ hosts: [...quiet, silent], sources: { requests: [request] } }),
      'stop-task',
    );
    expect(stop).toMatchObject({ taskId: 'task-03', forced: true, reason: 'forced by ada: gone' });
  });

  it('A9-23, A9-25 a host whose task is stopping is neither given a task nor ended', () => {
    const stopping = serving({ task: { status: 'stopping' }, mark: { idleSince: longAgo } });
    const made = planned({ hosts: [front({ shows: 4 }), front({ shows: 4 }), stopping] });
    expect(actions(made, 'start-task')).toEqual([]);
    expect(actions(made, 'terminate-host')).toEqual([]);
    const stopped = serving({ task: { status: 'stopped' }, beat: { at: now - hour } });
    const next = planned({ hosts: [front({ shows: 4 }), front({ shows: 4 }), stopped] });
    expect(actions(next, 'start-task')).toMatchObject([{ hostId: 'i-03', slot: 'in-03' }]);
  });

  it('A9-30 an expired task is taken back when its room is wanted again, and one that goes for too long is said', () => {
    const going = leaving('expire', { front: false });
    const full = [front({ shows: 4 }), front({ shows: 4 })];
    expect(orders({ hosts: [...full, going] })).toMatchObject([{ taskId: 'task-03', phase: 'serve' }]);
    const stuck = leaving('drain', { shows: 1, order: { reason: 'rollout', expiredAt: now - 27 * hour } });
    expect(planned({ hosts: [...quiet, stuck] }).alarms).toMatchObject([{ name: 'stuck-drain' }]);
  });

  it('A9-31 nothing but a person ends a drain by force, however old it is', () => {
    const stuck = leaving('drain', { shows: 1, order: { expiredAt: now - 1000 * hour } });
    expect(stops({ hosts: [...quiet, stuck] })).toEqual([]);
  });

  it('A9-32 tasks that can not drain get no second and third replacement', () => {
    const drain = leaving('drain', { shows: 4, task: { digest: oldImage }, order: { reason: 'rollout' } });
    const start = worldOf(fleet({ hosts: [front({ shows: 3 }), front(), drain, drain, drain] }), policy, now);
    const all = [...passes(start)];
    expect(all.flatMap(({ made }) => actions(made, 'set-desired'))).toEqual([]);
    expect(all.flatMap(({ made }) => actions(made, 'start-task'))).toEqual([]);
  });

  it('A9-29 a task that is to go leaves the front set at once and its room counts no more', () => {
    const made = planned({
      hosts: [front({ shows: 1 }), front({ shows: 1 }), leaving('expire', { front: true })],
    });
    expect(actions(made, 'set-front').map(({ ips }) => ips)).toEqual([['198.51.100.1', '198.51.100.2']]);
    expect(made.figures.freePoints).toBe(6000);
  });

  it('A9-43 a start that failed is tried again in the next pass, as another one', () => {
    const failed = serving({ task: { status: 'stopped', startedAt: now - minute }, beat: false });
    const wish = { hosts: [front({ shows: 4 }), front({ shows: 4 }), failed] };
    const [again] = actions(planned(wish), 'start-task');
    const [first] = actions(planned({ hosts: [...wish.hosts.slice(0, 2), idle()] }), 'start-task');
    expect(again?.hostId).toBe('i-03');
    expect(again?.token).not.toBe(first?.token);
  });
});

describe('facts that are old', () => {
  it('A9-3 may bring hosts, and end none', () => {
    const going = leaving('drain', { emptySince: 90, order: { reason: 'rollout' } });
    const hosts = [front({ shows: 4 }), front({ shows: 4 }), going];
    const full = unread(fleet({ hosts }), minute, 'records');
    const made = planned(full);
    expect(actions(made, 'set-desired')).toEqual([{ kind: 'set-desired', hosts: 4 }]);
    expect(actions(made, 'stop-task')).toEqual([]);
    expect(made.limitedBy).toContain('stale facts');
  });
});
