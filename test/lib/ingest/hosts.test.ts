import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig, type TidecastConfig } from '../../../lib/config.ts';
import {
  at,
  environment,
  container,
  ofType,
  only,
  said,
  synthesiseIngest,
  userData,
  type JsonObject,
} from './templates.ts';

const config: TidecastConfig = { region: 'ap-northeast-1', profile: 'small' };
const { ingest } = synthesiseIngest(config);
const group = only(ingest, 'AWS::AutoScaling::AutoScalingGroup');
const template = at(only(ingest, 'AWS::EC2::LaunchTemplate'), 'LaunchTemplateData') as JsonObject;
const count = (type: string): number => ofType(ingest, type).length;

describe('nothing but the scheduler ends a host with a broadcast (I1):', () => {
  it('keeps a host with a broadcast out of scale-in', () => {
    expect(group['NewInstancesProtectedFromScaleIn']).toBe(true);
  });

  it('leaves the number of hosts to the scheduler, whatever is deployed', () => {
    expect(group).not.toHaveProperty('DesiredCapacity');
    expect(group['MinSize']).toBe('0');
    expect(group['MaxSize']).toBe(String(readConfig(config).ingest.policy.hosts.max));
  });

  it('never ends a host so that the zones have as many each (row 26)', () => {
    const call = only(ingest, 'Custom::SuspendedProcesses');
    for (const when of ['Create', 'Update']) {
      const { service, action, parameters } = JSON.parse(said(call[when])) as {
        readonly service: string;
        readonly action: string;
        readonly parameters: { readonly AutoScalingGroupName: string; readonly ScalingProcesses: string[] };
      };
      expect([service, action]).toEqual(['auto-scaling', 'SuspendProcesses']);
      expect(parameters.ScalingProcesses).toContain('AZRebalance');
      expect(parameters.AutoScalingGroupName).toMatch(/^HostsGroup/);
    }
  });

  it('lets no alarm, schedule or refresh act on the hosts, whoever makes one', () => {
    const suspended = said(only(ingest, 'Custom::SuspendedProcesses')['Create']);
    for (const process of ['AlarmNotification', 'ScheduledActions', 'InstanceRefresh'])
      expect(suspended).toContain(process);
  });

  it('has hosts that have died replaced: the scheduler counts them as coming', () => {
    const suspended = said(only(ingest, 'Custom::SuspendedProcesses')['Create']);
    for (const process of ['Launch', 'Terminate', 'HealthCheck', 'ReplaceUnhealthy'])
      expect(suspended).not.toContain(`"${process}"`);
  });

  it('calls a host broken when EC2 does, not when an answer is late', () => {
    expect(group['HealthCheckType']).toBe('EC2');
    expect(group).not.toHaveProperty('TargetGroupARNs');
    expect(group).not.toHaveProperty('LoadBalancerNames');
    expect(group).not.toHaveProperty('TrafficSources');
  });

  it('ends no host for a new launch template', () => {
    const resource = ingest.find(({ Type }) => Type === 'AWS::AutoScaling::AutoScalingGroup');
    expect(Object.keys(resource?.['UpdatePolicy'] ?? {})).toEqual(['AutoScalingScheduledAction']);
    expect(group).not.toHaveProperty('AutoScalingGroupName');
  });

  it('ends no host for its age, nor for its price', () => {
    for (const name of [
      'MaxInstanceLifetime',
      'MixedInstancesPolicy',
      'CapacityRebalance',
      'InstanceMaintenancePolicy',
    ])
      expect(group).not.toHaveProperty(name);
    expect(template).not.toHaveProperty('InstanceMarketOptions');
  });

  it('has no capacity provider, whose draining ends tasks after 48 h (row 22)', () => {
    expect(count('AWS::ECS::CapacityProvider')).toBe(0);
    expect(count('AWS::ECS::ClusterCapacityProviderAssociations')).toBe(0);
    expect(only(ingest, 'AWS::ECS::Cluster')).not.toHaveProperty('CapacityProviders');
  });

  it('runs no service, whose deployments end tasks or block on them (row 24)', () => {
    expect(count('AWS::ECS::Service')).toBe(0);
  });

  it('scales the group by nothing of its own', () => {
    for (const type of ['ScalingPolicy', 'ScheduledAction', 'LifecycleHook', 'WarmPool'])
      expect(count(`AWS::AutoScaling::${type}`)).toBe(0);
    expect(count('AWS::ApplicationAutoScaling::ScalableTarget')).toBe(0);
  });

  it('bears the slip of a hand in the console', () => {
    expect(template).toMatchObject({ DisableApiTermination: true, DisableApiStop: true });
  });
});

describe('a host', () => {
  it('has the newest image of ECS for its processor', () => {
    const of = (instanceType: string): string => {
      const other = synthesiseIngest({ ...config, ingest: { instanceType } });
      return said(at(only(other.ingest, 'AWS::EC2::LaunchTemplate'), 'LaunchTemplateData', 'ImageId'));
    };
    expect(said(template['ImageId'])).toContain('amazonlinux2023arm64');
    expect(of('c7i.xlarge')).toMatch(/amazonlinux2023(?!arm64)/);
  });

  it('reaches ECS and ECR before it has its Elastic IP', () => {
    expect(at(template, 'NetworkInterfaces', 0, 'AssociatePublicIpAddress')).toBe(true);
    expect(JSON.stringify(group['VPCZoneIdentifier'])).toContain('Vpcpublic');
  });

  it('gives its credentials to its own processes only', () => {
    expect(template['MetadataOptions']).toEqual({ HttpTokens: 'required', HttpPutResponseHopLimit: 1 });
  });

  it('has room on its encrypted disk for the whole spool beside the system', () => {
    const { Encrypted, VolumeSize, VolumeType } = at(template, 'BlockDeviceMappings', 0, 'Ebs') as JsonObject;
    expect({ Encrypted, VolumeType }).toEqual({ Encrypted: true, VolumeType: 'gp3' });
    const spoolGiB = Number(environment(ingest)['SPOOL_MAX_BYTES']) / 1024 ** 3;
    expect(Number(VolumeSize)).toBeGreaterThanOrEqual(30 + spoolGiB);
  });

  it('carries the tag that IAM conditions go by', () => {
    expect(group['Tags']).toContainEqual({ Key: 'tidecast', Value: 'tidecast', PropagateAtLaunch: true });
  });
});

describe('when a host starts', () => {
  const { config: agent, commands, spool, everyBoot } = runUserData(userData(ingest));

  it('reports to our cluster', () => {
    expect(agent['ECS_CLUSTER']).toMatch(/^Cluster/);
  });

  it('is told to kill no task before its shows have had their time', () => {
    const drainS = Number(environment(ingest)['DRAIN_DEADLINE_S']);
    expect(agent['ECS_CONTAINER_STOP_TIMEOUT']).toMatch(/^\d+s$/);
    expect(Number.parseInt(agent['ECS_CONTAINER_STOP_TIMEOUT'] ?? '', 10)).toBeGreaterThan(drainS + 30);
    // It would count instead of the agent's.
    expect(container(ingest)).not.toHaveProperty('StopTimeout');
  });

  it('can give a task in its network the role of the task', () => {
    expect(agent).toMatchObject({
      ECS_ENABLE_TASK_IAM_ROLE: 'true',
      ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST: 'true',
      ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE: 'true',
    });
    expect(JSON.parse(agent['ECS_AVAILABLE_LOGGING_DRIVERS'] ?? '')).toContain('awslogs');
  });

  it("makes the spool's folder for the task's user", () => {
    const source = said(at(only(ingest, 'AWS::ECS::TaskDefinition'), 'Volumes', 0, 'Host', 'SourcePath'));
    const [uid, gid] = said(container(ingest)['User']).split(':');
    expect(spool).toBe(`install -d -o ${uid} -g ${gid} -m 0700 ${source}`);
  });

  it('keeps its own credentials from the task, also after a restart', () => {
    const [uid] = said(container(ingest)['User']).split(':');
    const rule = `iptables --insert OUTPUT --destination 169.254.169.254 --match owner --uid-owner ${uid} --jump REJECT`;
    expect(commands).toContain(rule);
    expect(everyBoot).toBe(`#!/bin/sh\n${rule}\n`);
  });
});

/** Runs the script in a shell, with its files in a folder of ours, and notes what it calls. */
function runUserData(script: string): {
  readonly config: Readonly<Record<string, string>>;
  readonly commands: readonly string[];
  readonly spool: string | undefined;
  readonly everyBoot: string;
} {
  const root = mkdtempSync(join(tmpdir(), 'tidecast-user-data-'));
  try {
    for (const folder of ['bin', 'etc/ecs', 'var/lib/cloud/scripts/per-boot'])
      mkdirSync(join(root, folder), { recursive: true });
    const noted = join(root, 'noted');
    for (const command of ['iptables', 'install']) {
      const path = join(root, 'bin', command);
      writeFileSync(path, `#!/bin/sh\necho "${command} $*" >> ${noted}\n`);
      chmodSync(path, 0o755);
    }
    const here = script
      .replaceAll('/etc/ecs/', `${root}/etc/ecs/`)
      .replaceAll('/var/lib/cloud/', `${root}/var/lib/cloud/`);
    execFileSync('bash', ['-e', '-c', here], {
      env: { PATH: `${join(root, 'bin')}:/usr/bin:/bin` },
    });
    const lines = readFileSync(join(root, 'etc/ecs/ecs.config'), 'utf8').trim().split('\n');
    const commands = readFileSync(noted, 'utf8').trim().split('\n');
    return {
      config: Object.fromEntries(
        lines.map((line) => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1)]),
      ),
      commands,
      spool: commands.find((line) => line.startsWith('install')),
      everyBoot: readFileSync(join(root, 'var/lib/cloud/scripts/per-boot/tidecast'), 'utf8'),
    };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
