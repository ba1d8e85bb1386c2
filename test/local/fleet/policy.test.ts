import { describe, expect, it } from 'vitest';
import { readPolicy } from '../../../core/environment/policy.ts';
import { typicalPoints } from '../../../core/fleet/cost.ts';
import { overflow } from '../../../core/fleet/front.ts';
import { localPolicy } from '../../../local/fleet/policy.ts';

describe('the policy of one machine', () => {
  it('is one that the scheduler takes, also for a fleet of one host', () => {
    for (const hosts of [1, 2, 6]) {
      const policy = localPolicy({ minHosts: Math.min(2, hosts), maxHosts: hosts, graceMs: 6_000 });
      expect(() => readPolicy(JSON.stringify(policy))).not.toThrow();
      expect(policy.front.minAddresses).toBeLessThanOrEqual(hosts);
    }
  });

  it('gives an empty host room enough to be the front set alone', () => {
    const { hosts, front } = localPolicy({ minHosts: 2, maxHosts: 6, graceMs: 60_000 });
    const slots = Math.floor(hosts.roomPoints / typicalPoints);
    // The planner counts on one newcomer every other time.
    expect(overflow(0.5, slots) / 0.5).toBeLessThan(front.passedOnShare);
  });
});
