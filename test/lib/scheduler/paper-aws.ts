/** AWS on paper: an answer for each call that the scheduler makes, so that it makes the next one. */
import type { AwsCall } from '../../support/iam/call.ts';
import type { Place } from '../../support/iam/deployment.ts';

export interface Names {
  readonly place: Place;
  readonly cluster: string;
  readonly family: string;
  readonly container: string;
  readonly group: string;
  readonly fleet: string;
  readonly targetGroupPrefix: string;
  readonly domain: string;
  readonly roles: { readonly task: string; readonly execution: string };
}

export const hostId = 'i-0aaaaaaaaaaaaaaaa';
export const addressId = 'eipalloc-0bbbbbbbbbbbbbbbb';
export const slot = 'in-07';
export const ip = '198.51.100.7';
export const taskId = 'cccccccccccccccccccccccccccccccc';
export const digest = `sha256:${'d'.repeat(64)}`;

type Answers = Readonly<Record<string, (input: AwsCall['input']) => object>>;

export function paperAws(names: Names): (call: AwsCall) => object {
  const { place, cluster, family, container, group, fleet, targetGroupPrefix, domain, roles } = names;
  const arn = (service: string, resource: string): string =>
    `arn:aws:${service}:${place.region}:${place.account}:${resource}`;
  const base = {
    taskDefinitionArn: arn('ecs', `task-definition/${family}:3`),
    containerDefinitions: [{ name: container, image: 'registry/ingest:release' }],
    taskRoleArn: roles.task,
    executionRoleArn: roles.execution,
  };
  const front = `${domain}.`;
  const record = (name: string) => ({
    Name: name,
    Type: 'A',
    TTL: 60,
    ResourceRecords: [{ Value: ip }],
  });
  const answers: Answers = {
    DescribeAutoScalingGroups: () => ({
      AutoScalingGroups: [
        {
          AutoScalingGroupName: group,
          DesiredCapacity: 1,
          MaxSize: 9,
          Instances: [{ InstanceId: hostId, LifecycleState: 'InService' }],
        },
      ],
    }),
    DescribeInstances: () => ({
      Reservations: [{ Instances: [{ InstanceId: hostId, State: { Name: 'running' } }] }],
    }),
    ListContainerInstances: () => ({
      containerInstanceArns: [arn('ecs', `container-instance/${cluster}/eeee`)],
    }),
    DescribeContainerInstances: () => ({ containerInstances: [] }),
    ListTasks: () => ({ taskArns: [arn('ecs', `task/${cluster}/${taskId}`)] }),
    DescribeTasks: () => ({
      tasks: [
        {
          taskArn: arn('ecs', `task/${cluster}/${taskId}`),
          taskDefinitionArn: arn('ecs', `task-definition/${family}-dddddddddddd:1`),
          tags: [
            { key: 'tidecast:slot', value: slot },
            { key: 'tidecast:host', value: hostId },
          ],
        },
      ],
    }),
    DescribeTaskDefinition: () => ({ taskDefinition: base, tags: [] }),
    RegisterTaskDefinition: ({ family: of }) => ({
      taskDefinition: { taskDefinitionArn: arn('ecs', `task-definition/${String(of)}:1`) },
    }),
    RunTask: () => ({ tasks: [{}] }),
    DescribeAddresses: ({ Filters }) => ({
      // One slot has an address, the others are free.
      Addresses: JSON.stringify(Filters).includes('in-08')
        ? []
        : [
            {
              AllocationId: addressId,
              PublicIp: ip,
              Tags: [
                { Key: 'tidecast:fleet', Value: fleet },
                { Key: 'tidecast:slot', Value: slot },
              ],
            },
          ],
    }),
    DescribeTargetGroups: () => ({
      TargetGroups: [
        {
          TargetGroupName: `${targetGroupPrefix}-${slot}`,
          TargetGroupArn: arn(
            'elasticloadbalancing',
            `targetgroup/${targetGroupPrefix}-${slot}/0123456789abcdef`,
          ),
        },
      ],
    }),
    DescribeTargetHealth: () => ({ TargetHealthDescriptions: [] }),
    ListResourceRecordSets: ({ StartRecordName }) => ({
      ResourceRecordSets: [record(typeof StartRecordName === 'string' ? StartRecordName : front)],
    }),
    DescribeImages: () => ({ imageDetails: [{ imageDigest: digest }] }),
  };
  const nothing = (): object => ({});
  return ({ operation, input }) => (answers[operation] ?? nothing)(input);
}
