import type { Logger } from '../telemetry/log.ts';

/** Why a program ends: a signal, whoever started it is gone or asks for the end at once, or it learnt that it is to go. */
export type ShutdownReason = 'SIGTERM' | 'SIGINT' | 'parent-gone' | 'finish' | 'leave';

export interface ShutdownOptions {
  readonly log?: Logger;
  /** Ends the process when the handler takes longer. ECS kills after 30 s unless told otherwise. */
  readonly deadlineMs?: number;
  /** Default: TIDECAST_PARENT_WATCH=1, which local/ sets for the programs that it starts. */
  readonly watchParent?: boolean;
  /** For programs with work that a signal must not cut off. */
  readonly drain?: Drain;
}

export interface Drain {
  /** Takes no new work and waits for what there is. Not waited for any more once the process is told to hurry. */
  readonly wait: () => Promise<void>;
  /** How long to wait; the handler's own deadline counts from the end of the drain. */
  readonly deadlineMs: number;
}

export interface Shutdown {
  /** Ends at once, drain or not: for a program that learns by itself that it should. */
  finish(): void;
  /** As a first SIGTERM, but never a second one: whoever drains or ends already is not hurried. */
  leave(): void;
}

/**
 * A terminal sends Ctrl-C to every process of the group, and npm passes its own on to the child as well: a
 * signal that comes again so soon is the same key press, not an impatient person.
 */
const sameKeyPressMs = 500;

/** A longer timer would fire at once (Node counts in 31 bits): 24 days. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Runs the handler once and then exits: 0, or 1 when the handler failed or was too slow.
 *
 * | what comes           | without a drain      | with one                | while it drains | while it ends |
 * |----------------------|----------------------|-------------------------|-----------------|---------------|
 * | SIGTERM, SIGINT      | handler              | drain, then the handler | handler         | exit at once  |
 * | parent gone          | handler              | handler                 | handler         | –             |
 * | message 'finish'     | handler              | handler                 | handler         | –             |
 * | leave()              | handler              | drain, then the handler | –               | –             |
 *
 * With a watched parent SIGINT is left to it: it has had the same Ctrl-C and ends its programs in their
 * order. It says 'finish' (or {finish: true}) by IPC when a drain is not to be waited for; a container has no such channel,
 * and there a second SIGTERM says the same.
 */
export function onShutdown(
  handler: (reason: ShutdownReason) => Promise<void>,
  options: ShutdownOptions = {},
): Shutdown {
  const { log, deadlineMs = 25_000, watchParent = process.env['TIDECAST_PARENT_WATCH'] === '1' } = options;
  let phase: 'running' | 'draining' | 'ending' = 'running';
  let heardAt = -Infinity;

  const end = (reason: ShutdownReason): void => {
    if (phase === 'ending') return;
    phase = 'ending';
    // A signal that comes along with what began the end (local/ sends both, a drain may just be over) is no new wish.
    heardAt = performance.now();
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

  const beginDrain = (reason: ShutdownReason, drain: Drain): void => {
    phase = 'draining';
    log?.info({ reason }, 'draining');
    setTimeout(
      () => {
        if (phase === 'draining') log?.warn({ deadlineMs: drain.deadlineMs }, 'the drain took too long');
        end(reason);
      },
      Math.min(drain.deadlineMs, longestTimerMs),
    ).unref();
    Promise.resolve()
      .then(() => drain.wait())
      .catch((error: unknown) => log?.error({ err: error }, 'could not drain'))
      .finally(() => end(reason));
  };

  const signalled = (reason: 'SIGTERM' | 'SIGINT'): void => {
    if (performance.now() - heardAt < sameKeyPressMs) return;
    heardAt = performance.now();
    if (phase === 'ending') {
      log?.warn({ reason }, 'exiting at once');
      process.exit(1);
    }
    if (phase === 'running' && options.drain !== undefined) beginDrain(reason, options.drain);
    else end(reason);
  };
  process.on('SIGTERM', () => signalled('SIGTERM'));
  process.on('SIGINT', () => {
    if (!watchParent) signalled('SIGINT');
  });
  const shutdown: Shutdown = {
    finish: () => end('finish'),
    leave: () => {
      if (phase !== 'running') return;
      if (options.drain === undefined) end('leave');
      else beginDrain('leave', options.drain);
    },
  };
  if (!watchParent) return shutdown;
  if (process.channel === undefined) {
    // Started with a pipe as standard input that the parent holds open: it ends when the parent does.
    process.stdin.on('end', () => end('parent-gone'));
    process.stdin.on('error', () => end('parent-gone'));
    process.stdin.resume();
  } else {
    process.on('disconnect', () => end('parent-gone'));
    process.on('message', (message) => {
      if (isFinish(message)) end('finish');
    });
  }
  return shutdown;
}

const isFinish = (message: unknown): boolean =>
  message === 'finish' ||
  (typeof message === 'object' && message !== null && 'finish' in message && message.finish === true);
