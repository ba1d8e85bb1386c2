/**
 * `node tools/bundle/main.ts`: writes what is deployed into dist, each program as one file, and says how large it is.
 * cdk.json runs it before the app.
 */
import { join } from 'node:path';
import { bundleContainer, containerNames } from './containers.ts';
import { bundleScheduler } from './lambda.ts';

const dist = join(import.meta.dirname, '..', '..', 'dist');

const programs = [
  {
    name: 'lambda/scheduler',
    write: (folder: string) => bundleScheduler(join(folder, 'index.mjs')),
  },
  ...containerNames.map((name) => ({
    name: `containers/${name}`,
    write: (folder: string) => bundleContainer(name, folder),
  })),
];

const sizes = await Promise.all(
  programs.map(async ({ name, write }) => `${name}: ${(await write(join(dist, name))).bytes} bytes`),
);
console.log(sizes.join('\n'));
