import { describe, expect, it } from 'vitest';
import { wildcards } from '../../lib/wildcards.ts';
import type { Statement } from '../support/iam/evaluate.ts';
import { deployed } from './deployed.ts';
import { domain } from './synthesise.ts';

const deployment = deployed({ region: 'ap-northeast-1', profile: 'event', domain });

/**
 * Roles that CDK makes for what it runs while a stack is deployed or deleted (copying the pages, emptying their
 * bucket): bound to the two buckets that they work on, and nothing of ours runs with them.
 */
const isOfCdk = (id: string): boolean => /^Custom(?:CDKBucketDeployment|S3AutoDeleteObjects)/.test(id);

/** Every statement of an identity's policy in every stack, with where it stands. */
const statements = [
  ...['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy'].flatMap((type) =>
    deployment
      .resources(type)
      .map(({ stack, id, resource }) => ({ stack, id, document: resource.Properties?.['PolicyDocument'] })),
  ),
  ...deployment
    .resources('AWS::IAM::Role')
    .flatMap(({ stack, id, resource }) =>
      ((resource.Properties?.['Policies'] ?? []) as readonly { readonly PolicyDocument: unknown }[]).map(
        ({ PolicyDocument }) => ({ stack, id, document: PolicyDocument }),
      ),
    ),
]
  .filter(({ id }) => !isOfCdk(id))
  .flatMap(({ stack, id, document }) =>
    (deployment.resolve(stack, document) as { readonly Statement: readonly Statement[] }).Statement.map(
      (statement) => ({
        where: `${stack}/${id}`,
        actions: [statement.Action].flat(),
        resources: [statement.Resource].flat(),
        condition: statement.Condition,
      }),
    ),
  );

describe('what our roles may do', () => {
  it('names each action', () => {
    expect(statements.length).toBeGreaterThan(20);
    const loose = statements.filter(({ actions }) => actions.some((action) => action.includes('*')));
    expect(loose).toEqual([]);
  });

  it('is done to everything only where AWS knows no resource, and lib/wildcards.ts says so', () => {
    const loose = statements.flatMap(({ where, actions, resources }) =>
      resources.includes('*')
        ? actions.filter((action) => !(action in wildcards)).map((action) => `${where}: ${action}`)
        : [],
    );
    expect(loose).toEqual([]);
  });

  it('has no wildcard in the list that nobody uses', () => {
    const used = new Set(
      statements.flatMap(({ actions, resources }) => (resources.includes('*') ? actions : [])),
    );
    expect(Object.keys(wildcards).filter((action) => !used.has(action))).toEqual([]);
  });

  it('hands on no role but to ECS tasks', () => {
    for (const { actions, condition, resources } of statements)
      if (actions.some((action) => action.toLowerCase() === 'iam:passrole')) {
        expect(condition).toEqual({ StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } });
        expect(resources.join()).not.toContain('*');
      }
  });

  it('never is what a managed policy of AWS says: those change without us', () => {
    const managed = deployment
      .resources('AWS::IAM::Role')
      .filter(({ id, resource }) => !isOfCdk(id) && resource.Properties?.['ManagedPolicyArns'] !== undefined)
      .map(({ stack, id }) => `${stack}/${id}`);
    expect(managed).toEqual([]);
  });
});
