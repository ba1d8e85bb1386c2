import type { FaultRates } from './model/faults.ts';
import type { ImageKind } from './model/tasks.ts';
import type { World } from './model/world.ts';
import type { Random } from './random.ts';
import { hourMs, localTime } from './trace/shape.ts';

export interface Push {
  readonly at: number;
  readonly digest: string;
  readonly kind: ImageKind;
}

export interface Rollouts {
  readonly pushes: readonly Push[];
  /** From a push until the last task of the images before it was gone; the longest of all. */
  readonly longestMs: () => number;
}

/** People push in the afternoon, from the first day's 14:00 local time on. */
const firstPushHour = 14;
/** A broken image is found out, mended and pushed again after so long. */
const mendMs = 45 * 60_000;
const tripleGapMs = [3 * 60_000, 12 * 60_000] as const;

export function schedulePushes(options: {
  readonly world: World;
  readonly rates: FaultRates;
  readonly random: Random;
  readonly start: number;
  readonly end: number;
  readonly everyHours: number;
}): Rollouts {
  const { world, rates, random, start, end, everyHours } = options;
  const { timeline } = world;
  const pushes: Push[] = [];
  /** By digest: tasks that are not stopped. The first image has been there before the trace. */
  const running = new Map<string, number>();
  /** When an image was replaced by a later push, until its last task is gone. */
  const replacedAt = new Map<string, number>();
  let longest = 0;
  let count = 1;

  const settleIfGone = (digest: string): void => {
    const since = replacedAt.get(digest);
    if (since === undefined || (running.get(digest) ?? 0) > 0) return;
    longest = Math.max(longest, timeline.now - since);
    replacedAt.delete(digest);
  };
  world.listeners.push({
    taskServes: (_, digest) => running.set(digest, (running.get(digest) ?? 0) + 1),
    taskStopped: (_, digest, hasServed) => {
      if (hasServed) running.set(digest, (running.get(digest) ?? 1) - 1);
      settleIfGone(digest);
    },
  });

  const push = (kind: ImageKind): void => {
    const before = world.released;
    const digest = `sha256:${String(++count).padStart(4, '0')}`;
    pushes.push({ at: timeline.now, digest, kind });
    world.push(digest, kind);
    // Images replaced by a broken one go on with good reason: their time counts from the next good push.
    if (kind !== 'good') return;
    for (const [other, tasks] of running) {
      if (other !== digest && tasks > 0 && !replacedAt.has(other)) replacedAt.set(other, timeline.now);
    }
    if (!replacedAt.has(before)) replacedAt.set(before, timeline.now);
    settleIfGone(before);
  };

  const release = (): void => {
    const roll = random.next();
    const gap = (): number => Math.round(random.between(...tripleGapMs));
    if (roll < rates.brokenPush) {
      world.tally.fault('broken image');
      push(random.chance(0.5) ? 'exits' : 'never-serves');
      timeline.after(mendMs, () => push('good'));
    } else {
      push('good');
      if (roll >= rates.brokenPush + rates.triplePush) return;
      world.tally.fault('three pushes in a row');
      timeline.after(gap(), () => {
        push('good');
        timeline.after(gap(), () => push('good'));
      });
    }
  };
  if (everyHours > 0) {
    const first = start + localTime(0, firstPushHour);
    for (let at = first; at < end; at += everyHours * hourMs) timeline.at(at, release);
  }
  return {
    pushes,
    longestMs: () =>
      [...replacedAt].reduce(
        (most, [digest, since]) =>
          (running.get(digest) ?? 0) > 0 ? Math.max(most, timeline.now - since) : most,
        longest,
      ),
  };
}
