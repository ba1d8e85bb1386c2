import { describe, expect, it } from 'vitest';
import { FleetCallError } from '../../../../core/fleet/ports.ts';
import { toFleetCallError } from '../../../../lambda/scheduler/aws/errors.ts';

/** An error as the SDK throws it. */
const thrown = (name: string, httpStatusCode?: number, more: object = {}): Error =>
  Object.assign(new Error('said the service'), { name, $metadata: { httpStatusCode }, ...more });

const cases: readonly (readonly [string, Error, FleetCallError['kind']])[] = [
  ['ECS that is asked too often', thrown('ThrottlingException', 400), 'throttled'],
  ['EC2 that is asked too often', thrown('RequestLimitExceeded', 503), 'throttled'],
  ['Auto Scaling that is asked too often', thrown('Throttling', 400), 'throttled'],
  ['Auto Scaling that is busy', thrown('ScalingActivityInProgressFault', 400), 'throttled'],
  ['Route 53 that is not done with the last change', thrown('PriorRequestNotComplete', 400), 'throttled'],
  [
    'anything that the SDK knows for throttling',
    thrown('New', 400, { $retryable: { throttling: true } }),
    'throttled',
  ],
  ['a status that says so', thrown('Unknown', 429), 'throttled'],
  ['a quota of addresses', thrown('AddressLimitExceeded', 400), 'limit'],
  ['a wrong parameter', thrown('InvalidParameterException', 400), 'refused'],
  ['a missing permission', thrown('AccessDeniedException', 403), 'refused'],
  ['a service that is down', thrown('InternalFailure', 500), 'unreachable'],
  ['a connection that broke', thrown('ECONNRESET'), 'unreachable'],
  ['an answer that did not come', thrown('TimeoutError'), 'unreachable'],
  ['a call that was given up', thrown('AbortError'), 'unreachable'],
];

describe('errors of AWS', () => {
  it.each(cases)('makes %s out', (_, cause, kind) => {
    const error = toFleetCallError('do it', cause);
    expect(error).toMatchObject({ name: 'FleetCallError', kind, cause });
    expect(error.message).toBe(`could not do it: ${cause.name} said the service`);
  });

  it('names the quota', () => {
    expect(toFleetCallError('do it', thrown('AddressLimitExceeded', 400)).limit).toBe('address quota');
  });

  it('leaves one that has been made out already as it is', () => {
    const error = new FleetCallError('no', { kind: 'refused' });
    expect(toFleetCallError('do it', error)).toBe(error);
  });

  it('takes whatever was thrown', () => {
    expect(toFleetCallError('do it', 'text').kind).toBe('unreachable');
  });
});
