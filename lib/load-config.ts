import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigError, readConfig, type Settings } from './config.ts';

const usual = join(import.meta.dirname, '..', 'tidecast.config.ts');

/**
 * @param path of the configuration, relative to where the person stands; `tidecast.config.ts` beside cdk.json when
 *   absent
 * @throws ConfigError
 */
export async function loadConfig(path?: string): Promise<Settings> {
  const file = path === undefined ? usual : resolve(path);
  if (!existsSync(file))
    throw new ConfigError(
      `there is no configuration ${file}: copy tidecast.config.ts of the repository, or name another with -c config=FILE`,
    );
  let module: { readonly default?: unknown };
  try {
    module = (await import(pathToFileURL(file).href)) as typeof module;
  } catch (cause) {
    throw new ConfigError(
      `${file} can't be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
  if (module.default === undefined)
    throw new ConfigError(`${file} exports nothing: it must say export default defineConfig({ … })`);
  return readConfig(module.default);
}
