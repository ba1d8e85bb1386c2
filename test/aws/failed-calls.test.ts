import { describe, it } from 'vitest';
import { liveThrough, useFleet } from './sweep.ts';

const openFleet = useFleet();
/** The SDK waits between its attempts, and so does a scheduler that does not get its lease. */
const patienceMs = 240_000;

describe('a fleet of which every call fails once, until the SDK gives up', () => {
  it('lives through throttling, and nothing leaks', { timeout: patienceMs }, async () => {
    await liveThrough(await openFleet(), { kind: 'throttle', times: 3, seed: 1 });
  });

  it('lives through broken connections, and nothing leaks', { timeout: patienceMs }, async () => {
    await liveThrough(await openFleet(), { kind: 'reset', times: 3, seed: 2 });
  });
});
