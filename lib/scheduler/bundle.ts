import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { ConfigError } from '../config.ts';

const usual = join(import.meta.dirname, '..', '..', 'dist', 'lambda');

/**
 * What tools/bundle has made of lambda/<name>: cdk.json runs it before the app, so that what is deployed is what
 * stands in the checkout. Context `bundles` names another folder (tests: one with a placeholder).
 * @throws ConfigError when it is not there
 */
export function bundleOf(scope: Construct, name: string): lambda.Code {
  const folder = join((scope.node.tryGetContext('bundles') as string | undefined) ?? usual, name);
  if (!existsSync(join(folder, 'index.mjs')))
    throw new ConfigError(
      `the Lambda '${name}' is not bundled: there is no ${join(folder, 'index.mjs')}; run node tools/bundle/main.ts`,
    );
  return lambda.Code.fromAsset(folder);
}
