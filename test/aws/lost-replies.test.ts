import { describe, it } from 'vitest';
import { liveThrough, useFleet } from './sweep.ts';

const openFleet = useFleet();
const patienceMs = 240_000;

describe('a fleet of which every call is done once without an answer', () => {
  it(
    'lives through it when the SDK repeats the call, and nothing leaks',
    { timeout: patienceMs },
    async () => {
      await liveThrough(await openFleet(), { kind: 'lost-reply', times: 1, seed: 3 });
    },
  );

  it('lives through it when nobody ever hears, and nothing leaks', { timeout: patienceMs }, async () => {
    await liveThrough(await openFleet(), { kind: 'lost-reply', times: 3, seed: 4 });
  });
});
