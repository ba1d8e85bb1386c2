import { expect, it } from 'vitest';
import { createArchiveBudget } from '../../../containers/ingest/archive/archive.ts';
import { createIngestMetrics, type FleetFigures } from '../../../containers/ingest/metrics.ts';

const fleet: FleetFigures = {
  door: { isOpen: true, full: false, usedPoints: 1_200, roomPoints: 4_000 },
  member: { obeys: 3, phase: 'draining', failures: 2 },
  cpu: () => 0.25,
};

it('says how the task stands in the fleet', async () => {
  const metrics = createIngestMetrics({
    broadcasts: () => ({ all: [] }),
    spoolBytes: () => 0,
    fleet,
    passing: () => 3,
  });
  metrics.passedOn('passed');
  metrics.passedOn('passed');
  for (const pass of [1, 2]) {
    const text = await metrics.registry.metrics();
    for (const line of [
      'accepting 1',
      'full 0',
      'draining 1',
      'order 3',
      'used_points 1200',
      'room_points 4000',
      'cpu 0.25',
    ])
      expect(text, `pass ${pass}`).toContain(`\ntidecast_task_${line}\n`);
    expect(text).toContain('\ntidecast_heartbeats_failed_total 2\n');
    expect(text).toContain('\ntidecast_passing 3\n');
    expect(text).toContain('\ntidecast_passed_on_total{outcome="passed"} 2\n');
  }
});

it('says what the whole spool holds, also of broadcasts that nobody holds any more', async () => {
  const { spool } = createArchiveBudget({});
  const { registry } = createIngestMetrics({
    broadcasts: () => ({ all: [] }),
    spoolBytes: () => spool.used,
    fleet,
    passing: () => 0,
  });
  spool.count('/spool/left/720p/0.m4s', 1_000);
  expect(await registry.metrics()).toContain('\ntidecast_spool_bytes 1000\n');
  spool.give('/spool/left/720p/0.m4s');
  expect(await registry.metrics()).toContain('\ntidecast_spool_bytes 0\n');
});
