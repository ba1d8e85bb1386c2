import { createHash } from 'node:crypto';

/** Rules of one listener have 1 to 50,000; the first hundred are for what is not a shard. */
const lowest = 100;
const highest = 50_000;

/**
 * Where a shard's rule stands among the others, by its name alone: by its place in the list, taking one out would move all
 * behind it, and stacks that swap priorities refuse each other.
 * @throws when two of the names have the same one
 */
export function priorityOf(shard: string, all: readonly string[]): number {
  const priority = fromName(shard);
  const other = all.find((name) => name !== shard && fromName(name) === priority);
  if (other !== undefined)
    throw new Error(`chat.shards: the load balancer can't tell ${shard} from ${other}: rename one of them`);
  return priority;
}

const fromName = (shard: string): number =>
  lowest + (createHash('sha256').update(shard).digest().readUInt32BE(0) % (highest - lowest + 1));
