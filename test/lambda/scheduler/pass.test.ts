import { describe, expect, it } from 'vitest';
import type { Note, Plan } from '../../../core/fleet/decision.ts';
import { noMemory } from '../../../core/fleet/memory.ts';
import { defaultPolicy } from '../../../core/fleet/policy.ts';
import type { FleetMetrics, Lease } from '../../../core/fleet/ports.ts';
import type { Snapshot } from '../../../core/fleet/snapshot.ts';
import type { validate } from '../../../core/fleet/validate.ts';
import { runPass, stateAfter, type PassResult, type PassState } from '../../../lambda/scheduler/pass.ts';
import { connect, type Line } from '../../fakes/fleet/line.ts';
import { noon, orderOf, reportOf } from './contract/store.ts';
import {
  allocate,
  decisionOf,
  newStage,
  planOf,
  protect,
  settled,
  writeOrder,
  type Stage,
} from './harness.ts';

const allValid: typeof validate = () => [];

interface Given {
  readonly plan: Plan | ((snapshot: Snapshot) => Plan);
  readonly validate?: typeof validate;
  readonly metrics?: FleetMetrics;
  readonly lease?: Lease;
}

function pass(stage: Stage, line: Line, given: Given, state?: PassState): Promise<PassResult> {
  const { plan } = given;
  return settled(
    stage.clock,
    runPass(
      {
        ...line,
        policy: defaultPolicy,
        log: stage.log,
        metrics: given.metrics,
        clock: stage.clock,
        plan: typeof plan === 'function' ? plan : () => plan,
        validate: given.validate ?? allValid,
      },
      state ?? stateAfter(undefined),
      given.lease ?? stage.lease(),
      stage.clock.now() + 20_000,
    ),
  );
}

const waiting = (taskId: string, text: string): Note => ({ subject: { taskId }, reason: 'waiting', text });

const refusing = (name: string) =>
  ({
    fates: (call: { readonly name: string }) => (call.name === name ? 'unreachable' : 'done'),
  }) as const;

describe('a pass', () => {
  it('leaves a report of what it saw, planned and did', async () => {
    const stage = newStage();
    const plan = planOf([decisionOf(allocate('in-01'), { slot: 'in-01' })]);
    const { report } = await pass(stage, connect(stage.world, stage.store), { plan });
    expect(stage.store.report).toBe(report);
    expect(report).toMatchObject({ at: noon, fence: 1, policy: defaultPolicy, errors: [] });
    expect(report.snapshot.sources.tasks).toEqual({ at: noon, value: [] });
    expect(report.plan).toEqual(plan);
    expect(stage.store.lines).toMatchObject([
      { at: noon, n: 0, action: 'allocate-address', subject: { slot: 'in-01' }, outcome: 'done' },
    ]);
  });

  it('hands its memory on, to the next pass and to the next scheduler', async () => {
    const stage = newStage();
    const seen: number[] = [];
    const plan = (snapshot: Snapshot): Plan => {
      seen.push(snapshot.memory.lastScaleOutAt);
      return {
        ...planOf([]),
        memory: { ...noMemory, lastScaleOutAt: snapshot.memory.lastScaleOutAt + 1 },
      };
    };
    const line = connect(stage.world, stage.store);
    const first = await pass(stage, line, { plan });
    await pass(stage, line, { plan }, first.state);
    await pass(stage, line, { plan }, stateAfter(stage.store.report));
    expect(seen).toEqual([0, 1, 2]);
  });

  it('fills in what the report of an older release did not remember', () => {
    const report = reportOf(noon, 1);
    const { images: _, demand, ...rest } = { ...report.plan.memory, lastScaleOutAt: 5 };
    const { recent: __, ...olderDemand } = { ...demand, meanPoints: 900 };
    const older = { ...rest, demand: olderDemand };
    const state = stateAfter({
      ...report,
      plan: { ...report.plan, memory: older as unknown as typeof noMemory },
    });
    expect(state.memory).toEqual({
      ...report.plan.memory,
      lastScaleOutAt: 5,
      images: {},
      demand: { ...demand, meanPoints: 900, recent: [] },
    });
  });

  it('plans on the last reading of a source that can not be read, the last one of the report too', async () => {
    const stage = newStage();
    const ages: (number | undefined)[] = [];
    const plan = ({ sources }: Snapshot): Plan => {
      ages.push(sources.group?.at);
      return planOf([]);
    };
    const line = connect(stage.world, stage.store, refusing('read group'));
    const before = stateAfter(reportOf(noon - 60_000, 1));
    const first = await pass(stage, line, { plan }, before);
    await pass(stage, line, { plan }, first.state);
    await pass(stage, line, { plan });
    expect(ages).toEqual([noon - 60_000, noon - 60_000, undefined]);
    expect(first.report.errors).toMatchObject([{ call: 'group' }]);
  });

  it('does not do what the second look refuses, and raises an alarm', async () => {
    const stage = newStage();
    const good = decisionOf(allocate('in-01'));
    const bad = decisionOf({ kind: 'terminate-host', hostId: 'i-1' }, { hostId: 'i-1' });
    const line = connect(stage.world, stage.store);
    const { report } = await pass(stage, line, {
      plan: planOf([bad, good]),
      validate: () => [{ invariant: 'I1', decision: bad, text: 'a task is on it' }],
    });
    expect(line.calls).toContain('allocate-address');
    expect(line.calls).not.toContain('terminate-host');
    expect(report.plan.decisions).toEqual([good]);
    expect(report.plan.alarms).toMatchObject([{ name: 'invalid-plan', subject: { hostId: 'i-1' } }]);
    expect(stage.store.lines.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
      'terminate-host planned',
      'allocate-address done',
    ]);
    expect(stage.store.lines[0]?.error).toContain('I1: a task is on it');
  });

  it('adds the limits that its calls ran into', async () => {
    const stage = newStage({ maxHosts: 1 });
    const { report } = await pass(stage, connect(stage.world, stage.store), {
      plan: { ...planOf([decisionOf({ kind: 'set-desired', hosts: 9 })]), limitedBy: ['slots'] },
    });
    expect(report.plan.limitedBy).toEqual(['slots', 'host maximum']);
    expect(report.errors).toMatchObject([{ call: 'set-desired' }]);
  });

  describe('of a quiet fleet', () => {
    it('writes its report and nothing else, and reads each source once', async () => {
      const stage = newStage();
      const plan = planOf([], [waiting('t1', 'waits for 3 broadcasts')]);
      const first = await pass(stage, connect(stage.world, stage.store), { plan });
      const line = connect(stage.world, stage.store);
      await pass(stage, line, { plan }, first.state);
      expect(line.calls).toHaveLength(12);
      expect(line.calls.filter((call) => !call.startsWith('read '))).toEqual([
        'events',
        'requests',
        'orders',
        'heartbeats',
        'writeReport',
      ]);
      expect(stage.store.lines).toHaveLength(1);
    });

    it('says a note again only when it says something else than figures', async () => {
      const stage = newStage();
      const line = connect(stage.world, stage.store);
      const say = async (state: PassState, ...notes: readonly Note[]): Promise<PassState> =>
        (await pass(stage, line, { plan: planOf([], notes) }, state)).state;
      const one = await say(
        stateAfter(undefined),
        waiting('t1', 'holds 3 shows'),
        waiting('t2', 'is silent'),
      );
      const two = await say(one, waiting('t2', 'is silent'), waiting('t1', 'holds 12 shows'));
      const three = await say(two, waiting('t1', 'empty'), waiting('t2', 'is silent'));
      const four = await say(three, waiting('t1', 'empty'));
      await say(four, waiting('t1', 'empty'), waiting('t2', 'is silent'));
      expect(stage.store.lines.map(({ subject, text }) => `${subject.taskId} ${text}`)).toEqual([
        't1 holds 3 shows',
        't2 is silent',
        't1 empty',
        't2 is silent',
      ]);
    });

    it('does not repeat what the last scheduler has said', async () => {
      const stage = newStage();
      const plan = planOf([decisionOf(protect('i-1'))], [waiting('t1', 'waits')]);
      const line = connect(stage.world, stage.store);
      await pass(stage, line, { plan });
      expect(stage.store.lines.map(({ outcome }) => outcome)).toEqual(['failed', 'note']);
      await pass(stage, line, { plan }, stateAfter(stage.store.report));
      expect(stage.store.lines).toHaveLength(2);
    });

    it('says once that a call fails again and again, and says when it fails otherwise or is done', async () => {
      const stage = newStage();
      const plan = planOf([decisionOf(allocate('in-01'))]);
      let fate: 'throttled' | 'refused' | 'done' = 'throttled';
      const line = connect(stage.world, stage.store, {
        fates: ({ name }) => (name === 'allocate-address' ? fate : 'done'),
      });
      let state = (await pass(stage, line, { plan })).state;
      ({ state } = await pass(stage, line, { plan }, state));
      fate = 'refused';
      ({ state } = await pass(stage, line, { plan }, state));
      fate = 'done';
      await pass(stage, line, { plan }, state);
      expect(stage.store.lines.map(({ error }) => error)).toEqual([
        'allocate-address: throttled',
        'allocate-address: refused',
        undefined,
      ]);
    });
  });

  describe('when the table does not take what it has to say', () => {
    it('keeps its lines for the next pass', async () => {
      const stage = newStage();
      const plan = planOf([decisionOf(allocate('in-01'))]);
      const first = await pass(stage, connect(stage.world, stage.store, refusing('logDecisions')), { plan });
      expect(stage.store.lines).toEqual([]);
      expect(stage.store.report).toBe(first.report);
      stage.clock.jump(10_000);
      await pass(stage, connect(stage.world, stage.store), { plan }, first.state);
      expect(stage.store.lines.map(({ at }) => at)).toEqual([noon, noon + 10_000]);
    });

    it('goes on with what it remembers when the report is not saved', async () => {
      const stage = newStage();
      const plan = (): Plan => ({ ...planOf([]), memory: { ...noMemory, lastScaleOutAt: 7 } });
      const { state, isFenced } = await pass(
        stage,
        connect(stage.world, stage.store, refusing('writeReport')),
        { plan },
      );
      expect(isFenced).toBe(false);
      expect(state.memory.lastScaleOutAt).toBe(7);
      expect(stage.logged).toEqual(['warn could not keep the report of a pass']);
    });

    it('waits no longer than a call may take', async () => {
      const stage = newStage();
      const line = connect(stage.world, stage.store, {
        fates: ({ name }) => (name === 'writeReport' ? 'hang' : 'done'),
      });
      await pass(stage, line, { plan: planOf([]) });
      expect(stage.clock.now()).toBe(noon + 5_000);
    });

    it('writes nothing for a scheduler that was followed', async () => {
      const stage = newStage();
      const lease = stage.lease();
      stage.store.releaseLease(lease);
      stage.lease('b');
      const line = connect(stage.world, stage.store);
      const plan = planOf([decisionOf(writeOrder(orderOf('task-1'))), decisionOf(allocate('in-01'))]);
      const { isFenced } = await pass(stage, line, { plan, lease });
      expect(isFenced).toBe(true);
      expect(line.calls).not.toContain('allocate-address');
      expect(line.calls).not.toContain('writeReport');
      expect(stage.store.report).toBeUndefined();
      expect(stage.store.lines).toEqual([]);
    });

    it('writes no report when its lines are refused because another one has taken over', async () => {
      const stage = newStage();
      const lease = stage.lease();
      const line = connect(stage.world, stage.store, {
        before: (name) => {
          if (name === 'logDecisions') stage.store.releaseLease(lease);
        },
      });
      const plan = planOf([decisionOf(allocate('in-01'))]);
      const { isFenced } = await pass(stage, line, { plan, lease });
      expect(isFenced).toBe(true);
      expect(line.calls.at(-1)).toBe('logDecisions');
    });

    it('writes nothing when its lease ran out while it planned', async () => {
      const stage = newStage();
      const line = connect(stage.world, stage.store);
      const plan = (): Plan => {
        stage.clock.jump(28_000);
        return planOf([decisionOf(allocate('in-01'))]);
      };
      const { isFenced } = await pass(stage, line, { plan });
      expect(isFenced).toBe(true);
      expect(line.calls).toHaveLength(11);
    });
  });

  it('gives its figures to the metrics, and does not mind when they fail or hang', async () => {
    const stage = newStage();
    const published: unknown[] = [];
    const plan = planOf([], [waiting('t1', 'waits')]);
    const line = connect(stage.world, stage.store);
    await pass(stage, line, {
      plan,
      metrics: {
        publish: async (figures) => {
          published.push(figures);
          throw new Error('CloudWatch is away');
        },
      },
    });
    expect(published).toEqual([
      { at: noon, figures: plan.figures, decisions: [], notes: plan.notes, alarms: [], errors: [] },
    ]);
    await pass(stage, line, { plan, metrics: { publish: () => new Promise(() => undefined) } });
    expect(stage.logged).toEqual(['warn could not publish metrics', 'warn could not publish metrics']);
  });

  it('leaves no timer behind', async () => {
    const stage = newStage();
    const plan = planOf([decisionOf(allocate('in-01')), decisionOf(protect('i-1'))]);
    await pass(stage, connect(stage.world, stage.store), { plan });
    expect(stage.clock.timers).toBe(0);
  });

  it('says an alarm when it begins, not in every pass', async () => {
    const stage = newStage();
    const line = connect(stage.world, stage.store);
    const plan: Plan = {
      ...planOf([]),
      alarms: [{ name: 'lost-task', subject: { taskId: 't1' }, text: 'silent for 20 s' }],
    };
    const first = await pass(stage, line, { plan });
    await pass(stage, line, { plan }, first.state);
    expect(stage.logged).toEqual(['warn alarm']);
  });
});
