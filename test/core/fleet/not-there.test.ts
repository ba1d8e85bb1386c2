/** What lists do not show, what was asked for and does not come, and a place that nobody leaves. */
import { describe, expect, it } from 'vitest';
import type { Facts, Snapshot } from '../../../core/fleet/snapshot.ts';
import { plan } from '../../../core/fleet/plan.ts';
import {
  actions,
  fleet,
  front,
  hour,
  image,
  inShort,
  launching,
  longAgo,
  lost,
  minute,
  nextImage,
  now,
  planned,
  policy,
  readAt,
  second,
} from './fixture.ts';

const quiet = [front({ shows: 1 }), front({ shows: 1 })];
const factsOf = ({ sources }: Snapshot): Facts =>
  Object.fromEntries(Object.entries(sources).map(([name, read]) => [name, read?.value])) as unknown as Facts;

/** Passes of 10 s on facts of which all but the third task's heartbeat stay fresh. */
function decided(start: Snapshot, ms: number, change: (facts: Facts) => Partial<Facts>): readonly string[] {
  const found: string[] = [];
  let { memory } = start;
  for (let at = now; at <= now + ms; at += 10 * second) {
    const facts = factsOf(start);
    const heartbeats = facts.heartbeats.map((beat) =>
      beat.taskId === 'task-03' ? beat : { ...beat, at: at - second },
    );
    const made = plan(
      { sources: readAt({ ...facts, heartbeats, ...change(facts) }, at), memory },
      policy,
      at,
    );
    found.push(...inShort(made));
    memory = made.memory;
  }
  return found;
}

describe('a silent task with shows that the list of tasks leaves out', () => {
  const omitted = ({ tasks }: Facts): Partial<Facts> => ({
    tasks: tasks.filter(({ taskId }) => taskId !== 'task-03'),
  });

  it('keeps its host, also when that looks idle for far longer than an idle one stays', () => {
    const silent = fleet({ hosts: [...quiet, lost({ shows: 3 })] });
    expect(policy.scaleIn.idleMs).toBeLessThan(9 * minute);
    expect(decided(silent, 9 * minute, omitted)).toEqual([]);
  });

  it('does not keep it for ever: one that nobody has heard or listed for long has ended', () => {
    const silent = fleet({ hosts: [...quiet, lost({ shows: 3 })] });
    expect(decided(silent, 11 * minute, omitted)).toContain('terminate-host i-03');
  });
});

describe('hosts that were asked for and do not come', () => {
  const short = (lastScaleOutAt: number) =>
    planned({
      hosts: [front({ shows: 4 }), front({ shows: 4 })],
      sources: { group: { desired: 4, maxHosts: 100 } },
      memory: { lastScaleOutAt },
    });

  it('count as coming while they can be on their way', () => {
    const made = short(now - 2 * policy.hosts.leadMs);
    expect(made.alarms).toEqual([]);
  });

  it('are said when they are late, and raise the alarm of the room that they were to bring', () => {
    const made = short(now - hour);
    expect(actions(made, 'set-desired')).toEqual([]);
    expect(made.notes.map(({ text }) => text)).toContain('2 hosts have been asked for and do not come');
    expect(made.alarms.map(({ name, text }) => `${name}: ${text}`)).toEqual([
      'room-short: 0 points free, 1000 at least, 2 hosts have been asked for and do not come',
    ]);
  });

  it('raise it too when they are launched and never run', () => {
    const hangs = (launchedAt: number) =>
      planned({ hosts: [front({ shows: 4 }), front({ shows: 4 }), launching({ host: { launchedAt } })] });
    expect(hangs(now - 2 * policy.hosts.leadMs).figures.freePoints).toBe(0);
    expect(actions(hangs(now - 2 * policy.hosts.leadMs), 'set-desired')).toEqual([]);
    expect(actions(hangs(now - hour), 'set-desired')).toMatchObject([{ hosts: 4 }]);
    const limited = planned(
      {
        hosts: [front({ shows: 4 }), front({ shows: 4 }), launching({ host: { launchedAt: now - hour } })],
      },
      { hosts: { ...policy.hosts, max: 3 } },
    );
    expect(limited.alarms.map(({ name }) => name)).toEqual(['room-short']);
  });
});

describe('a new image at the limit of hosts, with shows on every one of them', () => {
  const expired = (pushedAt: number, shows: readonly number[]) =>
    actions(
      planned(
        {
          hosts: shows.map((each) => front({ shows: each })),
          sources: { release: { digest: nextImage, pushedAt } },
          memory: {
            images: {
              [image]: { firstSeenAt: longAgo, goodAt: longAgo, failedTasks: [], releasedAt: pushedAt },
              [nextImage]: { firstSeenAt: pushedAt, failedTasks: [] },
            },
          },
        },
        { hosts: { ...policy.hosts, max: 3 } },
      ),
      'write-order',
    ).map(({ order }) => `${order.phase} ${order.taskId} ${order.reason}`);

  it('waits for one that is empty as long as there is patience', () => {
    expect(expired(now - policy.rollout.patienceMs + 1, [2, 1, 2])).toEqual([]);
  });

  it('then gets the place of the one with the fewest shows, which may end in their own time', () => {
    expect(expired(now - policy.rollout.patienceMs, [2, 1, 2])).toEqual(['expire task-02 canary']);
  });

  it('and goes on waiting while the room of that one is needed', () => {
    expect(expired(now - 10 * policy.rollout.patienceMs, [3, 4, 4])).toEqual([]);
  });
});
