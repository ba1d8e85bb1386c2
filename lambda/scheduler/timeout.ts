import type { Clock } from './clock.ts';

/** No answer in time. Whether the call did its work is unknown. */
export class CallTimeoutError extends Error {
  override readonly name = 'CallTimeoutError';
}

/** Gives a call so much time. Its signal is aborted then, and its answer, if it still comes, is not waited for. */
export function withTimeout<T>(
  clock: Clock,
  ms: number,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = new AbortController();
    const cancel = clock.after(ms, () => {
      const error = new CallTimeoutError(`no answer in ${ms} ms`);
      reject(error);
      abort.abort(error);
    });
    call(abort.signal).then(resolve, reject).finally(cancel);
  });
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
