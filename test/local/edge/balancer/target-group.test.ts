import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../../../local/edge/balancer/health.ts';
import { TargetGroup } from '../../../../local/edge/balancer/target-group.ts';
import { atEnd } from '../harness.ts';

const url = (n: number): URL => new URL(`http://127.0.0.1:${n}`);

/** A group whose checks find what the test says, as often as the test lets them. */
function group() {
  const findings = new Map<string, Finding>();
  let ids = 0;
  const targets = new TargetGroup({
    check: ({ href }) => Promise.resolve(findings.get(href) ?? 'silent'),
    everyMs: 1,
    newId: () => `t${(ids += 1)}`,
  });
  atEnd(() => targets.close());
  const state = (n: number): string | undefined =>
    targets.targets.find((target) => target.url.href === url(n).href)?.state;
  return {
    targets,
    state,
    find: (n: number, finding: Finding): void => void findings.set(url(n).href, finding),
    becomes: (n: number, wanted: string): Promise<void> =>
      expect.poll(() => state(n), { interval: 2, timeout: 2_000 }).toBe(wanted),
  };
}

async function wellOnes(count: number) {
  const made = group();
  for (let n = 1; n <= count; n++) {
    made.find(n, 'well');
    made.targets.register(url(n));
    await made.becomes(n, 'healthy');
  }
  return made;
}

describe('a target group', () => {
  test('gives a target nothing before its first good check', async () => {
    const { targets, find, becomes } = group();
    targets.register(url(1));
    expect(targets.take()).toBeUndefined();
    find(1, 'well');
    await becomes(1, 'healthy');
    expect(targets.take()?.target.url.href).toBe(url(1).href);
  });

  test('gives a request to the one that has least to do, whatever came and went before', async () => {
    const { targets } = await wellOnes(3);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 9 }), { maxLength: 60 }), (steps) => {
        const leases = [];
        for (const step of steps) {
          const least = Math.min(...targets.targets.map(({ outstanding }) => outstanding));
          if (step < 6) {
            const lease = targets.take();
            leases.push(lease);
            const after = targets.targets.find(({ id }) => id === lease?.target.id)?.outstanding;
            expect(after).toBe(least + 1);
          } else leases.splice(step % Math.max(1, leases.length), 1)[0]?.release();
        }
        for (const lease of leases) lease?.release();
        expect(targets.targets.map(({ outstanding }) => outstanding)).toEqual([0, 0, 0]);
      }),
      { numRuns: 200 },
    );
  });

  test('gives idle targets requests in turn', async () => {
    const { targets } = await wellOnes(3);
    const ids = Array.from({ length: 6 }, () => {
      const lease = targets.take();
      lease?.release();
      return lease?.target.id;
    });
    expect(new Set(ids.slice(0, 3)).size).toBe(3);
    expect(ids.slice(3)).toEqual(ids.slice(0, 3));
  });

  test('a lease that is released twice counts once', async () => {
    const { targets } = await wellOnes(1);
    const lease = targets.take();
    targets.take();
    lease?.release();
    lease?.release();
    expect(targets.targets[0]?.outstanding).toBe(1);
  });

  test('leaves an asker with the one that it was with, while that one is well', async () => {
    const { targets, find, becomes } = await wellOnes(2);
    const first = targets.take();
    const id = first?.target.id;
    for (let i = 0; i < 5; i++) expect(targets.take(id)?.target.id).toBe(id);
    const n = Number(first?.target.url.port);
    find(n, 'unwell');
    await becomes(n, 'unhealthy');
    expect(targets.take(id)?.target.id).not.toBe(id);
    expect(targets.take('unknown')).toBeDefined();
  });

  test('believes a target that calls itself unwell at once, and takes it back when it is well', async () => {
    const { targets, find, becomes } = await wellOnes(1);
    const open = targets.take();
    find(1, 'unwell');
    await becomes(1, 'unhealthy');
    expect(targets.take()).toBeUndefined();
    expect(targets.targets[0]?.outstanding).toBe(1);
    open?.release();
    find(1, 'well');
    await becomes(1, 'healthy');
    expect(targets.take()).toBeDefined();
  });

  test('overlooks one silence, not two', async () => {
    const script: Finding[] = ['well', 'silent', 'well', 'silent', 'silent'];
    const states: (string | undefined)[] = [];
    const targets = new TargetGroup({
      check: () => {
        states.push(targets.targets[0]?.state);
        const next = script.shift();
        return next === undefined ? new Promise(() => undefined) : Promise.resolve(next);
      },
      everyMs: 1,
      newId: () => 'x',
    });
    atEnd(() => targets.close());
    targets.register(url(1));
    await expect.poll(() => states.length, { interval: 2 }).toBe(6);
    expect(states).toEqual(['starting', 'healthy', 'healthy', 'healthy', 'healthy', 'unhealthy']);
  });

  test('a connection that was refused takes a target out before the next check', async () => {
    const { targets } = await wellOnes(2);
    const lease = targets.take();
    lease?.refused();
    expect(targets.take(lease?.target.id)?.target.id).not.toBe(lease?.target.id);
    expect(targets.targets.find(({ id }) => id === lease?.target.id)?.outstanding).toBe(0);
  });

  test('one that was taken away gets nothing; registered twice it is there once', async () => {
    const { targets } = await wellOnes(1);
    targets.register(url(1));
    expect(targets.targets).toHaveLength(1);
    targets.deregister(url(1));
    expect(targets.take()).toBeUndefined();
  });
});
