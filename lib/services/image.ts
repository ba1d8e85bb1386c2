import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { ConfigError } from '../config.ts';

const usual = join(import.meta.dirname, '..', '..', 'dist');

/**
 * The image of containers/<program>, built and pushed by `cdk deploy` from what tools/bundle has written: its program as
 * one file, and its Dockerfile. So it is a new image, which sends every viewer's connection away, only when the program
 * is another one. Context `bundles` names another folder (tests: one with placeholders).
 * @throws ConfigError when it is not there
 */
export function imageOf(scope: Construct, program: string): ecs.ContainerImage {
  const bundles = (scope.node.tryGetContext('bundles') as string | undefined) ?? usual;
  const folder = join(bundles, 'containers', program);
  for (const file of ['Dockerfile', 'main.mjs'])
    if (!existsSync(join(folder, file)))
      throw new ConfigError(
        `the container '${program}' is not bundled: there is no ${join(folder, file)}; run node tools/bundle/main.ts`,
      );
  return ecs.ContainerImage.fromAsset(folder, { platform: Platform.LINUX_ARM64 });
}
