/**
 * What IAM says of a call by the policies of the caller's role: allowed when a statement allows it and none
 * denies it. As the documentation of IAM's policy elements says, for as much of the language as our
 * templates use; what is not known here throws, so that nothing passes by mistake.
 */

/** A statement of a policy with every reference in it resolved. */
export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** One check that AWS makes of a call: calls that touch several resources have several. */
export interface Check {
  /** `service:Operation`. */
  readonly action: string;
  /** ARN; `*` where AWS knows no resource. */
  readonly resource: string;
  /** Condition keys that AWS documents for this action and that the call has. */
  readonly context: Readonly<Record<string, string | readonly string[]>>;
}

export type Verdict = 'allowed' | 'not allowed' | 'denied';

export class IamError extends Error {
  override readonly name = 'IamError';
}

const listOf = <T>(value: T | readonly T[]): readonly T[] =>
  Array.isArray(value) ? (value as readonly T[]) : [value as T];

/** `*`: any number of letters, `?`: one. */
export function matches(pattern: string, text: string): boolean {
  const expression = pattern
    .replaceAll(/[.+^$()|[\]{}\\]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${expression}$`, 's').test(text);
}

/** Each of the six parts by itself: a `*` for the region does not reach into the account. */
export function matchesArn(pattern: string, arn: string): boolean {
  if (pattern === '*') return true;
  const parts = (text: string): readonly string[] => {
    const all = text.split(':');
    return [...all.slice(0, 5), all.slice(5).join(':')];
  };
  const wanted = parts(pattern);
  const given = parts(arn);
  return wanted.every((part, index) => matches(part, given[index] ?? ''));
}

type Compare = (wanted: string, given: string) => boolean;

const isEqual: Compare = (wanted, given) => wanted === given;

/** `isNegated`: true when none of the values fits, and when the key is missing. */
const operators: Readonly<Record<string, { readonly compare: Compare; readonly isNegated: boolean }>> = {
  StringEquals: { compare: isEqual, isNegated: false },
  StringNotEquals: { compare: isEqual, isNegated: true },
  StringLike: { compare: matches, isNegated: false },
  StringNotLike: { compare: matches, isNegated: true },
  // Equal and like are the same for ARNs, as IAM says itself.
  ArnEquals: { compare: matchesArn, isNegated: false },
  ArnLike: { compare: matchesArn, isNegated: false },
  ArnNotEquals: { compare: matchesArn, isNegated: true },
  ArnNotLike: { compare: matchesArn, isNegated: true },
  Bool: { compare: (wanted, given) => wanted.toLowerCase() === given.toLowerCase(), isNegated: false },
};

const quantifiers = ['ForAllValues', 'ForAnyValue'] as const;

/** A condition of one key. */
interface Condition {
  readonly operator: string;
  readonly key: string;
  readonly wanted: readonly string[];
}

/** @param given the key's values in the call; undefined: it has no such key */
function holds({ operator, key, wanted }: Condition, given: readonly string[] | undefined): boolean {
  if (operator === 'Null') return wanted.every((value) => (value === 'true') === (given === undefined));
  const [first = '', second] = operator.split(':');
  const quantifier = second === undefined ? undefined : quantifiers.find((name) => name === first);
  const named = second ?? first;
  const isOptional = named.endsWith('IfExists');
  const known = operators[isOptional ? named.slice(0, -'IfExists'.length) : named];
  if (known === undefined || (second !== undefined && quantifier === undefined))
    throw new IamError(`the condition operator ${operator} is not known here`);
  const fits = (value: string): boolean =>
    wanted.some((each) => known.compare(each, value)) !== known.isNegated;
  if (quantifier === 'ForAllValues') return (given ?? []).every(fits);
  if (given === undefined) return isOptional || (known.isNegated && quantifier === undefined);
  if (quantifier === 'ForAnyValue') return given.some(fits);
  if (given.length !== 1)
    throw new IamError(`${key} has several values: ${operator} needs ForAllValues or ForAnyValue`);
  return given.every(fits);
}

const conditionsOf = (statement: Statement): readonly Condition[] =>
  Object.entries(statement.Condition ?? {}).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, wanted]) => ({ operator, key, wanted: listOf(wanted) })),
  );

function applies(statement: Statement, { action, resource, context }: Check): boolean {
  // A key of no values is no key.
  const values = new Map(
    Object.entries(context)
      .map(([key, value]) => [key.toLowerCase(), listOf(value)] as const)
      .filter(([, list]) => list.length > 0),
  );
  // All of them, whatever the first ones say: an unknown operator is to be heard of.
  const held = conditionsOf(statement).map((condition) =>
    holds(condition, values.get(condition.key.toLowerCase())),
  );
  return (
    held.every(Boolean) &&
    listOf(statement.Action).some((each) => matches(each.toLowerCase(), action.toLowerCase())) &&
    listOf(statement.Resource).some((each) => matchesArn(each, resource))
  );
}

const understood = new Set(['Sid', 'Effect', 'Action', 'Resource', 'Condition']);

export function evaluate(statements: readonly Statement[], check: Check): Verdict {
  for (const statement of statements) {
    const strange = Object.keys(statement).filter((key) => !understood.has(key));
    if (strange.length > 0)
      throw new IamError(`a statement has what is not known here: ${strange.join(', ')}`);
    if (JSON.stringify(statement).includes('${'))
      throw new IamError(`policy variables are not known here: ${JSON.stringify(statement)}`);
  }
  const applying = statements.filter((statement) => applies(statement, check));
  if (applying.some(({ Effect }) => Effect === 'Deny')) return 'denied';
  return applying.some(({ Effect }) => Effect === 'Allow') ? 'allowed' : 'not allowed';
}
