/** From the first order to the host's end, and what people and lists do meanwhile. */
import { describe, expect, it } from 'vitest';
import type { OperatorRequest } from '../../../core/fleet/snapshot.ts';
import type { FleetWish, HostWish } from './fixture.ts';
import {
  actions,
  fleet,
  front,
  hour,
  idle,
  inShort,
  launching,
  leaving,
  longAgo,
  lost,
  minute,
  now,
  planned,
  policy,
  second,
  serving,
  starting,
  withFacts,
} from './fixture.ts';
import { carriedOut, lived, think, worldOf } from './applied.ts';

const quiet = [front({ shows: 2 }), front()];
const waitMs = policy.front.ttlS * second + policy.front.slackMs;
const notes = (wish: FleetWish): readonly string[] => planned(wish).notes.map(({ text }) => text);
const stops = (wish: FleetWish): readonly string[] =>
  actions(planned(wish), 'stop-task').map(({ taskId }) => taskId);
const phases = (wish: FleetWish): readonly string[] =>
  actions(planned(wish), 'write-order').map(({ order }) => `${order.phase} ${order.taskId}`);

const asks = (kind: OperatorRequest['kind'], taskId: string, at = now): OperatorRequest => ({
  requestId: `${kind} ${taskId}`,
  kind,
  taskId,
  by: 'ada',
  reason: 'a test',
  at,
});

describe('a task that is told to go', () => {
  const drained: HostWish = leaving('drain', { emptySince: 90 });

  it('goes through expire, drain, stop, and its host through idle to its end', () => {
    let world = worldOf(
      fleet({ hosts: [front({ shows: 2 }), front(), serving({ mark: { idleSince: longAgo } })] }),
      policy,
      now,
    );
    const steps: string[] = [];
    for (let pass = 0; pass < 60; pass += 1) {
      const made = think(world);
      steps.push(...inShort(made));
      world = lived(carriedOut(world, made), 10 * second);
    }
    expect(steps).toEqual([
      'drain task-03 scale-in',
      'stop-task task-03',
      'deregister-target in-03 10.0.0.3',
      'terminate-host i-03',
      'forget-task task-03',
    ]);
  });

  it('takes newcomers until no DNS answer names it any more, then refuses them', () => {
    const going = (leftFrontAt: number): HostWish => leaving('expire', { leftFrontAt });
    expect(phases({ hosts: [...quiet, going(now - waitMs + 1)] })).toEqual([]);
    expect(notes({ hosts: [...quiet, going(now - waitMs + 1)] })).toContain(
      'waits until no DNS answer names it any more',
    );
    expect(phases({ hosts: [...quiet, going(now - waitMs)] })).toEqual(['drain task-03']);
  });

  it('counts as named by DNS while a second address of its slot is named', () => {
    const whole = fleet({ hosts: [...quiet, leaving('expire')] });
    const twin = { addressId: 'eip-twin', ip: '198.51.100.200', slot: 'in-03' };
    const records = whole.sources.records?.value ?? { front: [], slots: {} };
    const named = withFacts(whole, {
      addresses: [...(whole.sources.addresses?.value ?? []), twin],
      records: { ...records, front: [...records.front, twin.ip] },
    });
    expect(actions(planned(named), 'write-order')).toEqual([]);
  });

  it('waits for its last show, also an interrupted one or one that is being stored', () => {
    for (const state of ['live', 'interrupted', 'ending'] as const) {
      expect(notes({ hosts: [...quiet, { ...drained, shows: [{ state }] }] })).toContain(
        'drains: holds 1 broadcast',
      );
    }
  });

  it('waits for the recording to be stored', () => {
    const storing = leaving('drain', { emptySince: 90, beat: { unstoredBytes: 1 } });
    expect(notes({ hosts: [...quiet, storing] })).toContain('drains: its recordings are not stored yet');
    const passing = leaving('drain', { beat: { passing: 1 } });
    expect(notes({ hosts: [...quiet, passing] })).toContain(
      'drains: broadcasts of other hosts go through it',
    );
    expect(stops({ hosts: [...quiet, { ...passing, emptySince: 1 }] })).toEqual([]);
  });

  it('waits for the word that it obeys this very order', () => {
    const text = 'waits for the task to say that it refuses newcomers';
    const of = (obeys: number, generation: number): HostWish =>
      leaving('drain', { emptySince: 90, order: { generation }, beat: { obeys } });
    expect(notes({ hosts: [...quiet, of(2, 3)] })).toContain(text);
    expect(stops({ hosts: [...quiet, of(3, 3)] })).toEqual(['task-03']);
  });

  it('is not believed when its clock is wrong or it is silent', () => {
    for (const at of [now - 16 * second, now + 3 * second]) {
      const made = planned({ hosts: [...quiet, leaving('drain', { emptySince: 90, beat: { at } })] });
      expect(actions(made, 'stop-task')).toEqual([]);
      expect(made.alarms.map(({ name }) => name)).toContain('lost-task');
    }
  });

  it('goes together with only so many others in a pass', () => {
    const made = planned(
      { hosts: [...quiet, drained, drained, drained] },
      { caps: { ...policy.caps, stops: 2 } },
    );
    expect(actions(made, 'stop-task')).toHaveLength(2);
    expect(made.limitedBy).toContain('stops a pass');
  });

  it('is taken back only for demand, and only when it was for want of demand that it was told to go', () => {
    const full = [front({ shows: 4 }), front({ shows: 4 })];
    expect(phases({ hosts: [...full, leaving('drain')] })).toEqual(['serve task-03']);
    expect(phases({ hosts: [...full, leaving('drain', { order: { reason: 'rollout' } })] })).toEqual([]);
    const sent = { hosts: [...full, leaving('drain')], sources: { requests: [asks('drain', 'task-03')] } };
    expect(phases(sent)).toEqual([]);
  });

  it('is not stopped in the pass in which it is taken back', () => {
    const made = planned({ hosts: [front({ shows: 4 }), front({ shows: 4 }), drained] });
    expect(inShort(made)).toEqual(['serve task-03 demand-came-back']);
  });
});

describe('a person', () => {
  it('sends a task away: out of the front set in the same pass, in one order, its room not counted', () => {
    const made = planned({ hosts: [...quiet, serving()], sources: { requests: [asks('drain', 'task-01')] } });
    expect(
      actions(made, 'write-order').map(({ order }) => `${order.phase} ${order.taskId} ${order.reason}`),
    ).toEqual(['expire task-01 operator']);
    expect(actions(made, 'set-front')[0]?.ips).not.toContain('198.51.100.1');
    expect(made.figures.freePoints).toBe(8000);
  });

  it('keeps a task: its order is taken back, and it is not chosen again', () => {
    const wish = {
      hosts: [...quiet, leaving('drain', { order: { reason: 'rollout' } })],
      sources: { requests: [asks('keep', 'task-03')] },
    };
    expect(phases(wish)).toEqual(['serve task-03']);
    const surplus = [...quiet, serving({ mark: { idleSince: longAgo } })];
    expect(phases({ hosts: surplus })).toEqual(['drain task-03']);
    expect(phases({ hosts: surplus, sources: { requests: [asks('keep', 'task-03')] } })).toEqual([]);
  });

  it('is heard by her newest wish', () => {
    const requests = [asks('keep', 'task-03', now), asks('drain', 'task-03', now - minute)];
    expect(phases({ hosts: [...quiet, leaving('drain')], sources: { requests } })).toEqual(['serve task-03']);
    expect(
      phases({ hosts: [...quiet, leaving('drain')], sources: { requests: requests.toReversed() } }),
    ).toEqual(['serve task-03']);
  });

  it('can send away the only task that serves: it stays in the front set until another one serves', () => {
    const made = planned({ hosts: [front({ shows: 1 })], sources: { requests: [asks('drain', 'task-01')] } });
    expect(actions(made, 'set-front')).toEqual([]);
    expect(actions(made, 'set-desired')).toMatchObject([{ hosts: 2 }]);
    const next = planned({
      hosts: [
        leaving('expire', { front: true, shows: 1, order: { reason: 'operator' } }),
        serving(),
        serving(),
      ],
    });
    expect(actions(next, 'set-front')[0]?.ips).toEqual(['198.51.100.2', '198.51.100.3']);
    const decision = next.decisions.find(({ action }) => action.kind === 'set-front');
    expect(decision?.text).toBe('in-02, in-03 join; in-01 leaves');
  });

  it('can send a task away that was never heard: it is stopped when its time to start is over', () => {
    const wish = (startedAt: number): FleetWish => ({
      hosts: [...quiet, starting({ task: { startedAt }, order: { phase: 'drain', reason: 'operator' } })],
    });
    expect(stops(wish(now - minute))).toEqual([]);
    expect(stops(wish(now - 6 * minute))).toEqual(['task-03']);
  });
});

describe('a task that never serves', () => {
  it('is stopped after its time, heard or not, but not when it ever served', () => {
    const late = { startedAt: now - 6 * minute };
    expect(stops({ hosts: [...quiet, starting({ task: { startedAt: now - 4 * minute } })] })).toEqual([]);
    expect(stops({ hosts: [...quiet, starting({ task: late })] })).toEqual(['task-03']);
    const beats = serving({ task: late, beat: { phase: 'starting', accepting: false } });
    expect(stops({ hosts: [...quiet, beats] })).toEqual(['task-03']);
    const served = {
      hosts: [...quiet, starting({ task: late })],
      memory: { tasks: { 'task-03': { servedAt: longAgo } } },
    };
    expect(stops(served)).toEqual([]);
  });
});

describe('lists that leave things out', () => {
  const whole = fleet({ hosts: [...quiet, serving({ shows: 3 })] });
  const value = <T>(read: { readonly value: readonly T[] } | undefined): readonly T[] => read?.value ?? [];

  it('cut no viewer off: the name and the target of a slot stay while a task has it', () => {
    const kinds = (changes: Parameters<typeof withFacts>[1]) =>
      planned(withFacts(whole, changes)).decisions.map(({ action }) => action.kind);
    for (const changes of [
      { hosts: value(whole.sources.hosts).slice(0, 2) },
      { addresses: value(whole.sources.addresses).filter(({ slot }) => slot !== 'in-03') },
    ]) {
      expect(kinds(changes)).not.toContain('deregister-target');
      expect(kinds(changes)).not.toContain('remove-slot-record');
    }
  });

  it('make nobody forgotten whose host is there: silence and one omission together are not an end', () => {
    const silent = fleet({ hosts: [...quiet, lost({ shows: 2, beat: { at: now - hour } })] });
    const omitted = withFacts(silent, { tasks: value(silent.sources.tasks).slice(0, 2) });
    expect(actions(planned(omitted), 'forget-task')).toEqual([]);
  });

  it('that name a host twice do not count it twice', () => {
    const twice = withFacts(whole, { hosts: [...value(whole.sources.hosts), ...value(whole.sources.hosts)] });
    expect(planned(twice).figures).toEqual(planned(whole).figures);
    expect(inShort(planned(twice))).toEqual(inShort(planned(whole)));
  });
});

describe('hosts', () => {
  it('that never join the cluster are ended, and replaced long before', () => {
    const never = (ageMs: number, mark = {}) =>
      idle({ address: false, host: { ready: false, launchedAt: now - ageMs }, mark });
    const full = [front({ shows: 4 }), front({ shows: 4 })];
    expect(actions(planned({ hosts: [...full, never(3 * minute)] }), 'set-desired')).toEqual([]);
    expect(actions(planned({ hosts: [...full, never(9 * minute)] }), 'set-desired')).toMatchObject([
      { hosts: 4 },
    ]);
    const made = planned({ hosts: [...quiet, never(17 * minute, { idleSince: now - 8 * minute })] });
    expect(made.decisions.map(({ action, reason }) => `${action.kind} ${reason}`)).toEqual([
      'terminate-host host-lost',
    ]);
  });

  it('that were idle and lose the cluster do not stay for ever, although they have an address', () => {
    let world = worldOf(fleet({ hosts: [...quiet, idle({ host: { ready: false } })] }), policy, now);
    for (let pass = 0; pass < 60; pass += 1) world = lived(carriedOut(world, think(world)), minute);
    expect(world.facts.hosts.map(({ hostId }) => hostId)).not.toContain('i-03');
  });

  it('whose task is lost do not count into the minimum', () => {
    const made = planned({ hosts: [front({ shows: 1 }), lost({ shows: 2 })] });
    expect(actions(made, 'set-desired')).toMatchObject([{ hosts: 3 }]);
    expect(
      actions(planned({ hosts: [front({ shows: 1 }), lost({ shows: 2 }), launching()] }), 'set-desired'),
    ).toEqual([]);
  });
});

describe('a task that drains without an order', () => {
  it('because somebody told it by hand is replaced and left alone', () => {
    const made = planned({
      hosts: [front(), serving({ shows: 1, beat: { phase: 'draining', accepting: false } })],
    });
    expect(actions(made, 'stop-task')).toEqual([]);
    expect(actions(made, 'set-desired')).toMatchObject([{ hosts: 3 }]);
  });

  it('gets one, so that it can be stopped when it is empty: its order may have been lost', () => {
    const start = fleet({
      hosts: [...quiet, serving({ beat: { phase: 'draining', accepting: false, obeys: 3 } })],
    });
    let world = worldOf(start, policy, now);
    for (let pass = 0; pass < 30; pass += 1) world = lived(carriedOut(world, think(world)), minute);
    expect(world.facts.tasks.filter(({ status }) => status === 'running')).toHaveLength(2);
  });
});

describe('what has stopped is forgotten', () => {
  it('with its heartbeat and order, a few in each pass, and at once when its end is known', () => {
    const stopped = (index: number) => ({
      task: { status: 'stopped' as const },
      beat: { at: now - minute, sequence: index },
    });
    const many = Array.from({ length: 30 }, (_, index) => stopped(index));
    expect(actions(planned({ hosts: [...quiet, ...many] }), 'forget-task')).toHaveLength(20);
  });
});
