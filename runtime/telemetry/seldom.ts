import type { Logger } from './log.ts';

/** What is away is that for thousands of requests a second. */
const everyMs = 1_000;

/** Warns of errors at most once a second, and says how many it left unsaid: those are at the level debug. */
export function warnSeldom(options: {
  readonly log: Logger;
  readonly text: string;
  /** ms, of a clock that never steps. */
  readonly steady: () => number;
}): (error: unknown) => void {
  const { log, text, steady } = options;
  let warnedAt = -Infinity;
  let unsaid = 0;
  return (error) => {
    const now = steady();
    const isSoon = now - warnedAt < everyMs;
    log[isSoon ? 'debug' : 'warn']({ err: error, unsaid }, text);
    unsaid = isSoon ? unsaid + 1 : 0;
    if (!isSoon) warnedAt = now;
  };
}
