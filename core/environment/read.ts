import { z } from 'zod';

/** The environment of a program is not what its contract says. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

/**
 * Reads a program's environment against its contract.
 * @throws EnvironmentError that names every bad variable (never its value: it may be a secret) and the rule.
 */
export function readEnvironment<T extends z.ZodType>(
  contract: T,
  variables: Readonly<Record<string, string | undefined>>,
): z.output<T> {
  const result = contract.safeParse(variables);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
  throw new EnvironmentError(`the environment is not complete:\n${lines.join('\n')}`);
}
