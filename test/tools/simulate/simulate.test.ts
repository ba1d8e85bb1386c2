import { describe, expect, it } from 'vitest';
import { baselines } from '../../../tools/simulate/baselines/all.ts';
import { describe as inWords, totalOf } from '../../../tools/simulate/print.ts';
import { Recorder } from '../../../tools/simulate/record.ts';
import { drawReport } from '../../../tools/simulate/report/report.ts';
import { simulate, type SimulationOptions } from '../../../tools/simulate/run.ts';

const day: SimulationOptions = {
  days: 1,
  peak: 40,
  seed: 1,
  faults: true,
  pushEveryHours: 24,
  room: 4,
  fallbackShare: 0,
  mixed: false,
  announced: true,
};

const quarter = { ...day, days: 0.25, peak: 20 };

describe('a day of the fleet with everything going wrong', () => {
  const recorder = new Recorder();
  const running = simulate(day, {
    begins: (world, start, end) => recorder.begins(world, start, end),
    pass: (report) => recorder.pass(report),
  });

  it('cuts no broadcast off and breaks no invariant', async () => {
    const { figures, failures, world } = await running;
    expect(world.tally.violations).toEqual([]);
    expect(failures).toEqual([]);
    expect(figures.interrupted).toBe(0);
    expect(figures.violations).toBe(0);
  });

  it('had encoders, releases, passes and faults of many kinds', async () => {
    const { figures, passes, rollouts, world } = await running;
    expect(figures.encoders).toBeGreaterThan(150);
    expect(passes).toBeGreaterThan(8_000);
    expect(rollouts.pushes.length).toBeGreaterThanOrEqual(1);
    for (const kind of ['throttled', 'unreachable', 'lost reply', 'tick lost']) {
      expect(world.tally.faults[kind]).toBeGreaterThan(0);
    }
  });

  it('never runs on less than the clairvoyant bound', async () => {
    const { figures } = await running;
    expect(figures.ratio).toBeGreaterThan(1);
    expect(figures.ratio).toBeCloseTo(figures.host_hours / figures.lower_bound_hours, 2);
  });

  it('draws a report that needs nothing but itself', async () => {
    const outcome = await running;
    const others = baselines({
      trace: outcome.trace,
      demand: outcome.demand,
      roomPoints: outcome.policy.hosts.roomPoints,
      releases: [],
      seed: 1,
    });
    const html = drawReport({ outcome, recording: recorder, others });
    for (const title of [
      'Demand and room',
      'Hosts',
      'Front set',
      'Rollouts',
      'Longest drain',
      'Decisions by reason',
    ])
      expect(html).toContain(`<h2>${title}</h2>`);
    expect(html).not.toMatch(/https?:|<script|<link|NaN|undefined|Infinity/);
    expect(inWords(outcome, recorder, others, 1)).toContain('CPU target tracking');
  });
});

describe('half a day with ten times the faults', () => {
  it.each([1, 2])('cuts no broadcast off and breaks no invariant (seed %i)', async (seed) => {
    const harsh = { ...day, days: 0.5, peak: 30, seed, faultRate: 10, pushEveryHours: 4, mixed: true };
    const { figures, failures, world } = await simulate(harsh);
    expect(world.tally.violations).toEqual([]);
    expect(failures).toEqual([]);
    expect(figures.interrupted).toBe(0);
    for (const kind of [
      'scheduler crash',
      'slow call',
      'tick repeated',
      'omitted from a list',
      'table out',
    ]) {
      expect(world.tally.faults[kind]).toBeGreaterThan(0);
    }
  });
});

describe('the figures', () => {
  it('are the same for the same seed, and others for another', async () => {
    const [first, again, other] = [
      await simulate(quarter),
      await simulate(quarter),
      await simulate({ ...quarter, seed: 2 }),
    ];
    expect(again.figures).toEqual(first.figures);
    expect(again.world.tally.calls).toEqual(first.world.tally.calls);
    expect(other.figures).not.toEqual(first.figures);
  });

  it('have the names and the order of the last line', async () => {
    const { figures } = await simulate({ ...quarter, faults: false, pushEveryHours: 0 });
    expect(Object.keys(figures)).toEqual([
      'interrupted',
      'refused',
      'encoders',
      'wait_p999_s',
      'host_hours',
      'lower_bound_hours',
      'ratio',
      'violations',
      'rollout_last_task_old_image_h',
    ]);
    expect(figures.rollout_last_task_old_image_h).toBe(0);
  });

  it('do not change the demand when faults are switched off', async () => {
    const [on, off] = [await simulate(quarter), await simulate({ ...quarter, faults: false })];
    expect(off.figures.lower_bound_hours).toBe(on.figures.lower_bound_hours);
    expect(off.figures.encoders).toBe(on.figures.encoders);
    expect(off.world.tally.faults).toEqual({});
  });

  it('add up over seeds', async () => {
    const outcomes = [await simulate(quarter), await simulate({ ...quarter, seed: 2 })];
    const total = totalOf(outcomes);
    const sum = (of: (figures: typeof total) => number): number =>
      outcomes.reduce((all, { figures }) => all + of(figures), 0);
    expect(total.encoders).toBe(sum((figures) => figures.encoders));
    expect(total.host_hours).toBeCloseTo(
      sum((figures) => figures.host_hours),
      0,
    );
    expect(total.ratio).toBeCloseTo(total.host_hours / total.lower_bound_hours, 2);
  });
});
