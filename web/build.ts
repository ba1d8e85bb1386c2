import { fileURLToPath } from 'node:url';
import { build } from 'vite';

/** Builds the pages into dist/web, or elsewhere. Says nothing but warnings. */
export async function buildPages(options: { readonly folder?: string } = {}): Promise<void> {
  await build({
    configFile: fileURLToPath(new URL('vite.config.ts', import.meta.url)),
    logLevel: 'warn',
    ...(options.folder !== undefined && { build: { outDir: options.folder, emptyOutDir: true } }),
  });
}
