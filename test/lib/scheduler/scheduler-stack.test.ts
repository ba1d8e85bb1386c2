import { App } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { readPolicy } from '../../../core/environment/policy.ts';
import { readEnvironment } from '../../../core/environment/read.ts';
import { schedulerEnvironment } from '../../../core/environment/scheduler.ts';
import { slotNames } from '../../../core/fleet/policy.ts';
import { ConfigError, readConfig, type TidecastConfig } from '../../../lib/config.ts';
import { bundleOf } from '../../../lib/scheduler/bundle.ts';
import { environmentOf } from '../../../lib/scheduler/environment.ts';
import type { DataParts, IngestParts, RegistryParts } from '../../../lib/parts.ts';
import { TidecastStack } from '../../../lib/stack.ts';
import { functionOf } from '../../support/iam/roles.ts';
import { deployed } from '../deployed.ts';
import { domain } from '../synthesise.ts';
import { buildScheduler } from './stacks.ts';

const config: TidecastConfig = {
  region: 'ap-northeast-1',
  profile: 'event',
  domain,
  reservedConcurrency: true,
  ingest: { addressQuota: 120, policy: { drain: { stuckMs: 1 } } },
};
const deployment = deployed(config, buildScheduler);
const stack = 'tidecast-scheduler';
const propertiesOf = (type: string): Readonly<Record<string, unknown>> => {
  const [found] = deployment.resources(type, stack);
  return deployment.resolve(stack, found?.resource.Properties) as Readonly<Record<string, unknown>>;
};
const handler = propertiesOf('AWS::Lambda::Function');
const schedule = propertiesOf('AWS::Scheduler::Schedule') as {
  readonly Target: Readonly<Record<string, unknown>>;
} & Readonly<Record<string, unknown>>;

describe("the scheduler's Lambda", () => {
  it('runs the bundle on Node 24 and ARM, as it was tested', () => {
    expect(handler).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
    });
  });

  it('starts every minute and is over before the next one', () => {
    expect(schedule).toMatchObject({
      ScheduleExpression: 'rate(1 minute)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      State: 'ENABLED',
    });
    expect(handler['Timeout']).toBe(50);
  });

  it('is not run again on facts that are a minute old, wherever the event waits', () => {
    expect(schedule.Target['RetryPolicy']).toEqual({ MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 });
    expect(propertiesOf('AWS::Lambda::EventInvokeConfig')).toMatchObject({
      MaximumEventAgeInSeconds: 60,
      MaximumRetryAttempts: 0,
    });
  });

  it('keeps its log as long as the settings say, and shows its traces', () => {
    expect(propertiesOf('AWS::Logs::LogGroup')['RetentionInDays']).toBe(90);
    expect(handler['TracingConfig']).toEqual({ Mode: 'Active' });
  });

  it('lies in no network: it calls AWS only, and would need NAT for it', () => {
    expect(handler).not.toHaveProperty('VpcConfig');
  });

  it('takes its one execution from the account only where that is wanted', () => {
    expect(handler['ReservedConcurrentExecutions']).toBe(1);
    const [without] = deployed({ region: 'ap-northeast-1', profile: 'small' }, buildScheduler).resources(
      'AWS::Lambda::Function',
      stack,
    );
    expect(without?.resource.Properties).not.toHaveProperty('ReservedConcurrentExecutions');
  });

  it('may be started by the schedule of this account, and the schedule may do nothing else', () => {
    const invoker = deployment
      .resources('AWS::IAM::Role', stack)
      .find(({ resource }) => JSON.stringify(resource).includes('scheduler.amazonaws.com'));
    expect(
      deployment.resolve(stack, invoker?.resource.Properties?.['AssumeRolePolicyDocument']),
    ).toMatchObject({
      Statement: [{ Condition: { StringEquals: { 'aws:SourceAccount': '111122223333' } } }],
    });
    expect(schedule.Target['RoleArn']).toBe(
      deployment.text(stack, { 'Fn::GetAtt': [invoker?.id ?? '', 'Arn'] }),
    );
  });
});

describe("the Lambda's environment", () => {
  const { environment } = functionOf(deployment, stack);
  const read = () => readEnvironment(schedulerEnvironment, { ...environment, AWS_REGION: config.region });

  it('is what the program reads', () => {
    expect(read()).toMatchObject({
      FLEET: 'tidecast',
      ZONE_ID: domain.zoneId,
      INGEST_DOMAIN: 'ingest.live.example.com',
    });
  });

  it('has the policy of the settings, whole', () => {
    expect(readPolicy(read().POLICY)).toEqual(readConfig(config).ingest.policy);
  });

  it('has nothing that Lambda keeps to itself', () => {
    expect(Object.keys(environment).filter((name) => /^(?:AWS|LAMBDA)_/.test(name))).toEqual([]);
  });

  it('names the stack’s own cluster, group, repository and task definition', () => {
    const nameOf = (type: string): string => {
      const found = deployment.resources(type).find((each) => /ingest|registry/.test(each.stack));
      return deployment.text(found?.stack ?? '', { Ref: found?.id });
    };
    expect(read()).toMatchObject({
      CLUSTER: nameOf('AWS::ECS::Cluster'),
      HOST_GROUP: nameOf('AWS::AutoScaling::AutoScalingGroup'),
      REPOSITORY: nameOf('AWS::ECR::Repository'),
    });
    expect(nameOf('AWS::ECS::TaskDefinition')).toContain(`task-definition/${read().TASK_FAMILY}:`);
  });

  it('finds a target group for each slot by its name', () => {
    const groups = new Set(
      deployment
        .resources('AWS::ElasticLoadBalancingV2::TargetGroup', 'tidecast-ingest')
        .map(({ resource }) => resource.Properties?.['Name']),
    );
    const { TARGET_GROUP_PREFIX: prefix } = read();
    expect(
      [...readConfig(config).ingest.policy.slots].filter((slot) => !groups.has(`${prefix}-${slot}`)),
    ).toEqual([]);
  });

  it('names the container of the task definition, and its port', () => {
    const [task] = deployment.resources('AWS::ECS::TaskDefinition', 'tidecast-ingest');
    const containers = deployment.resolve(
      'tidecast-ingest',
      task?.resource.Properties?.['ContainerDefinitions'],
    );
    const { CONTAINER, TARGET_PORT } = read();
    expect(containers).toContainEqual(
      expect.objectContaining({
        Name: CONTAINER,
        PortMappings: expect.arrayContaining([
          expect.objectContaining({ ContainerPort: TARGET_PORT }),
        ]) as unknown,
      }),
    );
  });

  it('fits into the 4 kB that Lambda has for it, with room for long names', () => {
    const bytes = Object.entries(environment).reduce(
      (sum, [key, value]) => sum + key.length + value.length,
      0,
    );
    expect(bytes).toBeLessThan(3_000);
  });
});

const stands = {
  data: { tables: { prefix: 't' } } as DataParts,
  registry: { ingest: { repositoryName: 'r' } } as RegistryParts,
  ingest: {
    cluster: { clusterName: 'c' },
    taskDefinition: { family: 'f' },
    hosts: { autoScalingGroupName: 'g' },
  } as IngestParts,
};

describe('settings that cannot go into a Lambda', () => {
  const withSlots = (slots: unknown) =>
    readConfig({ region: 'ap-northeast-1', profile: 'event', ingest: { policy: { slots } } });

  it('are told while there is still time: a hundred slots with long names', () => {
    const long = slotNames(100).map((name) => `${name}-of-the-great-hall`);
    expect(() => environmentOf(withSlots(long), stands)).toThrow(ConfigError);
    expect(() => environmentOf(withSlots(long), stands)).toThrow(/ingest.policy is too long/);
    expect(environmentOf(withSlots(100), stands)['POLICY']?.length).toBeLessThan(200);
  });

  it('are told with the command that helps: a program that nobody has bundled', () => {
    const app = new App({ context: { bundles: '/nowhere' } });
    const settings = readConfig({ region: 'ap-northeast-1', profile: 'small' });
    const nowhere = new TidecastStack(app, { part: 'p', settings, description: 'd' });
    expect(() => bundleOf(nowhere, 'scheduler')).toThrow(/run node tools\/bundle\/main.ts/);
  });
});
