import { defaultPolicy, slotNames, type Policy } from '../../core/fleet/policy.ts';

/** Changes to the default policy, by section; a file of `--policy` has this form. */
export type PolicyChanges = {
  readonly [Key in keyof Policy]?: Policy[Key] extends readonly unknown[]
    ? Policy[Key]
    : Policy[Key] extends object
      ? Partial<Policy[Key]>
      : Policy[Key];
};

type Section = Readonly<Record<string, unknown>>;

const isSection = (value: unknown): value is Section =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The default policy for a fleet of this size. Quotas leave room for two generations of hosts at the peak, so
 * that a run shows the scheduler and not the quota; `--policy` sets others.
 */
export function policyFor(options: {
  readonly peak: number;
  /** Typical broadcasts a host. */
  readonly room: number;
  readonly changes?: PolicyChanges | undefined;
}): Policy {
  const maxHosts = Math.ceil((options.peak / options.room) * 2) + 20;
  const base: Policy = {
    ...defaultPolicy,
    hosts: { ...defaultPolicy.hosts, max: maxHosts, roomPoints: options.room * 1000 },
    addresses: { ...defaultPolicy.addresses, quota: maxHosts + 10 },
    slots: slotNames(maxHosts),
  };
  return merge({ ...base }, { ...options.changes }, 'policy') as unknown as Policy;
}

function merge(base: Section, changes: Section, path: string): Section {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, change] of Object.entries(changes)) {
    const name = `${path}.${key}`;
    const before = base[key];
    if (before === undefined) throw new RangeError(`${name}: there is no such setting`);
    if (isSection(before) && isSection(change)) merged[key] = merge(before, change, name);
    else if (typeof change === typeof before && Array.isArray(change) === Array.isArray(before))
      merged[key] = change;
    else throw new RangeError(`${name}: has to be a ${typeof before}`);
  }
  return merged;
}
