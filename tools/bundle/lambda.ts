import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build, type Plugin } from 'esbuild';

const root = join(import.meta.dirname, '..', '..');

/** zod carries its messages in forty languages, and a namespace export keeps esbuild from leaving them out. */
const englishOnly: Plugin = {
  name: 'zod in English only',
  setup: (build) => {
    build.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: `export { default as en } from './en.js';`,
      loader: 'js',
    }));
  },
};

/**
 * The SDK's schemas have keys like `{ [_eQN]: … }` with `const _eQN = "ec2QueryName"` above. A computed key might
 * have an effect, so esbuild keeps every shape of EC2 (half a megabyte to parse at each cold start); written
 * out, those that no command of ours leads to are left out.
 */
const plainSchemaKeys: Plugin = {
  name: 'plain keys in the schemas of the SDK',
  setup: (build) => {
    build.onLoad(
      { filter: /[\\/]client-[^\\/]+[\\/]dist-es[\\/]schemas[\\/]schemas_\d+\.js$/ },
      ({ path }) => {
        const text = readFileSync(path, 'utf8');
        const constants = new Map(
          [...text.matchAll(/^const (\w+) = ("[^"\n]*");$/gm)].map(([, name = '', value = '']) => [
            name,
            value,
          ]),
        );
        const contents = text.replaceAll(/([{,]\s*)\[(\w+)\]:/g, (whole, before: string, name: string) =>
          constants.has(name) ? `${before}${constants.get(name)}:` : whole,
        );
        return { contents, loader: 'js' };
      },
    );
  },
};

/** One ESM file for Node 24, with everything in it: what Lambda's own SDK is today does not matter. */
export async function bundle(entry: string, file: string): Promise<{ readonly bytes: number }> {
  mkdirSync(dirname(file), { recursive: true });
  await build({
    entryPoints: [join(root, entry)],
    outfile: file,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    plugins: [englishOnly, plainSchemaKeys],
    // Packages that are CommonJS inside call `require` for what Node has.
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  return { bytes: statSync(file).size };
}

export const bundleScheduler = (file: string): Promise<{ readonly bytes: number }> =>
  bundle('lambda/scheduler/handler.ts', file);
