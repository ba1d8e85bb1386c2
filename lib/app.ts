import type { App } from 'aws-cdk-lib';
import { ApiStack } from './api/api-stack.ts';
import { ChatStack } from './chat/chat-stack.ts';
import type { Settings } from './config.ts';
import { DataStack } from './data/data-stack.ts';
import { DeliveryStack } from './delivery/delivery-stack.ts';
import { webFolder } from './delivery/web-folder.ts';
import { EdgeStack } from './edge/edge-stack.ts';
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
  const edge = new EdgeStack(app, settings);
  const delivery = new DeliveryStack(app, settings, {
    data,
    ingest,
    entrance,
    edge,
    webFolder: webFolder(app),
  });
  const api = new ApiStack(app, settings, { network, data, entrance, delivery });
  for (const shard of settings.chat.shards) new ChatStack(app, settings, { network, data, api }, shard);
}
