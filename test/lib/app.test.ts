import { describe, expect, it } from 'vitest';
import { configs, synthesise } from './synthesise.ts';

/** CloudFormation's limit is 500; a stack that is near it can't take the next change. */
const mostResources = 450;

describe.each(configs)('the app for $profile, domain $domain.name', (config) => {
  const { stacks, findings } = synthesise(config);

  it('leaves the validator and cdk-nag nothing to find', () => {
    expect(findings).toEqual([]);
  });

  it.each([...stacks.keys()])('keeps stack %s far from the limit of resources', (part) => {
    expect(Object.keys(stacks.get(part)?.template.toJSON()['Resources'] ?? {}).length).toBeLessThan(
      mostResources,
    );
  });
});
