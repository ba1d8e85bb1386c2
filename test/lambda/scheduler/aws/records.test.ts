import { describe, expect, it } from 'vitest';
import { plan } from '../../../../core/fleet/plan.ts';
import { createNamelessRecords } from '../../../../lambda/scheduler/aws/records.ts';
import { actions, fleet, front, now, policy, withFacts } from '../../../core/fleet/fixture.ts';

describe('records of a fleet without a domain', () => {
  const { signal } = new AbortController();

  it('say the front set that was told, so that a quiet fleet is not told it again in every pass', async () => {
    const records = createNamelessRecords();
    const pass = async () => {
      const snapshot = withFacts(fleet({ hosts: [front({ shows: 1 }), front({ shows: 1 })] }), {
        records: await records.read(signal),
      });
      const decided = actions(plan(snapshot, { ...policy, hasDomain: false }, now), 'set-front');
      for (const { ips, ttlS } of decided) await records.setFront(ips, ttlS, signal);
      return decided.length;
    };
    expect([await pass(), await pass(), await pass()]).toEqual([1, 0, 0]);
  });

  it('name no slots', async () => {
    const records = createNamelessRecords();
    await records.setSlot('in-01', '198.51.100.1', signal);
    await records.removeSlot('in-01', '198.51.100.1', signal);
    expect(await records.read(signal)).toEqual({ front: [], slots: {} });
  });
});
