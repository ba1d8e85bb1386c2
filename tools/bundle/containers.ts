import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './lambda.ts';

export const containerNames = ['ingest', 'chat', 'api'] as const;
export type ContainerName = (typeof containerNames)[number];

const root = join(import.meta.dirname, '..', '..');

/**
 * Writes everything that `docker build` needs of a container into a folder: its program as one file, and its
 * Dockerfile. So an image's digest changes with its program, and with nothing else in the repository.
 */
export async function bundleContainer(
  name: ContainerName,
  folder: string,
): Promise<{ readonly bytes: number }> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(root, 'containers', name, 'Dockerfile'), join(folder, 'Dockerfile'));
  return bundle(`containers/${name}/main.ts`, join(folder, 'main.mjs'));
}
