import { describe, expect, it } from 'vitest';
import { domain } from '../synthesise.ts';
import { attributes, Services, type Properties } from './service.ts';

const services = new Services({ profile: 'standard', domain });
const stacks = ['tidecast-api', 'tidecast-chat-a', 'tidecast-chat-b'] as const;

interface Ingress extends Properties {
  readonly CidrIp?: string;
  readonly CidrIpv6?: string;
  readonly FromPort: number;
  readonly ToPort: number;
}

describe('the entrance of API and chat', () => {
  const balancer = services.only('tidecast-entrance', 'AWS::ElasticLoadBalancingV2::LoadBalancer');
  const said = attributes(balancer['LoadBalancerAttributes']);

  it('is reached from inside the VPC only, where CloudFront comes from', () => {
    expect(balancer['Scheme']).toBe('internal');
    const ingress = services
      .all('tidecast-entrance', 'AWS::EC2::SecurityGroup')
      .flatMap(({ SecurityGroupIngress = [] }) => SecurityGroupIngress as readonly Ingress[]);
    expect(ingress.map(({ CidrIp, FromPort, ToPort }) => ({ CidrIp, FromPort, ToPort }))).toEqual([
      { CidrIp: '10.40.0.0/16', FromPort: 80, ToPort: 80 },
    ]);
  });

  it('lets its services be reached by nobody but itself', () => {
    const rules = services.all('tidecast-entrance', 'AWS::EC2::SecurityGroupIngress');
    expect(rules.map(({ FromPort, ToPort }) => [FromPort, ToPort])).toEqual([
      [8080, 8080],
      [8090, 8090],
    ]);
    for (const rule of rules) {
      expect(rule).not.toHaveProperty('CidrIp');
      expect(rule['SourceSecurityGroupId']).toMatch(/LoadBalancerGroup/);
    }
  });

  it('keeps a connection longer than its pings are apart, and shorter than the programs do', () => {
    // pingIntervalMs and keepAliveTimeout of containers/chat and containers/api.
    expect(Number(said['idle_timeout.timeout_seconds'])).toBeGreaterThan(25);
    expect(Number(said['idle_timeout.timeout_seconds'])).toBeLessThan(72);
  });

  it('lets no header through that a program could read otherwise than it', () => {
    expect(said['routing.http.drop_invalid_header_fields.enabled']).toBe('true');
  });

  it('is deleted by nobody’s slip, as long as the data are kept', () => {
    expect(said['deletion_protection.enabled']).toBe('true');
  });

  it('answers a path of nobody by itself', () => {
    const listener = services.only('tidecast-entrance', 'AWS::ElasticLoadBalancingV2::Listener');
    expect(listener['DefaultActions']).toMatchObject([
      { Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } },
    ]);
  });

  it('tells every service by its path, each at a priority of its own', () => {
    const rules = stacks.map((stack) => services.only(stack, 'AWS::ElasticLoadBalancingV2::ListenerRule'));
    expect(
      rules.map(
        ({ Conditions }) =>
          (Conditions as readonly { readonly PathPatternConfig: { readonly Values: unknown } }[])[0]
            ?.PathPatternConfig.Values,
      ),
    ).toEqual([['/api/*'], ['/chat/a/*'], ['/chat/b/*']]);
    expect(new Set(rules.map(({ Priority }) => Priority)).size).toBe(rules.length);
  });
});

describe.each(stacks)('the service of %s', (stack) => {
  const service = services.only(stack, 'AWS::ECS::Service');
  const container = services.container(stack);
  const definition = services.only(stack, 'AWS::ECS::TaskDefinition');

  it('keeps, when it is deployed, as many tasks as it has grown to', () => {
    expect(service).not.toHaveProperty('DesiredCount');
  });

  it('goes on serving while it is deployed, and goes back when that fails', () => {
    expect(service['DeploymentConfiguration']).toMatchObject({
      MinimumHealthyPercent: 100,
      MaximumPercent: 200,
      DeploymentCircuitBreaker: { Enable: true, Rollback: true },
    });
  });

  it('starts no task before its image and its secrets may be read, and its load balancer knows it', () => {
    const [found] = services.deployment.resources('AWS::ECS::Service', stack);
    const { DependsOn = [] } = (found?.resource ?? {}) as { readonly DependsOn?: readonly string[] };
    for (const part of ['ExecutionRoleDefaultPolicy', 'TaskRoleDefaultPolicy', 'Rule'])
      expect(DependsOn.join(' ')).toContain(part);
  });

  it('moves nobody only to even out the zones', () => {
    expect(service['AvailabilityZoneRebalancing']).toBe('DISABLED');
  });

  it('runs on ARM, as somebody without rights, who can write nowhere', () => {
    expect(definition['RuntimePlatform']).toMatchObject({ CpuArchitecture: 'ARM64' });
    expect(container).toMatchObject({
      User: '1000:1000',
      ReadonlyRootFilesystem: true,
      LinuxParameters: { InitProcessEnabled: true, Capabilities: { Drop: ['ALL'] } },
    });
    expect(container['Privileged'] ?? false).toBe(false);
  });

  it('is not held up by logs that are not taken', () => {
    expect(container.LogConfiguration.Options).toMatchObject({ mode: 'non-blocking' });
  });

  it('grows within seconds and shrinks slowly', () => {
    expect(service['Monitoring']).toEqual({
      MetricConfigurations: [{ MetricNames: ['CPUUtilization'], ResolutionSeconds: 20 }],
    });
    const policies = services
      .all(stack, 'AWS::ApplicationAutoScaling::ScalingPolicy')
      .map((policy) => policy['TargetTrackingScalingPolicyConfiguration'] as Properties);
    expect(policies[0]).toMatchObject({
      PredefinedMetricSpecification: {
        PredefinedMetricType: 'ECSServiceAverageCPUUtilizationHighResolution',
      },
    });
    for (const policy of policies)
      expect(policy).toMatchObject({ ScaleOutCooldown: 20, ScaleInCooldown: 600 });
  });

  it('never goes below two tasks, so that one may fail', () => {
    expect(services.only(stack, 'AWS::ApplicationAutoScaling::ScalableTarget')).toMatchObject({
      MinCapacity: 2,
      MaxCapacity: 20,
      ScalableDimension: 'ecs:service:DesiredCount',
    });
  });

  it('has no public address where there is a NAT gateway', () => {
    expect(service['NetworkConfiguration']).toMatchObject({
      AwsvpcConfiguration: { AssignPublicIp: 'DISABLED' },
    });
  });

  it('puts no secret into its variables', () => {
    for (const { Name, Value } of container.Environment)
      expect(`${Name}=${Value}`).not.toMatch(/PASSWORD|BEGIN|resolve:/);
    for (const { ValueFrom } of container.Secrets) expect(ValueFrom).toMatch(/^arn:aws:secretsmanager:/);
  });
});
