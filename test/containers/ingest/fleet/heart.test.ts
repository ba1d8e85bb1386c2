import { describe, expect, it } from 'vitest';
import { Heart } from '../../../../containers/ingest/fleet/heart.ts';

/** Beats that last until they are told to end. */
function beating(everyMs: number) {
  const under: (() => void)[] = [];
  const waiting: (() => void)[] = [];
  let count = 0;
  const heart = new Heart({
    everyMs,
    beat: () => {
      count += 1;
      for (const resolve of waiting.splice(0)) resolve();
      return new Promise((resolve) => under.push(resolve));
    },
  });
  return {
    heart,
    count: () => count,
    underWay: () => under.length,
    end: () => under.shift()?.(),
    next: () => new Promise<void>((resolve) => waiting.push(resolve)),
  };
}

describe('the heart of a task', () => {
  it('never beats twice at a time; what is asked for meanwhile comes after, once', async () => {
    const { heart, count, underWay, end, next } = beating(3_600_000);
    heart.soon();
    for (let i = 0; i < 5; i += 1) heart.soon();
    expect([count(), underWay()]).toEqual([1, 1]);
    const second = next();
    end();
    await second;
    expect([count(), underWay()]).toEqual([2, 1]);
    end();
    await Promise.resolve();
    const stopped = heart.stop();
    await stopped;
    expect(count()).toBe(2);
  });

  it('says the last word, asked for while a beat is under way, also when it is stopped at once', async () => {
    const { heart, count, end, next } = beating(5);
    heart.soon();
    heart.soon();
    const last = next();
    const stopped = heart.stop();
    heart.soon();
    end();
    await last;
    end();
    await stopped;
    expect(count()).toBe(2);
  });

  it('goes on by itself, and no more once it is stopped', async () => {
    const { heart, count, end, next } = beating(5);
    heart.soon();
    for (let i = 0; i < 3; i += 1) {
      const following = next();
      end();
      await following;
    }
    expect(count()).toBe(4);
    const stopped = heart.stop();
    heart.soon();
    end();
    await stopped;
    heart.soon();
    expect(count()).toBe(4);
  });
});
