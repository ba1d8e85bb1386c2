import { describe, expect, it } from 'vitest';
import { readPolicy } from '../../../core/environment/policy.ts';
import { typicalPoints } from '../../../core/fleet/cost.ts';
import { isFull } from '../../../core/fleet/room.ts';
import { defaultRungs } from '../../../core/media/ladder.ts';
import { parseRungs } from '../../../core/media/rungs.ts';
import { localPolicy, pointsOf } from '../../../local/fleet/policy.ts';

describe('the policy of one machine', () => {
  const ladders = ['160p', '360p,160p', '720p,360p', '1080p,720p,480p,360p,160p'].map((text) => ({
    text,
    rungs: parseRungs(text),
  }));

  it('counts the default ladder as typical', () => {
    expect(pointsOf(defaultRungs)).toBeCloseTo(typicalPoints, -2);
  });

  it.each(ladders)('lets a host hold two shows of $text, and plans no newcomer as a third', ({ rungs }) => {
    const policy = localPolicy({ rungs, minHosts: 2, maxHosts: 6, showsPerHost: 2, graceMs: 60_000 });
    const limits = { points: policy.hosts.roomPoints, cpu: policy.cpu };
    const fullWith = (shows: number): boolean =>
      isFull(
        limits,
        { usedPoints: shows * pointsOf(rungs), roomPoints: policy.hosts.roomPoints, cpu: 0 },
        false,
      );
    expect(fullWith(0)).toBe(false);
    expect(fullWith(1)).toBe(false);
    expect(policy.hosts.roomPoints - pointsOf(rungs)).toBe(typicalPoints);
    expect(policy.hosts.roomPoints - 2 * pointsOf(rungs)).toBeLessThan(typicalPoints);
  });

  it('is one that the scheduler takes', () => {
    const policy = localPolicy({
      rungs: defaultRungs,
      minHosts: 1,
      maxHosts: 1,
      showsPerHost: 2,
      graceMs: 6_000,
    });
    expect(() => readPolicy(JSON.stringify(policy))).not.toThrow();
    expect(policy.front.minAddresses).toBe(1);
  });
});
