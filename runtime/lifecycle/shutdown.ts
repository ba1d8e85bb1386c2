import type { Logger } from '../telemetry/log.ts';

/** Why a program ends: a signal, or whoever started it is gone. */
export type ShutdownReason = 'SIGTERM' | 'SIGINT' | 'parent-gone';

export interface ShutdownOptions {
  readonly log?: Logger;
  /** Ends the process when the handler takes longer. ECS kills after 30 s unless told otherwise. */
  readonly deadlineMs?: number;
  /** Default: TIDECAST_PARENT_WATCH=1, which local/ sets for the programs that it starts. */
  readonly watchParent?: boolean;
}

/**
 * A terminal sends Ctrl-C to every process of the group, and npm passes its own on to the child as well: a
 * signal that comes again so soon is the same key press, not an impatient person.
 */
const sameKeyPressMs = 500;

/**
 * Runs the handler once, on SIGTERM, SIGINT or when the parent is gone, and then exits: 0, or 1 when the
 * handler failed or was too slow. A second signal exits at once. With a watched parent SIGINT is left to it:
 * it has had the same Ctrl-C and ends its programs in their order.
 */
export function onShutdown(
  handler: (reason: ShutdownReason) => Promise<void>,
  options: ShutdownOptions = {},
): void {
  const { log, deadlineMs = 25_000, watchParent = process.env['TIDECAST_PARENT_WATCH'] === '1' } = options;
  let begunAt: number | undefined;

  const begin = (reason: ShutdownReason): void => {
    if (begunAt !== undefined) {
      // The parent ending while we do is no second wish.
      if (reason === 'parent-gone' || performance.now() - begunAt < sameKeyPressMs) return;
      log?.warn({ reason }, 'exiting at once');
      process.exit(1);
    }
    begunAt = performance.now();
    log?.info({ reason }, 'ending');
    setTimeout(() => {
      log?.error({ deadlineMs }, 'did not end in time');
      process.exit(1);
    }, deadlineMs).unref();
    // The handler may throw before it returns a promise.
    Promise.resolve()
      .then(() => handler(reason))
      .then(
        () => process.exit(0),
        (error: unknown) => {
          log?.error({ err: error }, 'could not end cleanly');
          process.exit(1);
        },
      );
  };

  process.on('SIGTERM', () => begin('SIGTERM'));
  process.on('SIGINT', () => {
    if (!watchParent) begin('SIGINT');
  });
  if (!watchParent) return;
  if (process.channel === undefined) {
    // Started with a pipe as standard input that the parent holds open: it ends when the parent does.
    process.stdin.on('end', () => begin('parent-gone'));
    process.stdin.on('error', () => begin('parent-gone'));
    process.stdin.resume();
  } else {
    process.on('disconnect', () => begin('parent-gone'));
  }
}
