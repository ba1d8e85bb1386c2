import { Counter, Gauge, type Registry } from 'prom-client';
import type { ArchiveMetrics } from '../archive/archiver.ts';

export function createArchiveMetrics(registry: Registry): ArchiveMetrics {
  const registers = [registry];
  const chunks = new Counter({
    name: 'tidecast_chat_archive_chunks_total',
    help: 'Chunks of chat written to object storage',
    registers,
  });
  const failures = new Counter({
    name: 'tidecast_chat_archive_failures_total',
    help: 'Times that chat could not be archived, and will be tried again',
    registers,
  });
  const waiting = new Gauge({
    name: 'tidecast_chat_archive_waiting',
    help: 'Broadcasts of the shard that are not wholly archived; 0 where another task does it',
    registers,
  });
  return {
    wroteChunk: () => chunks.inc(),
    failed: () => failures.inc(),
    waiting: (broadcasts) => waiting.set(broadcasts),
  };
}
