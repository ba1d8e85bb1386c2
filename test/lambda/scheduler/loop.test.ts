import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../core/fleet/decision.ts';
import { noMemory } from '../../../core/fleet/memory.ts';
import { defaultPolicy } from '../../../core/fleet/policy.ts';
import type { PassReport } from '../../../core/fleet/ports.ts';
import type { Snapshot } from '../../../core/fleet/snapshot.ts';
import { runScheduler, startScheduler, type SchedulerOptions } from '../../../lambda/scheduler/loop.ts';
import { connect, type Line } from '../../fakes/fleet/line.ts';
import { noon, orderOf, reportOf } from './contract/store.ts';
import { decisionOf, newStage, planOf, settled, writeOrder, type Stage } from './harness.ts';

const optionsOf = (stage: Stage, line: Line, more: Partial<SchedulerOptions> = {}): SchedulerOptions => ({
  ...line,
  policy: defaultPolicy,
  log: stage.log,
  clock: stage.clock,
  plan: () => planOf([]),
  validate: () => [],
  ...more,
});

const run = (stage: Stage, line: Line, more: Partial<SchedulerOptions> & { readonly forMs?: number } = {}) =>
  settled(
    stage.clock,
    runScheduler({ ...optionsOf(stage, line, more), until: stage.clock.now() + (more.forMs ?? 45_000) }),
  );

const countOf = (line: Line, name: string): number => line.calls.filter((call) => call === name).length;

describe('the loop of an invocation', () => {
  it('makes a pass every ten seconds until its time is up, under one lease, and gives it back', async () => {
    const stage = newStage();
    const line = connect(stage.world, stage.store);
    const reports: PassReport[] = [];
    const result = await run(stage, line, { onPass: (report) => reports.push(report) });
    expect(result).toEqual({ kind: 'ran', passes: 4, failed: 0, fenced: false });
    expect(reports.map(({ at }) => at - noon)).toEqual([0, 10_000, 20_000, 30_000]);
    expect(countOf(line, 'acquireLease')).toBe(1);
    expect(countOf(line, 'renewLease')).toBe(3);
    expect(countOf(line, 'report')).toBe(1);
    expect(line.calls.at(-1)).toBe('releaseLease');
    expect(stage.clock.now()).toBeLessThan(noon + 45_000);
    stage.lease('next');
  });

  it('begins the next pass at once after one that took too long', async () => {
    const stage = newStage();
    const at: number[] = [];
    await run(stage, connect(stage.world, stage.store), {
      onPass: (report) => {
        at.push(report.at - noon);
        if (at.length === 1) stage.clock.jump(13_000);
      },
    });
    expect(at).toEqual([0, 13_000, 23_000, 33_000]);
  });

  it('goes on from the memory and the facts of the last report', async () => {
    const stage = newStage();
    stage.store.report = reportOf(noon - 60_000, 1);
    const seen: Snapshot[] = [];
    const line = connect(stage.world, stage.store, {
      fates: ({ name }) => (name === 'read group' ? 'unreachable' : 'done'),
    });
    await run(stage, line, {
      plan: (snapshot) => {
        seen.push(snapshot);
        return planOf([]);
      },
    });
    expect(seen[0]?.memory.lastScaleOutAt).toBe(noon - 60_000);
    expect(seen[0]?.sources.group?.at).toBe(noon - 60_000);
    expect(seen[1]?.memory).toEqual(noMemory);
  });

  it('makes no pass while it can not read its memory, for it would be overwritten', async () => {
    const stage = newStage();
    const before = reportOf(noon - 60_000, 1);
    stage.store.report = before;
    let failures = 2;
    const line = connect(stage.world, stage.store, {
      fates: ({ name }) => {
        if (name !== 'report' || failures === 0) return 'done';
        failures -= 1;
        return 'unreachable';
      },
    });
    const seen: Snapshot[] = [];
    const result = await run(stage, line, {
      plan: (snapshot) => {
        seen.push(snapshot);
        return { ...planOf([]), memory: snapshot.memory };
      },
    });
    expect(result).toMatchObject({ kind: 'ran', passes: 4, failed: 2 });
    expect(seen).toHaveLength(2);
    expect(stage.store.report.plan.memory).toEqual(before.plan.memory);
  });

  it('goes on after a pass that throws', async () => {
    const stage = newStage();
    let passes = 0;
    const result = await run(stage, connect(stage.world, stage.store), {
      plan: () => {
        passes += 1;
        if (passes === 2) throw new Error('a bug in the planner');
        return planOf([]);
      },
    });
    expect(result).toEqual({ kind: 'ran', passes: 4, failed: 1, fenced: false });
    expect(stage.logged).toEqual(['error a pass has failed']);
    expect(stage.store.report?.at).toBe(noon + 30_000);
  });

  it('says so when the table can not be reached at all', async () => {
    const stage = newStage();
    const line = connect(stage.world, stage.store, { fates: () => 'unreachable' });
    await expect(run(stage, line)).rejects.toMatchObject({
      message: expect.stringContaining('acquireLease'),
    });
    expect(new Set(line.calls)).toEqual(new Set(['acquireLease']));
  });

  it('goes on when the table was away for a while', async () => {
    const stage = newStage();
    const isAway = (): boolean => stage.clock.now() >= noon + 5_000 && stage.clock.now() < noon + 25_000;
    const line = connect(stage.world, stage.store, { fates: () => (isAway() ? 'unreachable' : 'done') });
    const result = await run(stage, line);
    expect(result).toEqual({ kind: 'ran', passes: 4, failed: 2, fenced: false });
    expect(stage.store.report?.at).toBe(noon + 30_000);
  });
});

describe('the lease of an invocation', () => {
  it('is waited for, and says so when another one has it all the time', async () => {
    const stage = newStage();
    stage.lease('b', 600_000);
    const line = connect(stage.world, stage.store);
    expect(await run(stage, line)).toEqual({ kind: 'held-by-another' });
    expect(new Set(line.calls)).toEqual(new Set(['acquireLease']));
    expect(stage.logged).toEqual([]);
    expect(stage.clock.now()).toBeLessThanOrEqual(noon + 45_000);
  });

  it("is another one's also when it could not be asked for at first", async () => {
    const stage = newStage();
    stage.lease('b', 600_000);
    const line = connect(stage.world, stage.store, { fates: ({ n }) => (n === 0 ? 'unreachable' : 'done') });
    expect(await run(stage, line)).toEqual({ kind: 'held-by-another' });
  });

  it('is taken as soon as the lease of one that has died is over', async () => {
    const stage = newStage();
    const dead = connect(stage.world, stage.store, {
      fates: ({ name }) => (name === 'read tasks' ? 'crash-before' : 'done'),
    });
    const crashed = runScheduler({ ...optionsOf(stage, dead), until: noon + 45_000 });
    void crashed;
    const result = await run(stage, connect(stage.world, stage.store), { forMs: 55_000 });
    expect(dead.isCrashed()).toBe(true);
    expect(result).toMatchObject({ kind: 'ran', failed: 0, fenced: false });
    expect(stage.store.report?.fence).toBe(2);
  });

  it('is lost by one that stood still, which then does nothing more and leaves the other alone', async () => {
    const stage = newStage();
    const plan = (): Plan => planOf([decisionOf(writeOrder(orderOf('task-1')))]);
    let passes = 0;
    const line = connect(stage.world, stage.store);
    const result = await run(stage, line, {
      forMs: 600_000,
      plan: () => {
        passes += 1;
        if (passes < 3) return planOf([]);
        stage.clock.jump(60_000);
        stage.lease('b', 600_000);
        return plan();
      },
    });
    expect(result).toEqual({ kind: 'ran', passes: 4, failed: 0, fenced: true });
    expect(stage.store.orders()).toEqual([]);
    expect(stage.store.report?.at).toBe(noon + 10_000);
    expect(line.calls).not.toContain('releaseLease');
  });

  it('goes on with the lease of one that stood still when nobody took it', async () => {
    const stage = newStage();
    let passes = 0;
    const result = await run(stage, connect(stage.world, stage.store), {
      forMs: 120_000,
      plan: () => {
        passes += 1;
        if (passes === 2) stage.clock.jump(60_000);
        return planOf([decisionOf(writeOrder(orderOf('task-1', { generation: passes })))]);
      },
    });
    expect(result).toMatchObject({ kind: 'ran', failed: 0, fenced: false });
    expect(stage.store.report?.fence).toBe(1);
    expect(stage.store.lines.map(({ outcome }) => outcome)).toContain('planned');
    expect(stage.store.orders()[0]?.generation).toBe(passes);
  });

  it('makes one of two invocations wait for the other', async () => {
    const stage = newStage();
    const lines = [connect(stage.world, stage.store), connect(stage.world, stage.store)];
    const results = await settled(
      stage.clock,
      Promise.all(lines.map((line) => runScheduler({ ...optionsOf(stage, line), until: noon + 45_000 }))),
    );
    expect(results.map(({ kind }) => kind)).toEqual(['ran', 'held-by-another']);
    expect(new Set(lines[1]?.calls)).toEqual(new Set(['acquireLease']));
  });
});

describe('the loop of one machine', () => {
  it('runs for ever, and gives the lease back when it is stopped', async () => {
    const stage = newStage();
    const line = connect(stage.world, stage.store);
    let enough: (() => void) | undefined;
    const ran = new Promise<void>((resolve) => {
      enough = resolve;
    });
    let passes = 0;
    const scheduler = startScheduler(
      optionsOf(stage, line, {
        passMs: 1_000,
        onPass: () => {
          passes += 1;
          if (passes === 500) enough?.();
        },
      }),
    );
    await settled(stage.clock, ran);
    await settled(stage.clock, scheduler.stop());
    expect(stage.clock.now()).toBe(noon + 499_000);
    expect(passes).toBe(500);
    expect(countOf(line, 'acquireLease')).toBe(1);
    expect(line.calls.at(-1)).toBe('releaseLease');
  });

  it('asks for the lease again after it was lost', async () => {
    const stage = newStage();
    const fences: number[] = [];
    let enough: (() => void) | undefined;
    const ran = new Promise<void>((resolve) => {
      enough = resolve;
    });
    const scheduler = startScheduler(
      optionsOf(stage, connect(stage.world, stage.store), {
        onPass: ({ fence }) => {
          fences.push(fence);
          if (fences.length === 2) {
            stage.clock.jump(60_000);
            stage.lease('b', 20_000);
          }
          if (fences.length === 4) enough?.();
        },
      }),
    );
    await settled(stage.clock, ran);
    await settled(stage.clock, scheduler.stop());
    expect(fences).toEqual([1, 1, 3, 3]);
  });

  it('survives a table that is away when it starts', async () => {
    const stage = newStage();
    const line = connect(stage.world, stage.store, {
      fates: ({ n }) => (n < 5 ? 'unreachable' : 'done'),
    });
    let scheduler: ReturnType<typeof startScheduler> | undefined;
    const ran = new Promise<void>((resolve) => {
      scheduler = startScheduler(optionsOf(stage, line, { onPass: () => resolve() }));
    });
    await settled(stage.clock, ran);
    if (scheduler === undefined) throw new Error('it was not started');
    await settled(stage.clock, scheduler.stop());
    expect(stage.store.report?.at).toBe(noon + 50_000);
  });
});
