import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { policyJson, PolicyError, readPolicy } from '../../../core/environment/policy.ts';
import { defaultPolicy, slotNames } from '../../../core/fleet/policy.ts';

describe('the policy from outside', () => {
  it('is the default one when nothing is set', () => {
    expect(readPolicy(undefined)).toEqual(defaultPolicy);
    expect(readPolicy('{}')).toEqual(defaultPolicy);
  });

  it('takes what is set in place of the default, and nothing else', () => {
    const policy = readPolicy('{"hosts":{"max":12},"front":{"ttlS":30},"graceMs":30000}');
    expect(policy).toEqual({
      ...defaultPolicy,
      hosts: { ...defaultPolicy.hosts, max: 12 },
      front: { ...defaultPolicy.front, ttlS: 30 },
      graceMs: 30_000,
    });
  });

  it('takes a number of slots, or their names', () => {
    expect(readPolicy('{"slots":12}').slots).toEqual(slotNames(12));
    expect(readPolicy('{"slots":["in-a","in-b"]}').slots).toEqual(['in-a', 'in-b']);
  });

  it('gives back what it is given: every policy is its own setting', () => {
    expect(readPolicy(JSON.stringify(defaultPolicy))).toEqual(defaultPolicy);
  });

  const refused: readonly (readonly [string, string, RegExp])[] = [
    ['a value that is none', '{"hosts":{"max":-1}}', /hosts\.max: .*\(it is -1\)/],
    ['a share above one', '{"cpu":{"high":1.5}}', /cpu\.high: .*\(it is 1\.5\)/],
    ['text for a number', '{"front":{"ttlS":"20"}}', /front\.ttlS: .*\(it is "20"\)/],
    ['a setting that does not exist', '{"hosts":{"maximum":3}}', /maximum/],
    ['null', '{"hosts":{"max":null}}', /hosts\.max: .*\(it is null\)/],
    ['a time-to-live of nothing', '{"front":{"ttlS":0}}', /front\.ttlS: .*\(it is 0\)/],
    ['a slot that is named twice', '{"slots":["in-a","in-a"]}', /slots: a slot is named twice/],
    ['what is no JSON', 'hosts=3', /not JSON: hosts=3/],
    ['a list', '[]', /policy: /],
    ['fewest above most', '{"hosts":{"min":9,"max":3}}', /hosts\.min \(9\) is above hosts\.max \(3\)/],
    ['fewest above the slots', '{"hosts":{"min":3},"slots":2}', /hosts\.min \(3\) needs more slots/],
    ['fewest above the addresses', '{"hosts":{"min":6}}', /hosts\.min \(6\) needs more addresses .*\(5\)/],
    ['a band upside down', '{"cpu":{"low":0.8}}', /cpu\.low \(0\.8\) is above cpu\.high \(0\.7\)/],
    ['a door below the band', '{"cpu":{"ceiling":0.6}}', /cpu\.high \(0\.7\) is above cpu\.ceiling \(0\.6\)/],
    [
      'a front set upside down',
      '{"front":{"minAddresses":9,"maxAddresses":3}}',
      /minAddresses \(9\) is above front\.maxAddresses \(3\)/,
    ],
  ];
  it.each(refused)('refuses %s, with the value and the setting', (_, json, message) => {
    expect(() => readPolicy(json)).toThrow(PolicyError);
    expect(() => readPolicy(json)).toThrow(message);
  });

  it('throws nothing but a PolicyError, whatever it is given', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (json) => {
        try {
          readPolicy(json);
        } catch (error) {
          expect(error).toBeInstanceOf(PolicyError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('the policy on its way to a program', () => {
  it('says nothing when it is the default one', () => {
    expect(policyJson(defaultPolicy)).toBe('{}');
  });

  it('says a hundred usual slots as a number, and others by name', () => {
    expect(policyJson({ ...defaultPolicy, slots: slotNames(12) })).toBe('{"slots":12}');
    expect(policyJson({ ...defaultPolicy, slots: ['in-b', 'in-a'] })).toBe('{"slots":["in-b","in-a"]}');
  });

  it('arrives as what it was, whatever was set', () => {
    const settings = fc.record(
      {
        hosts: fc.record({ max: fc.nat(200), roomPoints: fc.integer({ min: 1, max: 9_000 }) }),
        cpu: fc.record({ ceiling: fc.double({ min: 0.9, max: 1, noNaN: true }) }),
        front: fc.record({ ttlS: fc.integer({ min: 1, max: 600 }) }),
        slots: fc.oneof(fc.integer({ min: 2, max: 200 }), fc.constant(['in-b', 'in-a'])),
        hasDomain: fc.boolean(),
        graceMs: fc.nat(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(settings, (given) => {
        let policy;
        try {
          policy = readPolicy(JSON.stringify(given));
        } catch (error) {
          if (error instanceof PolicyError) return;
          throw error;
        }
        expect(readPolicy(policyJson(policy))).toEqual(policy);
      }),
    );
  });
});
