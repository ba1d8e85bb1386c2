import { expect } from 'vitest';
import type { AwsCall } from './call.ts';
import { evaluate, type Statement } from './evaluate.ts';
import { checksOf, type World } from './operations.ts';

/** Everything that the policies refuse of the calls, once each, in words. */
export function refusals(
  statements: readonly Statement[],
  calls: readonly AwsCall[],
  world: World,
): readonly string[] {
  const refused = calls.flatMap((call) =>
    checksOf(call, world).flatMap((check) => {
      const verdict = evaluate(statements, check);
      return verdict === 'allowed'
        ? []
        : [`${check.action} on ${check.resource} is ${verdict} with ${JSON.stringify(check.context)}`];
    }),
  );
  return [...new Set(refused)];
}

export function expectAllowed(
  statements: readonly Statement[],
  calls: readonly AwsCall[],
  world: World,
): void {
  expect(calls).not.toEqual([]);
  expect(refusals(statements, calls, world)).toEqual([]);
}
