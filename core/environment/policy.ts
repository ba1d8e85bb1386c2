import { z } from 'zod';
import { defaultPolicy, slotNames, type Policy } from '../fleet/policy.ts';

/** What somebody has set of the policy is not what it may be. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
}

const share = z.number().min(0).max(1);
const ms = z.number().int().min(0);
const count = z.number().int().min(0);
const points = z.number().min(0);

/**
 * The policy as people set it: any part of it, JSON. `slots` may be a number: that many names. Unknown
 * settings are refused: a misspelt one would silently keep its default.
 */
const policyInput = z.strictObject({
  hosts: z
    .strictObject({
      min: count,
      max: count,
      roomPoints: points.positive(),
      leadMs: ms,
      startWithinMs: ms.positive(),
    })
    .partial()
    .optional(),
  cpu: z.strictObject({ low: share, high: share, ceiling: share }).partial().optional(),
  buffer: z
    .strictObject({
      absolutePoints: points,
      relativeShare: z.number().min(0),
      deviations: z.number().min(0),
      unforeseenDeviations: z.number().min(0),

      minimumShare: share,
      hysteresisPoints: points,
    })
    .partial()
    .optional(),
  front: z
    .strictObject({
      // Route 53 takes up to 2,147,483,647; above an hour no host would ever leave.
      ttlS: z.number().int().min(1).max(3600),
      slackMs: ms,
      // 400 values fit into a record set, 28 into one UDP answer.
      maxAddresses: z.number().int().min(1).max(400),
      minAddresses: count,
      passedOnShare: share,
    })
    .partial()
    .optional(),
  rollout: z
    .strictObject({ canaryMs: ms, attempts: z.number().int().min(1), patienceMs: ms })
    .partial()
    .optional(),
  scaleIn: z.strictObject({ idleMs: ms, afterScaleOutMs: ms }).partial().optional(),
  staleness: z
    .strictObject({ heartbeatMs: ms.positive(), factsMs: ms.positive(), futureMs: ms })
    .partial()
    .optional(),
  drain: z.strictObject({ stuckMs: ms.positive() }).partial().optional(),
  caps: z
    .strictObject({ launches: count, starts: count, expires: count, stops: count, terminations: count })
    .partial()
    .optional(),
  addresses: z.strictObject({ quota: count, spare: count, keepMs: ms }).partial().optional(),
  slots: z
    .union([
      z.number().int().min(1).max(1000),
      z
        .array(z.string().regex(/^[a-z0-9-]{1,32}$/))
        .min(1)
        .refine((names) => new Set(names).size === names.length, 'a slot is named twice'),
    ])
    .optional(),
  hasDomain: z.boolean().optional(),
  graceMs: ms.optional(),
});

type PolicyInput = z.output<typeof policyInput>;

/** Every setting of the policy can be set, and nothing else: a new one that is missing here does not compile. */
type Settable<Section> = Section extends readonly unknown[] | string | number | boolean
  ? unknown
  : { readonly [Key in keyof Section]-?: Key };
type SettingsOf<Whole> = {
  readonly [Key in keyof Whole]-?: Settable<NonNullable<Whole[Key]>>;
};
type Same<A, B> = [A, B] extends [B, A] ? true : never;
const complete: Same<SettingsOf<Omit<PolicyInput, 'slots'>>, SettingsOf<Omit<Policy, 'slots'>>> = true;
void complete;

/** Settings that make no sense together; each alone is fine. */
function contradictions(policy: Policy): readonly string[] {
  const { hosts, cpu, front, slots, addresses } = policy;
  return [
    ...(hosts.min > hosts.max ? [`hosts.min (${hosts.min}) is above hosts.max (${hosts.max})`] : []),
    ...(cpu.low > cpu.high ? [`cpu.low (${cpu.low}) is above cpu.high (${cpu.high})`] : []),
    ...(cpu.high > cpu.ceiling ? [`cpu.high (${cpu.high}) is above cpu.ceiling (${cpu.ceiling})`] : []),
    ...(front.minAddresses > front.maxAddresses
      ? [`front.minAddresses (${front.minAddresses}) is above front.maxAddresses (${front.maxAddresses})`]
      : []),
    ...(hosts.min > slots.length
      ? [`hosts.min (${hosts.min}) needs more slots than there are (${slots.length})`]
      : []),
    ...(hosts.min > addresses.quota
      ? [`hosts.min (${hosts.min}) needs more addresses than addresses.quota grants (${addresses.quota})`]
      : []),
  ];
}

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (part, key) =>
      typeof part === 'object' && part !== null ? (part as Record<PropertyKey, unknown>)[key] : undefined,
    value,
  );

/** `undefined` values of an optional part would erase a default. */
const set = <T extends object>(given: T | undefined): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };

const merge = (base: Policy, given: PolicyInput): Policy => ({
  hosts: { ...base.hosts, ...set(given.hosts) },
  cpu: { ...base.cpu, ...set(given.cpu) },
  buffer: { ...base.buffer, ...set(given.buffer) },
  front: { ...base.front, ...set(given.front) },
  rollout: { ...base.rollout, ...set(given.rollout) },
  scaleIn: { ...base.scaleIn, ...set(given.scaleIn) },
  staleness: { ...base.staleness, ...set(given.staleness) },
  drain: { ...base.drain, ...set(given.drain) },
  caps: { ...base.caps, ...set(given.caps) },
  addresses: { ...base.addresses, ...set(given.addresses) },
  slots: typeof given.slots === 'number' ? slotNames(given.slots) : (given.slots ?? base.slots),
  hasDomain: given.hasDomain ?? base.hasDomain,
  graceMs: given.graceMs ?? base.graceMs,
});

/**
 * The policy with what was set in place of its defaults.
 * @throws PolicyError that names each bad setting, its value and the rule.
 */
export function readPolicy(json: string | undefined, base: Policy = defaultPolicy): Policy {
  if (json === undefined) return base;
  let given: unknown;
  try {
    given = JSON.parse(json);
  } catch (cause) {
    throw new PolicyError(`the policy is not JSON: ${json.slice(0, 100)}`, { cause });
  }
  const result = policyInput.safeParse(given);
  if (!result.success) {
    const lines = result.error.issues.map((issue) => {
      const value = JSON.stringify(valueAt(given, issue.path)) ?? 'nothing';
      return `  ${issue.path.join('.') || 'policy'}: ${issue.message} (it is ${value.slice(0, 100)})`;
    });
    throw new PolicyError(`the policy can't be used:\n${lines.join('\n')}`);
  }
  const policy = merge(base, result.data);
  const wrong = contradictions(policy);
  if (wrong.length > 0) throw new PolicyError(`the policy can't be used:\n  ${wrong.join('\n  ')}`);
  return policy;
}

/** Undefined: nothing differs. */
function differenceOf(value: unknown, base: unknown): unknown {
  const isSection = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isSection) return JSON.stringify(value) === JSON.stringify(base) ? undefined : value;
  const changed = Object.entries(value).flatMap(([key, part]) => {
    const difference = differenceOf(part, (base as Readonly<Record<string, unknown>>)[key]);
    return difference === undefined ? [] : [[key, difference]];
  });
  return changed.length === 0 ? undefined : Object.fromEntries(changed);
}

/**
 * The JSON that `readPolicy` makes this policy of: only what differs from the defaults, and slots as a number
 * where they have their usual names. All of a Lambda's environment is 4 kB.
 */
export function policyJson(policy: Policy): string {
  const usual = slotNames(policy.slots.length);
  const areUsual = policy.slots.every((slot, index) => slot === usual[index]);
  const difference = differenceOf(policy, defaultPolicy) as Readonly<Record<string, unknown>> | undefined;
  return JSON.stringify(
    difference?.['slots'] !== undefined && areUsual
      ? { ...difference, slots: policy.slots.length }
      : (difference ?? {}),
  );
}
