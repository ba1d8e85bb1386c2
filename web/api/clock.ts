/** The server's clock, as far as it can be known from here: the delay shown is the difference to it. */
import type { Api } from './client.ts';

export interface Sample {
  readonly sentMs: number;
  readonly receivedMs: number;
  readonly serverMs: number;
}

/** Of several samples the quickest is the truest: half its round trip bounds the error. */
export function offsetOf(samples: readonly Sample[]): number {
  const quickest = samples.toSorted((a, b) => a.receivedMs - a.sentMs - (b.receivedMs - b.sentMs))[0];
  return quickest === undefined ? 0 : quickest.serverMs - (quickest.sentMs + quickest.receivedMs) / 2;
}

/** Server time minus local time in ms; 0 when the server can't be asked. */
export async function measureOffset(api: Pick<Api, 'time'>, clock: { now(): number }): Promise<number> {
  const samples: Sample[] = [];
  for (let i = 0; i < 4; i += 1) {
    try {
      const sentMs = clock.now();
      const { nowMs } = await api.time();
      samples.push({ sentMs, receivedMs: clock.now(), serverMs: nowMs });
    } catch {
      // The other samples will do; without any, the viewer's own clock is taken.
    }
  }
  return offsetOf(samples);
}
