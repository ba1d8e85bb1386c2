import { afterAll, beforeAll } from 'vitest';

const realNow = Date.now;
let ahead = 0;

/**
 * Lets time pass without waiting for it: `Date.now` runs ahead. Timers don't, so whoever sleeps in a test
 * really sleeps; the scheduler's Lambda does not sleep in an invocation that has time for one pass only.
 */
export function useMinutes(): { pass(minutes: number): void } {
  beforeAll(() => {
    ahead = 0;
    Date.now = () => realNow() + ahead;
  });
  afterAll(() => {
    Date.now = realNow;
  });
  return {
    pass: (minutes) => {
      ahead += minutes * 60_000;
    },
  };
}
