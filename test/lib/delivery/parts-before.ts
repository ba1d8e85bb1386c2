/** As much of the stacks before the delivery as it asks for. */
import type { App } from 'aws-cdk-lib';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { Settings } from '../../../lib/config.ts';
import { DataStack } from '../../../lib/data/data-stack.ts';
import type { DeliveryNeeds } from '../../../lib/delivery/delivery-stack.ts';
import { webFolder } from '../../../lib/delivery/web-folder.ts';
import { EdgeStack } from '../../../lib/edge/edge-stack.ts';
import { NetworkStack } from '../../../lib/network/network-stack.ts';
import type { NetworkParts } from '../../../lib/parts.ts';
import { TidecastStack } from '../../../lib/stack.ts';

class LoadBalancer extends TidecastStack {
  readonly loadBalancer: elb.ApplicationLoadBalancer;

  constructor(app: App, settings: Settings, part: string, { vpc }: NetworkParts) {
    super(app, { part, settings, description: 'fake' });
    this.loadBalancer = new elb.ApplicationLoadBalancer(this, 'LoadBalancer', { vpc });
  }
}

export function partsBefore(app: App, settings: Settings): DeliveryNeeds {
  const network = new NetworkStack(app, settings) as NetworkParts;
  return {
    data: new DataStack(app, settings),
    ingest: new LoadBalancer(app, settings, 'ingest', network),
    entrance: new LoadBalancer(app, settings, 'entrance', network),
    edge: new EdgeStack(app, settings),
    webFolder: webFolder(app),
  };
}
