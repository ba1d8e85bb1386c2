import { request as httpRequest } from 'node:http';

/** `unwell`: says so itself, or nobody listens there. `silent`: no answer in time. */
export type Finding = 'well' | 'unwell' | 'silent';

/** Looks at a target once. Never rejects. */
export type HealthCheck = (url: URL, signal: AbortSignal) => Promise<Finding>;

/** GET /healthz, on a connection of its own: one that is kept could be open where no new one is taken any more. */
export const checkHealth =
  (timeoutMs: number): HealthCheck =>
  (url, signal) =>
    new Promise((resolve) => {
      const timeout = AbortSignal.timeout(timeoutMs);
      const asked = httpRequest(new URL('/healthz', url), {
        agent: false,
        headers: { 'user-agent': 'tidecast-edge' },
        signal: AbortSignal.any([signal, timeout]),
      });
      asked.on('response', (answer) => {
        // What it says beside the status is of no interest, and may not end.
        answer.destroy();
        resolve(answer.statusCode === 200 ? 'well' : 'unwell');
      });
      asked.on('error', () => resolve(timeout.aborted ? 'silent' : 'unwell'));
      asked.end();
    });
