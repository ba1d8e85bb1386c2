import { describe, expect, it } from 'vitest';
import { loadLine } from '../../../core/chat/metrics.ts';
import { chatEnvironment } from '../../../core/environment/chat.ts';
import { readEnvironment } from '../../../core/environment/read.ts';
import { Services, type Properties } from '../services/service.ts';
import { domain } from '../synthesise.ts';

const stack = 'tidecast-chat-a';
const standard = new Services({ profile: 'standard', domain, chat: { drainS: 105 } });
const small = new Services({ profile: 'small', chat: { polling: false } });
const read = (services: Services, name = stack) =>
  readEnvironment(chatEnvironment, services.environment(name, { REDIS_PASSWORD: 'generated' }));
const group = 'AWS::ElastiCache::ReplicationGroup';

describe('what a chat task is told', () => {
  it('is what it reads', () => {
    expect(read(standard)).toMatchObject({
      SHARD: 'a',
      TABLE_PREFIX: 'tidecast',
      HTTP_PORT: 8090,
      REDIS_PASSWORD: 'generated',
      TRANSPORTS: 'all',
      DRAIN_S: 105,
      CAPACITY: 8_000,
      MAX_SOCKETS: 15_000,
      ADMIT_PER_S: 3_500,
    });
  });

  it('is of its own shard', () => {
    const [a, b] = [read(standard), read(standard, 'tidecast-chat-b')];
    expect(b.SHARD).toBe('b');
    expect(b.REDIS_URL).not.toBe(a.REDIS_URL);
  });

  it('is to take as many people as a part of a core holds', () => {
    expect(read(small)).toMatchObject({ CAPACITY: 2_000, MAX_SOCKETS: 3_750, ADMIT_PER_S: 875 });
  });

  it('has the issuer that the API has', () => {
    const api = standard.environment('tidecast-api', {});
    const { OIDC_ISSUER, OIDC_CLIENT_ID } = read(standard);
    expect({ OIDC_ISSUER, OIDC_CLIENT_ID }).toEqual({
      OIDC_ISSUER: api['OIDC_ISSUER'],
      OIDC_CLIENT_ID: api['OIDC_CLIENT_ID'],
    });
  });
});

describe('a shard’s Redis', () => {
  it('speaks TLS only and wants the password that API and chat have', () => {
    expect(read(standard).REDIS_URL).toMatch(/^rediss:\/\/[^:]+:6379$/);
    expect(standard.only(stack, group)).toMatchObject({
      TransitEncryptionEnabled: true,
      TransitEncryptionMode: 'required',
      AtRestEncryptionEnabled: true,
      AuthToken: '{{resolve:secretsmanager:tidecast/redis-password:SecretString:::}}',
    });
    const secret = standard.only('tidecast-data', 'AWS::SecretsManager::Secret');
    expect(secret['Name']).toBe('tidecast/redis-password');
    // What ElastiCache takes: no more than 128, and of the punctuation only some.
    expect(secret['GenerateSecretString']).toMatchObject({ ExcludePunctuation: true, PasswordLength: 64 });
  });

  it('has another one to go on with when it fails, and in small none', () => {
    expect(standard.only(stack, group)).toMatchObject({
      NumCacheClusters: 2,
      AutomaticFailoverEnabled: true,
      MultiAZEnabled: true,
    });
    expect(small.only(stack, group)).toMatchObject({
      NumCacheClusters: 1,
      AutomaticFailoverEnabled: false,
      MultiAZEnabled: false,
    });
  });

  it('forgets what would go first, rather than refuse every post when it is full', () => {
    expect(standard.only(stack, 'AWS::ElastiCache::ParameterGroup')).toMatchObject({
      CacheParameterGroupFamily: 'valkey8',
      Properties: { 'maxmemory-policy': 'volatile-ttl' },
    });
  });

  it('is reached by the services only, from subnets that lead nowhere', () => {
    expect(standard.only(stack, 'AWS::EC2::SecurityGroup')).not.toHaveProperty('SecurityGroupIngress');
    const access = standard.only(stack, 'AWS::EC2::SecurityGroupIngress');
    expect(access).toMatchObject({ FromPort: 6379, ToPort: 6379 });
    expect(access['SourceSecurityGroupId']).toMatch(/ServicesGroup/);
    expect(access).not.toHaveProperty('CidrIp');
    const { SubnetIds } = standard.only(stack, 'AWS::ElastiCache::SubnetGroup');
    for (const id of SubnetIds as readonly string[]) expect(id).toMatch(/dataSubnet/);
  });
});

describe('the people in a chat task that goes', () => {
  const attributes = standard.targetGroupAttributes(stack);
  const drainS = 105;

  it('are sent away before the load balancer cuts off who is left', () => {
    // The task notices within 15 s (runtime/lifecycle/ecs-task.ts) and says good-bye for 5 s.
    expect(Number(attributes['deregistration_delay.timeout_seconds'])).toBeGreaterThanOrEqual(
      drainS + 15 + 5,
    );
  });

  it('are sent away before the task is killed, which Fargate does after two minutes at the latest', () => {
    expect(standard.container(stack).StopTimeout).toBeGreaterThanOrEqual(drainS + 15);
    expect(standard.container(stack).StopTimeout).toBeLessThanOrEqual(120);
  });

  it('are followed by nobody: it says within seconds that it takes none', () => {
    expect(standard.only(stack, 'AWS::ElasticLoadBalancingV2::TargetGroup')).toMatchObject({
      HealthCheckPath: '/healthz',
      HealthCheckIntervalSeconds: 5,
      UnhealthyThresholdCount: 3,
    });
  });
});

describe('newcomers', () => {
  it('go to the task with the fewest people', () => {
    expect(standard.targetGroupAttributes(stack)['load_balancing.algorithm.type']).toBe(
      'least_outstanding_requests',
    );
  });

  it('stay with their task where they may poll, and need no cookie where they may not', () => {
    expect(standard.targetGroupAttributes(stack)).toMatchObject({
      'stickiness.enabled': 'true',
      'stickiness.type': 'lb_cookie',
      // Longer than long polling is ever silent (25 s), and over when they come again.
      'stickiness.lb_cookie.duration_seconds': '120',
    });
    expect(small.targetGroupAttributes(stack)['stickiness.enabled']).toBe('false');
    expect(read(small).TRANSPORTS).toBe('websocket');
  });
});

describe('the number of tasks', () => {
  it('follows the people too: who only listens takes next to no CPU', () => {
    const filter = standard.only(stack, 'AWS::Logs::MetricFilter');
    // The line that containers/chat writes (core/chat/metrics.ts; test/containers/chat/program.test.ts).
    expect(filter['FilterPattern']).toBe(`{ $.msg = "${loadLine}" }`);
    const [metric] = filter['MetricTransformations'] as readonly Properties[];
    expect(metric).toMatchObject({ MetricValue: '$.sockets' });
    const policies = standard.all(stack, 'AWS::ApplicationAutoScaling::ScalingPolicy');
    expect(policies.map((each) => each['TargetTrackingScalingPolicyConfiguration'])).toContainEqual(
      expect.objectContaining({
        CustomizedMetricSpecification: {
          Namespace: metric?.['MetricNamespace'],
          MetricName: metric?.['MetricName'],
          Statistic: 'Average',
        },
        TargetValue: 6_000,
      }),
    );
  });
});

describe('a shard', () => {
  it('is small enough that thirty of them are thirty small stacks', () => {
    expect(standard.resourceCount(stack)).toBeLessThanOrEqual(18);
  });
});
