import { ObjectStoreError } from '../../../runtime/store/objects/port.ts';
import { backoffMs } from './limits.ts';
import type { StoreAccess } from './upload-queue.ts';

/** Ends early, without an error, when aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}

/**
 * Calls the store until it answers, the patience is over or the signal says stop; each try has its own
 * time limit. Rejects with the last error.
 */
export async function retrying<T>(
  access: StoreAccess,
  options: { readonly patienceMs: number; readonly signal: AbortSignal },
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { limits, clock, random } = access;
  const untilMs = clock.now() + options.patienceMs;
  for (let failures = 1; ; failures++) {
    try {
      return await call(AbortSignal.any([options.signal, AbortSignal.timeout(limits.attemptTimeoutMs)]));
    } catch (error) {
      const isPermanent = error instanceof ObjectStoreError && !error.retryable;
      if (isPermanent || options.signal.aborted || clock.now() >= untilMs) throw error;
      await pause(backoffMs(failures, limits, random), options.signal);
    }
  }
}
