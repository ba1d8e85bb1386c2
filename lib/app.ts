import type { App } from 'aws-cdk-lib';
import { ApiStack } from './api/api-stack.ts';
import { ChatStack } from './chat/chat-stack.ts';
import type { Settings } from './config.ts';
import { DataStack } from './data/data-stack.ts';
import { EntranceStack } from './entrance/entrance-stack.ts';
import { IngestStack } from './ingest/ingest-stack.ts';
import { NetworkStack } from './network/network-stack.ts';
import { RegistryStack } from './registry/registry-stack.ts';
import { SchedulerStack } from './scheduler/scheduler-stack.ts';

/** Every stack of a deployment, wired: who needs what of whom. */
export function buildStacks(app: App, settings: Settings): void {
  const network = new NetworkStack(app, settings);
  const data = new DataStack(app, settings);
  const registry = new RegistryStack(app, settings);
  const ingest = new IngestStack(app, settings, { network, data, registry });
  new SchedulerStack(app, settings, { network, data, registry, ingest });
  const entrance = new EntranceStack(app, settings, { network });
  // Until there is a delivery stack: without a domain its publicUrl is CloudFront's own name.
  const delivery = { publicUrl: `https://${settings.domain?.name ?? 'not-yet.cloudfront.net'}` };
  const api = new ApiStack(app, settings, { network, data, entrance, delivery });
  for (const shard of settings.chat.shards) new ChatStack(app, settings, { network, data, api }, shard);
}
