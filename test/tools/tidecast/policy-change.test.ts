import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../../core/fleet/policy.ts';
import { CommandError } from '../../../tools/tidecast/errors.ts';
import { changePolicy, readPolicy } from '../../../tools/tidecast/policy-change.ts';

const troubleOf = (wanted: unknown): string => {
  try {
    changePolicy(defaultPolicy, wanted);
  } catch (error) {
    if (error instanceof CommandError) return `${error.message} | ${error.hint ?? ''}`;
    throw error;
  }
  return 'none';
};

describe('another policy', () => {
  it('is the one in force but for the values that are named', () => {
    const { policy, changes } = changePolicy(defaultPolicy, { hosts: { max: 20 }, hasDomain: false });
    expect(policy).toEqual({
      ...defaultPolicy,
      hosts: { ...defaultPolicy.hosts, max: 20 },
      hasDomain: false,
    });
    expect(changes).toEqual([
      { path: 'hosts.max', from: 100, to: 20 },
      { path: 'hasDomain', from: true, to: false },
    ]);
  });

  it('may be a whole policy: what is the same is no change', () => {
    expect(changePolicy(defaultPolicy, structuredClone(defaultPolicy))).toEqual({
      policy: defaultPolicy,
      changes: [],
    });
  });

  it('is refused with the bad value and the way out', () => {
    expect(troubleOf({ hosts: { mx: 3 } })).toBe('the policy has no hosts.mx | Did you mean hosts.max?');
    expect(troubleOf({ hots: {} })).toBe('the policy has no hots | Did you mean hosts?');
    expect(troubleOf({ hosts: { max: '20' } })).toContain('hosts.max must be a number, 0 or more (got "20")');
    expect(troubleOf({ hosts: 3 })).toContain('hosts must be an object (got 3)');
    expect(troubleOf({ hasDomain: 1 })).toContain('hasDomain must be true or false (got 1)');
    expect(troubleOf({ slots: ['a', 'a'] })).toContain('slots names one twice');
    expect(troubleOf([])).toContain('must be an object');
    expect(troubleOf({ front: { ttlS: -1 } })).toContain('front.ttlS must be a number, 0 or more (got -1)');
  });

  it('is refused when its bounds lie the wrong way round', () => {
    expect(troubleOf({ hosts: { min: 200 } })).toContain('hosts.min (200) is above hosts.max (100)');
    expect(troubleOf({ cpu: { ceiling: 3 } })).toContain('cpu.ceiling (3) is above 1 (all cores)');
  });

  it('is refused when the scheduler would not take it', () => {
    expect(troubleOf({ front: { ttlS: 7200 } })).toContain('front.ttlS');
  });

  it('of an older scheduler has defaults for what that did not know', () => {
    expect(readPolicy({ hosts: { max: 7 } })).toEqual({
      ...defaultPolicy,
      hosts: { ...defaultPolicy.hosts, max: 7 },
    });
  });

  it('can not reach what every object has', () => {
    expect(troubleOf(JSON.parse('{"__proto__": {"x": 1}}'))).toContain('the policy has no __proto__');
  });
});
