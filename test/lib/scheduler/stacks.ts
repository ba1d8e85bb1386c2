import type { App } from 'aws-cdk-lib';
import type { Settings } from '../../../lib/config.ts';
import { DataStack } from '../../../lib/data/data-stack.ts';
import { IngestStack } from '../../../lib/ingest/ingest-stack.ts';
import { NetworkStack } from '../../../lib/network/network-stack.ts';
import { RegistryStack } from '../../../lib/registry/registry-stack.ts';
import { SchedulerStack } from '../../../lib/scheduler/scheduler-stack.ts';

/** The scheduler's stack and those that it needs: half the time of all. */
export function buildScheduler(app: App, settings: Settings): SchedulerStack {
  const network = new NetworkStack(app, settings);
  const data = new DataStack(app, settings);
  const registry = new RegistryStack(app, settings);
  const ingest = new IngestStack(app, settings, { network, data, registry });
  return new SchedulerStack(app, settings, { network, data, registry, ingest });
}
