import { setTimeout as delay } from 'node:timers/promises';

/** Looking costs nothing, and what is waited for takes minutes to hours. */
const lookEveryMs = 200;

/**
 * Players at the live edge are up to two seconds behind and reload at least every target duration (2 s): so
 * long after the last show they have seen its end.
 */
export const lastViewersMs = 5_000;

/** Resolves when nothing has been held for so long, or when it is not waited for any longer. */
export async function drained(options: {
  readonly isEmpty: () => boolean;
  readonly forMs: number;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { isEmpty, forMs, signal } = options;
  let emptySince: number | undefined;
  while (!signal.aborted) {
    if (!isEmpty()) emptySince = undefined;
    else {
      emptySince ??= performance.now();
      if (performance.now() - emptySince >= forMs) return;
    }
    await delay(lookEveryMs);
  }
}
