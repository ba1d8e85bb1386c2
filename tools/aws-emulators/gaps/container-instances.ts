import {
  DescribeContainerInstancesCommand,
  ECSClient,
  ListContainerInstancesCommand,
  RegisterContainerInstanceCommand,
} from '@aws-sdk/client-ecs';
import type { Gap } from '../proxy/proxy.ts';
import { bodyOf, withBody } from '../proxy/wire.ts';
import { emulatorOptions, type Direct } from './direct.ts';

interface Registered {
  readonly arn: string;
  readonly instanceId: string;
  readonly connected: boolean;
}

export interface ContainerInstances {
  /** Those whose EC2 instance still is. */
  active(): Promise<readonly Registered[]>;
  /** What the ECS agent does when an instance has booted. */
  register(instanceId: string): Promise<void>;
  setConnected(instanceId: string, connected: boolean): void;
  clear(): void;
  close(): void;
  readonly gap: Gap;
}

/** moto keeps an instance registered and connected after EC2 has terminated it. */
export function createContainerInstances(parts: {
  readonly moto: string;
  readonly cluster: string;
  readonly direct: Direct;
}): ContainerInstances {
  const { moto, cluster, direct } = parts;
  const ecs = new ECSClient(emulatorOptions(moto));
  const disconnected = new Set<string>();

  async function active(): Promise<readonly Registered[]> {
    const { containerInstanceArns = [] } = await ecs.send(new ListContainerInstancesCommand({ cluster }));
    if (containerInstanceArns.length === 0) return [];
    const { containerInstances = [] } = await ecs.send(
      new DescribeContainerInstancesCommand({ cluster, containerInstances: containerInstanceArns }),
    );
    const states = await direct.instanceStates();
    return containerInstances.flatMap(({ containerInstanceArn: arn, ec2InstanceId: instanceId }) =>
      arn === undefined || instanceId === undefined || states.get(instanceId) !== 'running'
        ? []
        : [{ arn, instanceId, connected: !disconnected.has(instanceId) }],
    );
  }

  const gap: Gap = {
    name: 'container instances of terminated hosts, agentConnected',
    document: 'AmazonECS/latest/developerguide/deregister_container_instance.html',
    service: 'ecs',
    operations: ['ListContainerInstances', 'DescribeContainerInstances'],
    handle: async (call, next) => {
      const answer = await next(call);
      if (answer.status !== 200) return answer;
      const there = await active();
      const body = bodyOf(answer);
      if (call.operation === 'ListContainerInstances')
        return withBody(answer, { ...body, containerInstanceArns: there.map(({ arn }) => arn) });
      const described = body['containerInstances'] as readonly { readonly containerInstanceArn: string }[];
      return withBody(answer, {
        ...body,
        containerInstances: described.map((instance) => {
          const found = there.find(({ arn }) => arn === instance.containerInstanceArn);
          return Object.assign({}, instance, {
            agentConnected: found?.connected === true,
            status: found === undefined ? 'INACTIVE' : 'ACTIVE',
          });
        }),
      });
    },
  };

  return {
    active,
    register: async (instanceId) => {
      await ecs.send(
        new RegisterContainerInstanceCommand({
          cluster,
          instanceIdentityDocument: JSON.stringify({ instanceId }),
          instanceIdentityDocumentSignature: 'unchecked',
        }),
      );
    },
    setConnected: (instanceId, connected) => {
      if (connected) disconnected.delete(instanceId);
      else disconnected.add(instanceId);
    },
    clear: () => disconnected.clear(),
    close: () => ecs.destroy(),
    gap,
  };
}
