import {
  DescribeAutoScalingGroupsCommand,
  SetDesiredCapacityCommand,
  SetInstanceProtectionCommand,
  TerminateInstanceInAutoScalingGroupCommand,
  type AutoScalingClient,
  type AutoScalingGroup,
} from '@aws-sdk/client-auto-scaling';
import type { GroupFact } from '../../../core/fleet/snapshot.ts';
import { FleetCallError } from '../../../core/fleet/ports.ts';
import { call, callUnless } from './errors.ts';

/** The Auto Scaling group of the hosts. */
export interface Group {
  describe(signal: AbortSignal): Promise<AutoScalingGroup>;
  read(signal: AbortSignal): Promise<GroupFact>;
  raiseTo(hosts: number, signal: AbortSignal): Promise<void>;
  protect(hostId: string, signal: AbortSignal): Promise<void>;
  terminate(hostId: string, signal: AbortSignal): Promise<void>;
}

/** The group no longer has the instance: terminated, or detached by somebody. */
const isNotInGroup = (error: Error): boolean =>
  error.name === 'ValidationError' &&
  /not found|not part of|invalid instance|no managed instance/i.test(error.message);

export function createGroup(parts: { readonly client: AutoScalingClient; readonly name: string }): Group {
  const { client, name } = parts;
  // The group and its hosts are read in the same moment: one answer serves both.
  let asked: Promise<AutoScalingGroup> | undefined;

  async function ask(signal: AbortSignal): Promise<AutoScalingGroup> {
    const command = new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] });
    const { AutoScalingGroups: [group] = [] } = await call(
      `describe the Auto Scaling group ${name}`,
      client.send(command, { abortSignal: signal }),
    );
    if (group === undefined)
      throw new FleetCallError(`there is no Auto Scaling group ${name}`, { kind: 'refused' });
    return group;
  }

  function describe(signal: AbortSignal): Promise<AutoScalingGroup> {
    const mine = (asked ??= ask(signal).finally(() => {
      asked = undefined;
    }));
    return mine;
  }

  return {
    describe,
    read: async (signal) => {
      const group = await describe(signal);
      return { desired: group.DesiredCapacity ?? 0, maxHosts: group.MaxSize ?? 0 };
    },
    raiseTo: async (hosts, signal) => {
      // Asked afresh: by now another may have raised it further, and to set less would be to lower it.
      const { DesiredCapacity: desired = 0, MaxSize: most = 0 } = await ask(signal);
      if (desired >= hosts) return;
      if (hosts > most)
        throw new FleetCallError(`the Auto Scaling group ${name} may have ${most} hosts, not ${hosts}`, {
          kind: 'limit',
          limit: 'host maximum',
        });
      await call(
        `raise the Auto Scaling group ${name} to ${hosts}`,
        client.send(
          new SetDesiredCapacityCommand({
            AutoScalingGroupName: name,
            DesiredCapacity: hosts,
            HonorCooldown: false,
          }),
          { abortSignal: signal },
        ),
      );
    },
    protect: async (hostId, signal) => {
      await call(
        `protect ${hostId} from scale-in`,
        client.send(
          new SetInstanceProtectionCommand({
            AutoScalingGroupName: name,
            InstanceIds: [hostId],
            ProtectedFromScaleIn: true,
          }),
          { abortSignal: signal },
        ),
      );
    },
    terminate: async (hostId, signal) => {
      // Looked at first: to repeat the call on an instance that is already going might count the desired
      // number down a second time, and then Auto Scaling would choose a victim by itself.
      const group = await ask(signal);
      const instance = group.Instances?.find(({ InstanceId }) => InstanceId === hostId);
      if (instance === undefined || instance.LifecycleState?.startsWith('Terminat') === true) return;
      await callUnless(
        `terminate ${hostId}`,
        isNotInGroup,
        client.send(
          new TerminateInstanceInAutoScalingGroupCommand({
            InstanceId: hostId,
            ShouldDecrementDesiredCapacity: true,
          }),
          { abortSignal: signal },
        ),
      );
    },
  };
}
