import { z } from 'zod';

/** The environment of a program is not what its contract says. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

/**
 * Reads a program's environment against its contract. A variable that is set to nothing counts as not set:
 * as a number it would be 0, which no default would then replace.
 * @throws EnvironmentError that names every bad variable (never its value: it may be a secret) and the rule.
 */
export function readEnvironment<T extends z.ZodType>(
  contract: T,
  variables: Readonly<Record<string, string | undefined>>,
): z.output<T> {
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
  const result = contract.safeParse(given);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
  throw new EnvironmentError(`the environment is not complete:\n${lines.join('\n')}`);
}
