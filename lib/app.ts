import type { App } from 'aws-cdk-lib';
import type { Settings } from './config.ts';
import { DataStack } from './data/data-stack.ts';
import { NetworkStack } from './network/network-stack.ts';

/** Every stack of a deployment, wired: who needs what of whom. */
export function buildStacks(app: App, settings: Settings): void {
  new NetworkStack(app, settings);
  new DataStack(app, settings);
}
