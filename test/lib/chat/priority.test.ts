import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { priorityOf } from '../../../lib/chat/priority.ts';

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,15}$/);

describe('the priority of a shard’s rule', () => {
  it('is one that a listener takes, and above the API’s', () => {
    fc.assert(
      fc.property(name, (shard) => {
        const priority = priorityOf(shard, [shard]);
        expect(priority).toBeGreaterThanOrEqual(100);
        expect(priority).toBeLessThanOrEqual(50_000);
      }),
    );
  });

  it('stays when shards are added, taken out or put in another order', () => {
    const alone = priorityOf('c', ['c']);
    expect(priorityOf('c', ['a', 'b', 'c', 'd'])).toBe(alone);
    expect(priorityOf('c', ['d', 'c', 'b'])).toBe(alone);
  });

  it('is told to be taken when two names have the same', () => {
    const names = Array.from({ length: 2_000 }, (_, index) => `shard-${index}`);
    const seen = new Map<number, string>();
    const [first, second] = (() => {
      for (const each of names) {
        const priority = priorityOf(each, [each]);
        const other = seen.get(priority);
        if (other !== undefined) return [other, each];
        seen.set(priority, each);
      }
      throw new Error('no two names collide');
    })();
    expect(() => priorityOf(first, [first, second])).toThrow(/rename one of them/);
  });
});
