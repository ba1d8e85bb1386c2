import { expect, it } from 'vitest';
import { createArchiveBudget } from '../../../containers/ingest/archive/archive.ts';
import { createIngestMetrics } from '../../../containers/ingest/metrics.ts';

it('says what the whole spool holds, also of broadcasts that nobody holds any more', async () => {
  const { spool } = createArchiveBudget({});
  const { registry } = createIngestMetrics(
    () => ({ all: [] }),
    () => spool.used,
  );
  spool.count('/spool/left/720p/0.m4s', 1_000);
  expect(await registry.metrics()).toContain('\ntidecast_spool_bytes 1000\n');
  spool.give('/spool/left/720p/0.m4s');
  expect(await registry.metrics()).toContain('\ntidecast_spool_bytes 0\n');
});
