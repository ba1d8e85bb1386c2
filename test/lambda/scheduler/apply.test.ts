import { describe, expect, it } from 'vitest';
import type { Action } from '../../../core/fleet/decision.ts';
import type { Heartbeat, Order } from '../../../core/fleet/heartbeat.ts';
import { defaultPolicy } from '../../../core/fleet/policy.ts';
import { FleetCallError, type Infrastructure, type Lease } from '../../../core/fleet/ports.ts';
import type { Snapshot } from '../../../core/fleet/snapshot.ts';
import { noMemory } from '../../../core/fleet/memory.ts';
import { apply, type Applied } from '../../../lambda/scheduler/apply.ts';
import { connect, type Line } from '../../fakes/fleet/line.ts';
import { heartbeatOf, noon, orderOf } from './contract/store.ts';
import {
  allocate,
  decisionOf,
  newStage,
  noSources,
  protect,
  settled,
  stop,
  writeOrder,
  type Stage,
} from './harness.ts';

const nothingKnown: Snapshot = { sources: noSources, memory: noMemory };

function carryOut(
  stage: Stage,
  line: Line,
  actions: readonly Action[],
  given: { readonly lease?: Lease; readonly deadline?: number; readonly snapshot?: Snapshot } = {},
): Promise<Applied> {
  return settled(
    stage.clock,
    apply({
      ...line,
      decisions: actions.map((action) => decisionOf(action)),
      snapshot: given.snapshot ?? nothingKnown,
      policy: defaultPolicy,
      lease: given.lease ?? stage.lease(),
      clock: stage.clock,
      deadline: given.deadline ?? noon + 20_000,
      callMs: 5_000,
      parallel: 8,
    }),
  );
}

const outcomes = ({ outcomes }: Applied): readonly string[] => outcomes.map(({ outcome }) => outcome);

describe('apply', () => {
  it('keeps the order of kinds, and carries neighbours of a kind out side by side', async () => {
    const stage = newStage();
    const under: string[] = [];
    const most = new Map<string, number>();
    const act: Infrastructure['act'] = async ({ kind }) => {
      under.push(kind);
      expect(new Set(under).size).toBe(1);
      most.set(kind, Math.max(most.get(kind) ?? 0, under.length));
      await new Promise<void>((resolve) => {
        stage.clock.after(100, resolve);
      });
      under.pop();
    };
    const line = connect(stage.world, stage.store);
    const hosts = Array.from({ length: 20 }, (_, index) => protect(`i-${index}`));
    const applied = await carryOut(stage, { ...line, infrastructure: { ...line.infrastructure, act } }, [
      allocate('in-01'),
      ...hosts,
      allocate('in-02'),
      allocate('in-03'),
    ]);
    expect(new Set(outcomes(applied))).toEqual(new Set(['done']));
    expect([...most]).toEqual([
      ['allocate-address', 2],
      ['protect-host', 8],
    ]);
  });

  it('goes on after a call that fails, and says of each what became of it', async () => {
    const stage = newStage();
    const fates = ['refused', 'done', 'unreachable', 'lost'] as const;
    const line = connect(stage.world, stage.store, { fates: ({ n }) => fates[n] ?? 'done' });
    const applied = await carryOut(stage, line, [
      allocate('in-01'),
      allocate('in-02'),
      allocate('in-03'),
      allocate('in-04'),
    ]);
    // Of a call without an answer nobody knows whether it was done.
    expect(outcomes(applied)).toEqual(['failed', 'done', 'planned', 'planned']);
    expect(applied.errors.map(({ call }) => call)).toEqual([
      'allocate-address in-01',
      'allocate-address in-03',
      'allocate-address in-04',
    ]);
    expect([...stage.world.addresses.values()].map(({ slot }) => slot)).toEqual(['in-02', 'in-04']);
    expect(applied.isFenced).toBe(false);
  });

  it('leaves a service that throttles alone, and no other', async () => {
    const stage = newStage();
    const line = connect(stage.world, stage.store, {
      fates: ({ name }) => (name === 'allocate-address' ? 'throttled' : 'done'),
    });
    const applied = await carryOut(stage, line, [
      allocate('in-01'),
      { kind: 'set-desired', hosts: 1 },
      { kind: 'release-address', addressId: 'eip-1', ip: '192.0.2.1', slot: 'in-01' },
      { kind: 'set-slot-record', slot: 'in-01', ip: '192.0.2.1' },
    ]);
    expect(outcomes(applied)).toEqual(['failed', 'done', 'planned', 'done']);
    expect(applied.outcomes[2]?.error).toContain('throttled');
    expect(line.calls).toEqual(['allocate-address', 'set-desired', 'set-slot-record']);
  });

  it('ends a call that hangs and goes on', async () => {
    const stage = newStage();
    const line = connect(stage.world, stage.store, {
      fates: ({ name }) => (name === 'set-desired' ? 'hang' : 'done'),
    });
    const applied = await carryOut(stage, line, [{ kind: 'set-desired', hosts: 1 }, allocate('in-01')]);
    expect(outcomes(applied)).toEqual(['planned', 'done']);
    expect(stage.clock.now()).toBe(noon + 5_000);
  });

  it('tells a call that is late to end', async () => {
    const stage = newStage();
    const line = connect(stage.world, stage.store);
    let told: AbortSignal | undefined;
    const act: Infrastructure['act'] = (_, signal) => {
      told = signal;
      return new Promise(() => undefined);
    };
    await carryOut(stage, { ...line, infrastructure: { ...line.infrastructure, act } }, [allocate('in-01')]);
    expect(told?.aborted).toBe(true);
  });

  it('begins nothing that might not have ended by the deadline', async () => {
    const stage = newStage();
    // Every call takes 3 s, and may take 5: with 10 s two are begun.
    const line = connect(stage.world, stage.store, { before: () => stage.clock.jump(3_000) });
    const applied = await carryOut(
      stage,
      line,
      [allocate('in-01'), { kind: 'set-desired', hosts: 1 }, allocate('in-02')],
      { deadline: noon + 10_000 },
    );
    expect(outcomes(applied)).toEqual(['done', 'done', 'planned']);
    expect(line.calls).toHaveLength(2);
    expect(applied.isFenced).toBe(false);
  });

  it('names the limits that it ran into', async () => {
    const stage = newStage({ maxHosts: 1 });
    const applied = await carryOut(stage, connect(stage.world, stage.store), [
      { kind: 'set-desired', hosts: 2 },
    ]);
    expect(outcomes(applied)).toEqual(['failed']);
    expect(applied.limits).toEqual(['host maximum']);
  });

  describe('without the lease', () => {
    it('begins no call that could end after it', async () => {
      const stage = newStage();
      const line = connect(stage.world, stage.store);
      const applied = await carryOut(stage, line, [allocate('in-01')], { lease: stage.lease('a', 5_000) });
      expect(line.calls).toEqual([]);
      expect(applied).toMatchObject({ isFenced: true, outcomes: [{ outcome: 'planned' }] });
    });

    it('does nothing more when it ran out on the way', async () => {
      const stage = newStage();
      const lease = stage.lease();
      const line = connect(stage.world, stage.store, {
        // The program stood still for a minute; another one has the lease meanwhile.
        before: (name) => {
          if (name === 'set-desired') stage.clock.jump(60_000);
        },
      });
      const actions = [
        { kind: 'set-desired', hosts: 1 } as const,
        allocate('in-01'),
        writeOrder(orderOf('t')),
      ];
      const applied = await carryOut(stage, line, actions, { lease, deadline: noon + 600_000 });
      expect(line.calls).toEqual(['set-desired']);
      expect(outcomes(applied)).toEqual(['done', 'planned', 'planned']);
      expect(applied.isFenced).toBe(true);
    });

    it('does nothing more when the table says that another one has it', async () => {
      const stage = newStage();
      const lease = stage.lease();
      stage.store.releaseLease(lease);
      stage.lease('b');
      const line = connect(stage.world, stage.store);
      const applied = await carryOut(
        stage,
        line,
        [writeOrder(orderOf('task-1')), { kind: 'terminate-host', hostId: 'i-1' }],
        { lease },
      );
      expect(line.calls).toEqual(['writeOrder']);
      expect(applied.isFenced).toBe(true);
      expect(stage.store.orders()).toEqual([]);
    });
  });

  describe('before a task is stopped', () => {
    const drain = orderOf('task-1', { generation: 2, phase: 'drain' });
    const drained = heartbeatOf('task-1', { phase: 'draining', accepting: false, obeys: 2, sequence: 9 });
    const show = { broadcastId: 'b', state: 'live', points: 1_000, startedAt: noon, session: 1 } as const;

    const withTask = (
      known: Heartbeat | undefined,
      orders: readonly Order[],
      now: Heartbeat | undefined,
    ): { readonly stage: Stage; readonly snapshot: Snapshot } => {
      const stage = newStage();
      stage.world.tasks.set('task-1', {
        taskId: 'task-1',
        hostId: 'i-1',
        slot: 'in-01',
        digest: 'sha256:a',
        status: 'running',
        startedAt: noon,
      });
      if (now !== undefined) stage.store.beat(now);
      const sources = {
        ...noSources,
        heartbeats: { at: noon, value: known === undefined ? [] : [known] },
        orders: { at: noon, value: orders },
      };
      return { stage, snapshot: { sources, memory: noMemory } };
    };

    it.each<readonly [string, Heartbeat | undefined, readonly Order[], Heartbeat | undefined]>([
      ['is drained and empty', drained, [drain], { ...drained, sequence: 10 }],
      ['has never been heard', undefined, [], undefined],
      ['was never ready', undefined, [], heartbeatOf('task-1', { phase: 'starting', accepting: false })],
    ])('stops one that %s', async (_, known, orders, now) => {
      const { stage, snapshot } = withTask(known, orders, now);
      const applied = await carryOut(stage, connect(stage.world, stage.store), [stop('task-1')], {
        snapshot,
      });
      expect(outcomes(applied)).toEqual(['done']);
      expect(stage.world.tasks.get('task-1')?.status).toBe('stopping');
    });

    it.each<readonly [string, Heartbeat | undefined, readonly Order[], Heartbeat | undefined]>([
      ['has taken a show since', drained, [drain], { ...drained, shows: [show] }],
      [
        'holds an interrupted show',
        drained,
        [drain],
        { ...drained, shows: [{ ...show, state: 'interrupted' }] },
      ],
      ['takes shows again', drained, [drain], { ...drained, accepting: true, phase: 'serving' }],
      ['has something to store', drained, [drain], { ...drained, unstoredBytes: 1 }],
      ['is silent', drained, [drain], { ...drained, at: noon - 15_001 }],
      ['has a clock from tomorrow', drained, [drain], { ...drained, at: noon + 2_001 }],
      ['obeys an earlier order', drained, [drain], { ...drained, obeys: 1 }],
      ['obeys the order of a newer scheduler', drained, [drain], { ...drained, obeys: 3 }],
      ['was told to expire only', drained, [{ ...drain, phase: 'expire' }], drained],
      ['was taken back', drained, [{ ...drain, phase: 'serve' }], drained],
      ['was told nothing', drained, [], drained],
      ['is gone from the table', drained, [drain], undefined],
      ['has begun to serve since', undefined, [], heartbeatOf('task-1')],
    ])('leaves one alone that %s', async (_, known, orders, now) => {
      const { stage, snapshot } = withTask(known, orders, now);
      const line = connect(stage.world, stage.store);
      const applied = await carryOut(stage, line, [stop('task-1'), allocate('in-01')], { snapshot });
      expect(outcomes(applied)).toEqual(['failed', 'done']);
      expect(applied.outcomes[0]?.error).toContain('not stopped: ');
      expect(stage.world.tasks.get('task-1')?.status).toBe('running');
    });

    it('leaves it alone when its heartbeat can not be read', async () => {
      const { stage, snapshot } = withTask(drained, [drain], drained);
      const line = connect(stage.world, stage.store, {
        fates: ({ name }) => (name === 'heartbeat' ? 'unreachable' : 'done'),
      });
      await carryOut(stage, line, [stop('task-1')], { snapshot });
      expect(line.calls).toEqual(['heartbeat']);
      expect(stage.world.tasks.get('task-1')?.status).toBe('running');
    });

    it('leaves it alone when nothing was known of any heartbeat', async () => {
      const { stage } = withTask(undefined, [], undefined);
      const applied = await carryOut(stage, connect(stage.world, stage.store), [stop('task-1')]);
      expect(outcomes(applied)).toEqual(['failed']);
      expect(stage.world.tasks.get('task-1')?.status).toBe('running');
    });

    it('asks nothing when an operator forces it', async () => {
      const { stage, snapshot } = withTask(drained, [], { ...drained, shows: [show] });
      const line = connect(stage.world, stage.store);
      await carryOut(stage, line, [stop('task-1', true)], { snapshot });
      expect(line.calls).toEqual(['stop-task']);
      expect(stage.world.tasks.get('task-1')?.status).toBe('stopping');
    });
  });

  it('carries an error of a quota with its limit, whatever else it is', async () => {
    const stage = newStage();
    const line = connect(stage.world, stage.store);
    const act: Infrastructure['act'] = () =>
      Promise.reject(new FleetCallError('AddressLimitExceeded', { kind: 'limit', limit: 'address quota' }));
    const applied = await carryOut(stage, { ...line, infrastructure: { ...line.infrastructure, act } }, [
      allocate('in-01'),
      allocate('in-02'),
    ]);
    expect(outcomes(applied)).toEqual(['failed', 'failed']);
    expect(applied.limits).toContain('address quota');
  });
});
