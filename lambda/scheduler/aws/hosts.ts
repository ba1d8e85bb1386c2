import type { AutoScalingGroup, Instance as Member } from '@aws-sdk/client-auto-scaling';
import { paginateDescribeInstances, type EC2Client, type Instance } from '@aws-sdk/client-ec2';
import {
  DescribeContainerInstancesCommand,
  paginateListContainerInstances,
  type ECSClient,
} from '@aws-sdk/client-ecs';
import type { HostFact } from '../../../core/fleet/snapshot.ts';
import { call } from './errors.ts';
import type { Group } from './group.ts';
import { chunks } from './pages.ts';

/** What EC2, Auto Scaling and ECS each say of the hosts, put together. */
export interface Hosts {
  read(signal: AbortSignal): Promise<readonly HostFact[]>;
}

/** @param member undefined when the group does not (or no longer) know the instance */
function stateOf(instance: Instance, member: Member | undefined): HostFact['state'] {
  switch (instance.State?.Name) {
    case 'terminated':
      return 'gone';
    case 'pending':
      return 'launching';
    case 'running':
      // A host that runs outside the group was detached or is being ended: nothing may be put on it.
      if (member?.LifecycleState === undefined) return 'terminating';
      if (member.LifecycleState === 'InService') return 'running';
      return member.LifecycleState.startsWith('Pending') ? 'launching' : 'terminating';
    default:
      // shutting-down, stopping, stopped: Auto Scaling replaces it.
      return 'terminating';
  }
}

export function createHosts(parts: {
  readonly ec2: EC2Client;
  readonly ecs: ECSClient;
  readonly group: Group;
  readonly groupName: string;
  readonly cluster: string;
  readonly now: () => number;
}): Hosts {
  const { ec2, ecs, group, groupName, cluster, now } = parts;

  async function instances(signal: AbortSignal): Promise<readonly Instance[]> {
    const found: Instance[] = [];
    const pages = paginateDescribeInstances(
      { client: ec2, pageSize: 1000 },
      // By the tag, not by ids: terminated ones stay visible for an hour after they have left the group.
      { Filters: [{ Name: 'tag:aws:autoscaling:groupName', Values: [groupName] }] },
      { abortSignal: signal },
    );
    for await (const { Reservations = [] } of pages)
      found.push(...Reservations.flatMap((reservation) => reservation.Instances ?? []));
    return found;
  }

  /** Instances whose ECS agent is registered and connected. */
  async function ready(signal: AbortSignal): Promise<ReadonlySet<string>> {
    const arns: string[] = [];
    const pages = paginateListContainerInstances(
      { client: ecs, pageSize: 100 },
      { cluster },
      { abortSignal: signal },
    );
    for await (const { containerInstanceArns = [] } of pages) arns.push(...containerInstanceArns);
    const described = await Promise.all(
      chunks(arns, 100).map((containerInstances) =>
        ecs.send(new DescribeContainerInstancesCommand({ cluster, containerInstances }), {
          abortSignal: signal,
        }),
      ),
    );
    return new Set(
      described
        .flatMap(({ containerInstances = [] }) => containerInstances)
        .filter(({ status, agentConnected }) => status === 'ACTIVE' && agentConnected === true)
        .flatMap(({ ec2InstanceId }) => ec2InstanceId ?? []),
    );
  }

  function facts(
    found: readonly Instance[],
    members: NonNullable<AutoScalingGroup['Instances']>,
    connected: ReadonlySet<string>,
  ): readonly HostFact[] {
    const byId = new Map(members.map((member) => [member.InstanceId, member]));
    const seen = found.flatMap((instance): readonly HostFact[] => {
      const { InstanceId: hostId } = instance;
      if (hostId === undefined) return [];
      const member = byId.get(hostId);
      byId.delete(hostId);
      const state = stateOf(instance, member);
      return [
        {
          hostId,
          state,
          launchedAt: instance.LaunchTime?.getTime() ?? now(),
          ready: state === 'running' && connected.has(hostId),
          privateIp: instance.PrivateIpAddress,
          isProtected: member?.ProtectedFromScaleIn === true,
        },
      ];
    });
    // The group knows of an instance before DescribeInstances shows it; and should one be missing there for
    // another reason, it is not known to be gone.
    const unseen = [...byId.values()].flatMap(
      ({ InstanceId: hostId, ProtectedFromScaleIn, LifecycleState = '' }): readonly HostFact[] =>
        hostId === undefined || LifecycleState.startsWith('Terminat')
          ? []
          : [
              {
                hostId,
                state: LifecycleState === 'InService' ? 'running' : 'launching',
                launchedAt: now(),
                ready: false,
                privateIp: undefined,
                isProtected: ProtectedFromScaleIn === true,
              },
            ],
    );
    return [...seen, ...unseen];
  }

  return {
    read: async (signal) => {
      const [{ Instances: members = [] }, found, connected] = await Promise.all([
        group.describe(signal),
        call('describe the hosts', instances(signal)),
        call('describe the container instances', ready(signal)),
      ]);
      return facts(found, members, connected);
    },
  };
}
