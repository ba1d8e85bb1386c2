/** The CDK app: `tidecast.config.ts` in, CloudFormation templates out (cdk.json runs it). */
import { App } from 'aws-cdk-lib';
import { buildStacks } from '../lib/app.ts';
import { ConfigError } from '../lib/config.ts';
import { loadConfig } from '../lib/load-config.ts';

try {
  const app = new App();
  buildStacks(app, await loadConfig(app.node.tryGetContext('config') as string | undefined));
  app.synth();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
