import { describe, expect, it } from 'vitest';
import type { HostWish } from './fixture.ts';
import {
  actions,
  front,
  idle,
  image,
  launching,
  longAgo,
  minute,
  nextImage,
  now,
  planned,
  policy,
  second,
  serving,
  starting,
} from './fixture.ts';

/** One address in the front set is enough, so that the front set holds nobody back. */
const changed = { front: { ...policy.front, minAddresses: 1 } };
const sentAway = (hosts: readonly HostWish[], released = image): readonly string[] =>
  actions(
    planned({ hosts, sources: { release: { digest: released, pushedAt: now - minute } } }, changed),
    'write-order',
  ).map(({ order }) => `${order.taskId} ${order.reason}`);

const surplus = serving({ mark: { idleSince: longAgo } });

describe('scale-in down to the fewest hosts', () => {
  it('sends away what two other serving tasks make unneeded', () => {
    expect(sentAway([front(), surplus, serving({ mark: { idleSince: now } })])).toEqual(['task-02 scale-in']);
  });

  it.each([
    ['a host that boots', launching(), image],
    ['a task that starts', starting(), image],
    ['the first task of a new image that starts', starting({ task: { digest: nextImage } }), nextImage],
    [
      'the first task of a new image that has not shown itself yet',
      serving({ task: { digest: nextImage, startedAt: now - 20 * second } }),
      nextImage,
    ],
    ['a host without a task', idle(), image],
  ])('does not count on %s', (_, other, released) => {
    expect(sentAway([front(), surplus, other], released)).toEqual([]);
  });
});
