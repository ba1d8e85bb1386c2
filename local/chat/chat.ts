/** The chat of the local platform: shards that can come and go while shows run. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { shardPattern } from '../../core/chat/protocol.ts';
import type { TargetGroup } from '../edge/balancer/target-group.ts';
import { startShard, type LocalShard, type ShardOptions } from './shard.ts';

/** What was asked for can't be done; the text is for whoever asked. */
export class ShardError extends Error {
  override readonly name = 'ShardError';
}

export interface LocalChat {
  readonly shards: readonly LocalShard[];
  /** @throws ShardError when there is none by this name */
  shard(name: string): LocalShard;
  /** For the edge: a path rule of its load balancer. */
  group(name: string): TargetGroup | undefined;
  /** Resolves when it takes viewers. It is there at the next start, too. @throws ShardError */
  addShard(name: string): Promise<LocalShard>;
  /** Its viewers are sent away, its shows are to be moved before. @throws ShardError */
  removeShard(name: string): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

/** Each has a Redis and two processes: a machine that people work at has room for a few. */
const maxShards = 8;

const names = z.array(z.string().regex(shardPattern));

function readNames(file: string): readonly string[] {
  try {
    return names.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new ShardError(`${file} is not what was written: remove it to begin with the usual shards`, {
      cause: error,
    });
  }
}

export async function startLocalChat(
  options: ShardOptions & {
    /** Those of the first start; the ones added since are remembered. */
    readonly shards: readonly string[];
    /** Takes it off the list of shards that broadcasts may get. */
    readonly forget: (shard: string) => Promise<void>;
  },
): Promise<LocalChat> {
  const listFile = join(options.folder, 'shards.json');
  const known = existsSync(listFile) ? readNames(listFile) : options.shards;
  const shards = new Map<string, LocalShard>();
  /** Asked for and not yet there, or not yet gone. */
  const changing = new Set<string>();
  const remember = (): void => writeFileSync(listFile, `${JSON.stringify([...shards.keys()])}\n`);

  const exclusively = async <T>(name: string, change: () => Promise<T>): Promise<T> => {
    if (changing.has(name)) throw new ShardError(`Shard ${name} is being added or removed just now.`);
    changing.add(name);
    try {
      return await change();
    } finally {
      changing.delete(name);
    }
  };
  const find = (name: string): LocalShard => {
    const shard = shards.get(name);
    if (shard === undefined)
      throw new ShardError(`There is no shard ${name}; there are ${[...shards.keys()].join(', ')}.`);
    return shard;
  };
  const endAll = async (how: 'at once' | 'killed'): Promise<void> => {
    await Promise.all([...shards.values()].map((shard) => shard.end(how)));
  };

  const started = await Promise.allSettled(known.map((name) => startShard(name, options)));
  for (const result of started)
    if (result.status === 'fulfilled') shards.set(result.value.name, result.value);
  const failed = started.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    await endAll('killed');
    throw failed.reason;
  }

  return {
    get shards() {
      return [...shards.values()];
    },
    shard: find,
    group: (name) => shards.get(name)?.group,
    addShard: (name) =>
      exclusively(name, async () => {
        if (!shardPattern.test(name))
          throw new ShardError(
            `A shard's name has small letters, digits and dashes, 16 at most; not '${name}'.`,
          );
        if (shards.has(name)) throw new ShardError(`There is a shard ${name} already.`);
        if (shards.size + changing.size > maxShards)
          throw new ShardError(`This platform runs ${maxShards} shards at most.`);
        const shard = await startShard(name, options);
        shards.set(name, shard);
        remember();
        return shard;
      }),
    removeShard: (name) =>
      exclusively(name, async () => {
        const shard = find(name);
        if (shards.size === 1) throw new ShardError(`${name} is the last shard: there would be no chat.`);
        await shard.end('drained');
        shards.delete(name);
        remember();
        await options.forget(name);
      }),
    stop: () => endAll('at once'),
    kill: () => endAll('killed'),
  };
}
