/** Another policy, as a few values that differ from the one in force. Pure. */
import { PolicyError, readPolicy as readByScheduler } from '../../core/environment/policy.ts';
import { defaultPolicy, type Policy } from '../../core/fleet/policy.ts';
import { CommandError } from './errors.ts';
import { nearest } from './suggest.ts';

export interface PolicyChange {
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
}

type Tree = Readonly<Record<string, unknown>>;
const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const bad = (path: string, value: unknown, rule: string): CommandError =>
  new CommandError(
    'usage',
    `the policy's ${path} ${rule} (got ${JSON.stringify(value)?.slice(0, 60) ?? 'nothing'})`,
  );

/** The kinds of values are read off the default policy: it has every one. */
function check(path: string, value: unknown, example: unknown): void {
  if (typeof example === 'number' && !(typeof value === 'number' && Number.isFinite(value) && value >= 0))
    throw bad(path, value, 'must be a number, 0 or more');
  if (typeof example === 'boolean' && typeof value !== 'boolean')
    throw bad(path, value, 'must be true or false');
  if (Array.isArray(example)) {
    const good = Array.isArray(value) && value.every((each) => typeof each === 'string') && value.length > 0;
    if (!good) throw bad(path, value, 'must be a list of names');
    if (new Set(value).size !== value.length) throw bad(path, value, 'names one twice');
  }
}

function merge(base: Tree, wanted: unknown, example: Tree, path: string, changes: PolicyChange[]): Tree {
  if (!isTree(wanted)) throw bad(path === '' ? 'file' : path, wanted, 'must be an object');
  const merged: Record<string, unknown> = { ...base };
  for (const [key, to] of Object.entries(wanted)) {
    const where = path === '' ? key : `${path}.${key}`;
    if (!Object.hasOwn(example, key)) {
      const meant = nearest(key, Object.keys(example));
      throw new CommandError('usage', `the policy has no ${where}`, {
        hint:
          meant === undefined
            ? `There are: ${Object.keys(example).join(', ')}`
            : `Did you mean ${path === '' ? '' : `${path}.`}${meant}?`,
      });
    }
    const [from, shape] = [base[key], example[key]];
    if (isTree(shape)) {
      merged[key] = merge(isTree(from) ? from : {}, to, shape, where, changes);
      continue;
    }
    check(where, to, shape);
    if (JSON.stringify(from) !== JSON.stringify(to)) changes.push({ path: where, from, to });
    merged[key] = to;
  }
  return merged;
}

/** Bounds that lie the wrong way round would make the planner's answer meaningless. */
function checkOrder(policy: Policy): void {
  const pairs = [
    ['hosts.min', policy.hosts.min, 'hosts.max', policy.hosts.max],
    ['cpu.low', policy.cpu.low, 'cpu.high', policy.cpu.high],
    ['cpu.high', policy.cpu.high, 'cpu.ceiling', policy.cpu.ceiling],
    ['cpu.ceiling', policy.cpu.ceiling, '1 (all cores)', 1],
    ['front.minAddresses', policy.front.minAddresses, 'front.maxAddresses', policy.front.maxAddresses],
  ] as const;
  for (const [small, a, large, b] of pairs)
    if (a > b)
      throw new CommandError(
        'usage',
        `the policy's ${small} (${a}) is above ${large}${large.startsWith('1') ? '' : ` (${b})`}`,
      );
}

/** The policy in force. What an older scheduler did not know yet has its default. @throws CommandError */
export function readPolicy(found: unknown): Policy {
  const policy = merge(defaultPolicy as unknown as Tree, found, defaultPolicy as unknown as Tree, '', []);
  return policy as unknown as Policy;
}

/** @throws CommandError that names the value and what it must be. */
export function changePolicy(
  base: Policy,
  wanted: unknown,
): { readonly policy: Policy; readonly changes: readonly PolicyChange[] } {
  const changes: PolicyChange[] = [];
  const merged = merge(base as unknown as Tree, wanted, defaultPolicy as unknown as Tree, '', changes);
  const policy = merged as unknown as Policy;
  checkOrder(policy);
  try {
    // The scheduler's own rules have the last word: what this command tries out, that must take.
    readByScheduler(JSON.stringify(wanted), base);
  } catch (error) {
    if (error instanceof PolicyError) throw new CommandError('usage', error.message, { cause: error });
    throw error;
  }
  return { policy, changes };
}
