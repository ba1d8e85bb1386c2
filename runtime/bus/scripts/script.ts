import { createHash } from 'node:crypto';
import { isMissingScript, type Link } from '../link.ts';

/** Lua that Redis runs as one: nothing else happens in between. */
export interface Script {
  readonly source: string;
  readonly sha: string;
}

export function defineScript(...parts: readonly string[]): Script {
  const source = parts.join('\n');
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}

/** By its hash; sent whole where Redis does not know it (yet, or any more). */
export async function run(
  link: Link,
  script: Script,
  key: string,
  args: readonly string[] = [],
): Promise<unknown> {
  try {
    return await link.send(['EVALSHA', script.sha, '1', key, ...args]);
  } catch (error) {
    if (!isMissingScript(error)) throw error;
    return link.send(['EVAL', script.source, '1', key, ...args]);
  }
}
