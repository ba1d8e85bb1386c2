import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import { EC2Client, type Instance } from '@aws-sdk/client-ec2';
import { ECSClient } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import type { HostFact } from '../../../../core/fleet/snapshot.ts';
import { createHosts } from '../../../../lambda/scheduler/aws/hosts.ts';

const { signal } = new AbortController();
const launched = new Date(1_000);

/** What is made of what EC2, Auto Scaling and ECS say of one instance; undefined: not even mentioned. */
async function hostOf(said: {
  readonly ec2?: string;
  readonly group?: string;
  readonly agent?: boolean;
}): Promise<HostFact | undefined> {
  const instances: Instance[] =
    said.ec2 === undefined
      ? []
      : [{ InstanceId: 'i-1', State: { Name: said.ec2 as 'running' }, LaunchTime: launched }];
  const members: AutoScalingGroup['Instances'] =
    said.group === undefined
      ? []
      : [
          {
            InstanceId: 'i-1',
            LifecycleState: said.group as 'InService',
            ProtectedFromScaleIn: true,
            AvailabilityZone: 'a',
            HealthStatus: 'Healthy',
          },
        ];
  const ec2 = Object.assign(new EC2Client({ region: 'us-east-1' }), {
    send: () => Promise.resolve({ Reservations: [{ Instances: instances }] }),
  });
  const ecs = Object.assign(new ECSClient({ region: 'us-east-1' }), {
    send: () =>
      Promise.resolve({
        containerInstanceArns: said.agent === undefined ? [] : ['arn'],
        containerInstances: [{ ec2InstanceId: 'i-1', status: 'ACTIVE', agentConnected: said.agent }],
      }),
  });
  const group = { describe: () => Promise.resolve({ Instances: members } as AutoScalingGroup) };
  const hosts = createHosts({
    ec2,
    ecs,
    group: group as unknown as Parameters<typeof createHosts>[0]['group'],
    groupName: 'g',
    cluster: 'c',
    now: () => 9_000,
  });
  return (await hosts.read(signal))[0];
}

describe('what three services say of a host', () => {
  const states: readonly (readonly [string, Parameters<typeof hostOf>[0], HostFact['state']])[] = [
    ['is asked for and not to be seen yet', { group: 'Pending' }, 'launching'],
    ['boots', { ec2: 'pending', group: 'Pending' }, 'launching'],
    ['has booted and is not in service yet', { ec2: 'running', group: 'Pending:Wait' }, 'launching'],
    ['is in service', { ec2: 'running', group: 'InService' }, 'running'],
    ['is in service and for once not listed', { group: 'InService' }, 'running'],
    ['is being ended', { ec2: 'running', group: 'Terminating:Wait' }, 'terminating'],
    ['shuts down', { ec2: 'shutting-down', group: 'Terminating' }, 'terminating'],
    ['was taken out of the group', { ec2: 'running' }, 'terminating'],
    ['was stopped by somebody', { ec2: 'stopped', group: 'InService' }, 'terminating'],
    ['has ended', { ec2: 'terminated' }, 'gone'],
    ['has ended and still stands in the group', { ec2: 'terminated', group: 'InService' }, 'gone'],
  ];
  it.each(states)('one that %s', async (_, said, state) => {
    expect(await hostOf(said)).toMatchObject({ hostId: 'i-1', state, ready: false });
  });

  it('is ready when it is in service and its agent is connected', async () => {
    const inService = { ec2: 'running', group: 'InService' };
    expect(await hostOf({ ...inService, agent: true })).toMatchObject({ ready: true, launchedAt: 1_000 });
    expect(await hostOf({ ...inService, agent: false })).toMatchObject({ ready: false });
    expect(await hostOf({ ec2: 'running', group: 'Terminating', agent: true })).toMatchObject({
      ready: false,
    });
  });

  it('leaves one out that the group is ending and EC2 has forgotten', async () => {
    expect(await hostOf({ group: 'Terminated' })).toBeUndefined();
  });
});
