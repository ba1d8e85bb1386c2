import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Construct } from 'constructs';
import { ConfigError } from '../config.ts';

const usual = join(import.meta.dirname, '..', '..', 'dist');

/**
 * The built pages: dist/web, which cdk.json has built before the app. Context `bundles` names another folder than dist
 * (tests: one with placeholders).
 * @throws ConfigError when they are not there
 */
export function webFolder(scope: Construct): string {
  const folder = join((scope.node.tryGetContext('bundles') as string | undefined) ?? usual, 'web');
  if (!existsSync(join(folder, 'index.html')))
    throw new ConfigError(
      `the pages are not built: there is no ${folder}; run npx vite build --config web/vite.config.ts`,
    );
  return folder;
}
