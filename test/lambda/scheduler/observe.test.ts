import { describe, expect, it } from 'vitest';
import type { Infrastructure } from '../../../core/fleet/ports.ts';
import type { SourceName, Sources } from '../../../core/fleet/snapshot.ts';
import { observe } from '../../../lambda/scheduler/observe.ts';
import { connect, type Fates, type Line } from '../../fakes/fleet/line.ts';
import { heartbeatOf, noon, reportOf } from './contract/store.ts';
import { newStage, noSources, settled, type Stage } from './harness.ts';

const all: readonly SourceName[] = Object.keys(noSources).sort() as SourceName[];

const look = (
  { clock }: Stage,
  line: Line,
  previous?: Sources,
): Promise<{ readonly sources: Sources; readonly errors: readonly { readonly call: string }[] }> =>
  settled(clock, observe({ ...line, clock, previous, withinMs: 8_000, parallel: 6 }));

const failing =
  (...names: readonly string[]): Fates =>
  ({ name }) =>
    names.includes(name) ? 'unreachable' : 'done';

describe('observe', () => {
  it('reads every source once', async () => {
    const stage = newStage();
    stage.store.beat(heartbeatOf('task-1'));
    const line = connect(stage.world, stage.store);
    const { sources, errors } = await look(stage, line);
    expect(errors).toEqual([]);
    expect(Object.keys(sources).sort()).toEqual(all);
    expect(Object.values(sources)).not.toContain(undefined);
    expect(sources.heartbeats?.value).toEqual([heartbeatOf('task-1')]);
    expect(line.calls.map((call) => call.replace('read ', '')).sort()).toEqual(all);
  });

  it('says of each source when its reading began', async () => {
    const stage = newStage();
    // Every call takes a second.
    const line = connect(stage.world, stage.store, { before: () => stage.clock.jump(1_000) });
    const { sources } = await look(stage, line);
    const times = all.map((name) => sources[name]?.at ?? 0);
    expect(Math.min(...times)).toBe(noon);
    expect(Math.max(...times)).toBeLessThan(noon + all.length * 1_000);
    expect(sources.heartbeats?.at).toBe(Math.max(...times));
  });

  it('has a few readings under way at a time', async () => {
    const stage = newStage();
    const line = connect(stage.world, stage.store);
    let now = 0;
    let most = 0;
    const waiting: (() => void)[] = [];
    const read: Infrastructure['read'] = async (source, signal) => {
      now += 1;
      most = Math.max(most, now);
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        stage.clock.after(100, () => waiting.shift()?.());
      });
      now -= 1;
      return line.infrastructure.read(source, signal);
    };
    const { errors } = await look(stage, { ...line, infrastructure: { ...line.infrastructure, read } });
    expect(errors).toEqual([]);
    expect(most).toBe(6);
  });

  it('keeps what was known of a source that fails, with the time of that reading', async () => {
    const stage = newStage();
    const before = reportOf(noon - 60_000, 1).snapshot.sources;
    const line = connect(stage.world, stage.store, {
      fates: failing('read group', 'read hosts', 'heartbeats'),
    });
    const { sources, errors } = await look(stage, line, before);
    expect(sources.group).toEqual(before.group);
    expect(sources.heartbeats).toEqual(before.heartbeats);
    expect(sources.hosts).toBeUndefined();
    expect(sources.tasks?.at).toBe(noon);
    expect(errors.map(({ call }) => call).sort()).toEqual(['group', 'heartbeats', 'hosts']);
  });

  it('waits for one that hangs no longer than it may, and has all the others', async () => {
    const stage = newStage();
    const before = reportOf(noon - 60_000, 1).snapshot.sources;
    const line = connect(stage.world, stage.store, {
      fates: ({ name }) => (name === 'read group' || name === 'orders' ? 'hang' : 'done'),
    });
    const { sources, errors } = await look(stage, line, before);
    expect(stage.clock.now()).toBe(noon + 8_000);
    expect(sources.group).toEqual(before.group);
    expect(sources.orders).toBeUndefined();
    expect(errors.map(({ call }) => call).sort()).toEqual(['group', 'orders']);
    expect(sources.heartbeats?.at).toBe(noon);
  });

  it('tells a reading that is late to end, and does not take what it still says', async () => {
    const stage = newStage();
    const line = connect(stage.world, stage.store);
    let told: AbortSignal | undefined;
    let answer: (() => void) | undefined;
    const read: Infrastructure['read'] = async (source, signal) => {
      if (source === 'group') {
        told = signal;
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
      }
      return line.infrastructure.read(source, signal);
    };
    const { sources } = await look(stage, { ...line, infrastructure: { ...line.infrastructure, read } });
    expect(told?.aborted).toBe(true);
    answer?.();
    await stage.clock.run(Promise.resolve());
    expect(sources.group).toBeUndefined();
  });

  it('survives that nothing can be read at all', async () => {
    const stage = newStage();
    const line = connect(stage.world, stage.store, { fates: () => 'throttled' });
    const { sources, errors } = await look(stage, line);
    expect(sources).toEqual(noSources);
    expect(errors).toHaveLength(all.length);
  });
});
