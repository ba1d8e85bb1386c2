import { AutoScalingClient, DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling';
import {
  CreateTagsCommand,
  DescribeAddressesCommand,
  DescribeInstancesCommand,
  DisassociateAddressCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { DescribeTaskDefinitionCommand, ECSClient, StopTaskCommand } from '@aws-sdk/client-ecs';

/** Who asks an emulator: any credentials do. The proxy lets this one pass without faults, and forgets its calls. */
export const emulatorOptions = (endpoint: string) => ({
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'observer', secretAccessKey: 'observer' },
});

/** Questions of the gaps themselves to moto, past the proxy: they are part of a call that has its turn already. */
export interface Direct {
  instanceStates(): Promise<ReadonlyMap<string, string>>;
  addresses(): Promise<
    readonly {
      readonly allocationId: string;
      readonly associationId: string | undefined;
      readonly instanceId: string | undefined;
    }[]
  >;
  disassociate(associationId: string): Promise<void>;
  tag(instanceId: string, key: string, value: string): Promise<void>;
  groupOf(instanceId: string): Promise<string | undefined>;
  maxSize(group: string): Promise<number | undefined>;
  /** Ports of the host that a task of this definition takes. */
  hostPorts(taskDefinition: string): Promise<readonly number[]>;
  stopTask(cluster: string, task: string, reason: string): Promise<void>;
  close(): void;
}

export function createDirect(moto: string): Direct {
  const options = emulatorOptions(moto);
  const ec2 = new EC2Client(options);
  const ecs = new ECSClient(options);
  const autoScaling = new AutoScalingClient(options);
  const groups = async () =>
    (await autoScaling.send(new DescribeAutoScalingGroupsCommand({}))).AutoScalingGroups ?? [];
  return {
    instanceStates: async () => {
      const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({}));
      return new Map(
        Reservations.flatMap(({ Instances = [] }) => Instances).map(({ InstanceId, State }) => [
          InstanceId ?? '',
          State?.Name ?? 'unknown',
        ]),
      );
    },
    addresses: async () => {
      const { Addresses = [] } = await ec2.send(new DescribeAddressesCommand({}));
      return Addresses.map(({ AllocationId = '', AssociationId, InstanceId }) => ({
        allocationId: AllocationId,
        associationId: AssociationId === '' ? undefined : AssociationId,
        instanceId: InstanceId === '' ? undefined : InstanceId,
      }));
    },
    disassociate: async (AssociationId) => {
      await ec2.send(new DisassociateAddressCommand({ AssociationId }));
    },
    tag: async (instanceId, Key, Value) => {
      await ec2.send(new CreateTagsCommand({ Resources: [instanceId], Tags: [{ Key, Value }] }));
    },
    groupOf: async (instanceId) =>
      (await groups()).find(({ Instances = [] }) =>
        Instances.some(({ InstanceId }) => InstanceId === instanceId),
      )?.AutoScalingGroupName,
    maxSize: async (group) =>
      (await groups()).find(({ AutoScalingGroupName }) => AutoScalingGroupName === group)?.MaxSize,
    hostPorts: async (taskDefinition) => {
      const answer = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition }));
      return (answer.taskDefinition?.containerDefinitions ?? [])
        .flatMap(({ portMappings = [] }) => portMappings)
        .flatMap(({ hostPort, containerPort }) => hostPort ?? containerPort ?? []);
    },
    stopTask: async (cluster, task, reason) => {
      await ecs.send(new StopTaskCommand({ cluster, task, reason }));
    },
    close: () => {
      for (const client of [ec2, ecs, autoScaling]) client.destroy();
    },
  };
}
