import type { Limit } from '../../../core/fleet/decision.ts';
import { FleetCallError } from '../../../core/fleet/ports.ts';

/** What the SDK's errors have in common, whatever their service. */
interface ServiceError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $retryable?: { readonly throttling?: boolean };
  readonly $response?: unknown;
}

/**
 * "Later", in the words of each service. ScalingActivityInProgress and ResourceContention (Auto Scaling) and
 * PriorRequestNotComplete (Route 53) are no rate limits, but mean the same for a pass.
 */
const later: ReadonlySet<string> = new Set([
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'RequestThrottled',
  'RequestThrottledException',
  'RequestLimitExceeded',
  'TooManyRequestsException',
  'BandwidthLimitExceeded',
  'PriorRequestNotComplete',
  'ScalingActivityInProgress',
  'ScalingActivityInProgressFault',
  'ResourceContention',
  'ResourceContentionFault',
]);

const limits: Readonly<Record<string, Limit>> = { AddressLimitExceeded: 'address quota' };

/** Answers that blame the caller; everything else may help when asked again. */
const isRefusal = (status: number | undefined): boolean =>
  status !== undefined && status >= 400 && status < 500;

export const codeOf = (error: unknown): string => (error instanceof Error ? error.name : '');

export function toFleetCallError(doing: string, cause: unknown): FleetCallError {
  if (cause instanceof FleetCallError) return cause;
  const error: Partial<ServiceError> = cause instanceof Error ? cause : {};
  const code = codeOf(cause);
  const status = error.$metadata?.httpStatusCode;
  const message = `could not ${doing}: ${code} ${error.message ?? String(cause)}`.trim();
  const limit = limits[code];
  if (limit !== undefined) return new FleetCallError(message, { cause, kind: 'limit', limit });
  if (later.has(code) || status === 429 || error.$retryable?.throttling === true)
    return new FleetCallError(message, { cause, kind: 'throttled' });
  return new FleetCallError(message, { cause, kind: isRefusal(status) ? 'refused' : 'unreachable' });
}

/** Waits for a call; whatever went wrong becomes a FleetCallError that says what was being done. */
export async function call<T>(doing: string, calling: Promise<T>): Promise<T> {
  try {
    return await calling;
  } catch (cause) {
    throw toFleetCallError(doing, cause);
  }
}

/** Like `call`, but undefined when the service says that what is to be ended is not there. */
export async function callUnless<T>(
  doing: string,
  isNothingToDo: (error: Error) => boolean,
  calling: Promise<T>,
): Promise<T | undefined> {
  try {
    return await calling;
  } catch (cause) {
    if (cause instanceof Error && isNothingToDo(cause)) return undefined;
    throw toFleetCallError(doing, cause);
  }
}
