import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import { describe, expect, it } from 'vitest';
import { slotNames } from '../../../core/fleet/policy.ts';
import { liveFolder } from '../../../core/media/addresses.ts';
import { timingFor } from '../../../core/media/timing.ts';
import { schedulerEnvironment } from '../../../core/environment/scheduler.ts';
import type { TidecastConfig } from '../../../lib/config.ts';
import { liveTargetGroupPrefix } from '../../../lib/naming.ts';
import { TidecastStack } from '../../../lib/stack.ts';
import {
  at,
  environment,
  ofType,
  only,
  said,
  stacksOfIngest,
  synthesiseIngest,
  type Json,
  type JsonObject,
} from './templates.ts';

const config: TidecastConfig = { region: 'ap-northeast-1', profile: 'small', ingest: { maxHosts: 12 } };
const { ingest } = synthesiseIngest(config);
const slots = slotNames(12);
const groups = ofType(ingest, 'AWS::ElasticLoadBalancingV2::TargetGroup');
const rules = ofType(ingest, 'AWS::ElasticLoadBalancingV2::ListenerRule');
const balancer = only(ingest, 'AWS::ElasticLoadBalancingV2::LoadBalancer');
const attributes = Object.fromEntries(
  (balancer['LoadBalancerAttributes'] as readonly JsonObject[]).map(({ Key, Value }) => [
    said(Key),
    said(Value),
  ]),
);

const patternsOf = (rule: JsonObject): readonly string[] =>
  at(rule, 'Conditions', 0, 'PathPatternConfig', 'Values') as readonly string[];
const matches = (pattern: string, path: string): boolean =>
  new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(path);

describe('the target groups', () => {
  it('are where the scheduler looks for them, one for each slot', () => {
    const prefix = liveTargetGroupPrefix('tidecast');
    expect(groups.map(({ Name }) => Name)).toEqual(slots.map((slot) => `${prefix}-${slot}`));
    expect(() => schedulerEnvironment.shape.TARGET_GROUP_PREFIX.parse(prefix)).not.toThrow();
  });

  it('have names that AWS takes, whatever the deployment is called', () => {
    const prefix = liveTargetGroupPrefix('a'.repeat(16));
    expect(`${prefix}-${slotNames(100).at(-1)}`.length).toBeLessThanOrEqual(32);
    expect(() => schedulerEnvironment.shape.TARGET_GROUP_PREFIX.parse(prefix)).not.toThrow();
  });

  it('take hosts by their address, and ask the program itself how it is', () => {
    const { HTTP_PORT } = environment(ingest);
    for (const group of groups)
      expect(group).toMatchObject({ TargetType: 'ip', Port: Number(HTTP_PORT), HealthCheckPath: '/healthz' });
  });

  it('let a slot go soon: its next task waits for it', () => {
    for (const group of groups)
      expect(group['TargetGroupAttributes']).toContainEqual({
        Key: 'deregistration_delay.timeout_seconds',
        Value: '5',
      });
  });

  it('are refused where a slot’s name is too long for one', () => {
    const slot = `in-${'x'.repeat(20)}`;
    expect(() => synthesiseIngest({ ...config, ingest: { policy: { slots: [slot] } } })).toThrow(
      `slot ${slot} would have the target group tidecast-live-${slot}; a name has at most 32 characters`,
    );
  });

  it('are refused where there are more than a load balancer can have (row 40)', () => {
    expect(() => synthesiseIngest({ ...config, ingest: { policy: { slots: 101 } } })).toThrow(
      'slots are 101; one load balancer has 100 target groups',
    );
  });
});

describe('a request', () => {
  it.each([false, true])(
    'for a live window finds the task of its slot and no other (private: %s)',
    (isPrivate) => {
      for (const [index, slot] of slots.entries()) {
        const path = `${liveFolder({ isPrivate, slot, broadcastId: '01j' })}720p/index.m3u8`;
        const found = rules.filter((rule) => patternsOf(rule).some((pattern) => matches(pattern, path)));
        expect(found.map((rule) => said(at(rule, 'Actions', 0, 'TargetGroupArn')))).toHaveLength(1);
        expect(said(at(found[0], 'Actions', 0, 'TargetGroupArn'))).toContain(slot.replace('-', ''));
        expect(found[0]?.['Priority']).toBe(index + 1);
      }
    },
  );

  it.each(['/metrics', '/healthz', '/live/in-99/x', '/live/', '/'])('for %s finds nothing', (path) => {
    expect(rules.some((rule) => patternsOf(rule).some((pattern) => matches(pattern, path)))).toBe(false);
    const [action] = only(ingest, 'AWS::ElasticLoadBalancingV2::Listener')[
      'DefaultActions'
    ] as readonly JsonObject[];
    expect(at(action, 'FixedResponseConfig', 'StatusCode')).toBe('404');
  });

  it('stays within what a rule can say (row 40)', () => {
    for (const rule of rules) {
      expect(patternsOf(rule).length).toBeLessThanOrEqual(5);
      expect(patternsOf(rule).join('').split('*').length - 1).toBeLessThanOrEqual(5);
    }
  });

  it('may wait for its part, and never meets a connection that the task is closing', () => {
    const idleS = Number(attributes['idle_timeout.timeout_seconds']);
    expect(idleS).toBeGreaterThan(3 * timingFor({ num: 30, den: 1 }).targetDurationS);
    // keepAliveTimeout of containers/ingest/http.ts.
    expect(idleS).toBeLessThan(72);
  });
});

describe('the access log', () => {
  it('goes to a bucket of another stack, for which nothing of this one is needed', () => {
    const stacks = stacksOfIngest(config, (stack, app) => {
      const logs = new TidecastStack(app, { part: 'logs', settings: stack.settings, description: 'logs' });
      stack.logTo(new Bucket(logs, 'Logs') as IBucket, 'live');
    });
    const [logged] = Object.values(
      stacks.get('ingest')?.template.findResources('AWS::ElasticLoadBalancingV2::LoadBalancer') ?? {},
    );
    const written = at(logged, 'Properties', 'LoadBalancerAttributes') as readonly JsonObject[];
    expect(written).toContainEqual({ Key: 'access_logs.s3.enabled', Value: 'true' });
    expect(written).toContainEqual({ Key: 'access_logs.s3.prefix', Value: 'live' });
    expect(stacks.get('logs')?.stack.dependencies).toEqual([]);
  });
});

describe('the doors', () => {
  interface Rule {
    readonly group: string;
    readonly from: string;
    readonly port: string;
  }
  const nameOf = (value: Json | undefined): string => said(value).replace(/[0-9A-F]{8}$/, '');
  const doorOf = (group: string, rule: JsonObject): Rule => ({
    group,
    from: nameOf(rule['CidrIp'] ?? rule['CidrIpv6'] ?? rule['SourceSecurityGroupId']),
    port: `${said(rule['IpProtocol'])} ${said(rule['FromPort'])}-${said(rule['ToPort'])}`,
  });
  const rulesIn = [
    ...ofType(ingest, 'AWS::EC2::SecurityGroup').flatMap((group) => {
      const [name = ''] = said(group['GroupDescription']).split(':');
      const rulesOf = (group['SecurityGroupIngress'] ?? []) as readonly JsonObject[];
      return rulesOf.map((rule) => doorOf(name, rule));
    }),
    ...ofType(ingest, 'AWS::EC2::SecurityGroupIngress').map((rule) => doorOf(nameOf(rule['GroupId']), rule)),
  ];

  it('are open to the world for encoders, and for nobody else', () => {
    expect(rulesIn.filter(({ from }) => from.endsWith('/0'))).toEqual(
      ['0.0.0.0/0', '::/0'].flatMap((from) =>
        [1935, 1936].map((port) => ({ group: 'Ingest hosts', from, port: `tcp ${port}-${port}` })),
      ),
    );
  });

  it('are open to the load balancer for viewers, to the hosts themselves for newcomers, and that is all', () => {
    expect(rulesIn.filter(({ from }) => !from.endsWith('/0'))).toEqual([
      { group: 'Load balancer of live windows', from: '10.40.0.0/16', port: 'tcp 80-80' },
      { group: 'HostsGroup', from: 'HostsGroup', port: 'tcp 1937-1937' },
      { group: 'HostsGroup', from: 'LoadBalancerGroup', port: 'tcp 8935-8935' },
    ]);
  });

  it('keep the load balancer inside the VPC', () => {
    expect(balancer['Scheme']).toBe('internal');
    expect(JSON.stringify(balancer['Subnets'])).toContain('Vpcdata');
  });
});
