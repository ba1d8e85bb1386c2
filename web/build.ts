import { fileURLToPath } from 'node:url';
import { build } from 'vite';

/** Builds the pages into dist/web. Says nothing but warnings. */
export async function buildPages(): Promise<void> {
  await build({ configFile: fileURLToPath(new URL('vite.config.ts', import.meta.url)), logLevel: 'warn' });
}
