import { ArnFormat, type Stack } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { metricNamespace } from '../../core/fleet/metrics.ts';
import type { Domain, Settings } from '../config.ts';
import type { DataParts, IngestParts, RegistryParts } from '../parts.ts';
import type { WildcardAction } from '../wildcards.ts';

export interface SchedulerNeeds {
  readonly settings: Settings;
  readonly vpc: ec2.IVpc;
  readonly data: DataParts;
  readonly registry: RegistryParts;
  readonly ingest: IngestParts;
}

const fleetTag = 'tidecast:fleet';

const allow = (
  actions: readonly string[],
  resources: readonly string[],
  conditions: iam.Conditions = {},
): iam.PolicyStatement =>
  new iam.PolicyStatement({ actions: [...actions], resources: [...resources], conditions });

/** For what AWS knows no resource: lib/wildcards.ts has the reasons. */
const allowUnscoped = (actions: readonly WildcardAction[], conditions: iam.Conditions = {}) =>
  allow(actions, ['*'], conditions);

/** Why a resource has a `*` in it: what the scheduler makes, or finds, has no name beforehand. */
export const wildcardReasons = {
  ':elastic-ip/*': 'an address has no name before it is there: the statement names its tag',
  ':instance/*': 'hosts come and go: the statement names their group',
  ':network-interface/*': 'as the hosts that they belong to: the statement names the VPC',
  ':autoScalingGroup:*': 'the id in the middle is given by Auto Scaling; the name is ours',
  ':container-instance/': 'hosts come and go: the cluster is ours',
  ':task/': 'tasks come and go: the cluster is ours',
  ':task-definition/': 'a family for each image, with our name before it',
  ':targetgroup/': 'one for each slot, with our name before it; the id at the end is given by AWS',
} as const;

/**
 * What the scheduler may do, statement by statement as lambda/scheduler/aws calls: test/lib/scheduler makes all
 * of its calls against them. It can touch nothing but the fleet's own, whatever its code is made to do.
 */
export function schedulerPermissions(stack: Stack, needs: SchedulerNeeds): readonly iam.PolicyStatement[] {
  const { settings, data } = needs;
  return [
    ...table(data.tables.all.fleet.tableArn),
    ...group(stack, needs),
    ...addresses(stack, needs),
    ...tasks(stack, needs),
    ...images(stack, needs),
    ...targets(stack, needs),
    ...(settings.domain === undefined ? [] : records(stack, settings.domain)),
    allowUnscoped(['cloudwatch:PutMetricData'], {
      StringEquals: { 'cloudwatch:namespace': metricNamespace },
    }),
  ];
}

/** One owner for each state (design section 5): partitions are those of runtime/store/tables/fleet*.ts. */
function table(fleet: string): readonly iam.PolicyStatement[] {
  const inPartitions = (...partitions: readonly string[]): iam.Conditions => ({
    // ForAllValues alone is true of a call that says nothing.
    Null: { 'dynamodb:LeadingKeys': 'false' },
    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [...partitions] },
  });
  return [
    allow(['dynamodb:GetItem', 'dynamodb:Query'], [fleet]),
    allow(['dynamodb:PutItem'], [fleet], inPartitions('order', 'scheduler')),
    // The lease.
    allow(['dynamodb:UpdateItem'], [fleet], inPartitions('scheduler')),
    allow(['dynamodb:BatchWriteItem'], [fleet], inPartitions('decisions#*')),
    // What a task that has stopped leaves behind.
    allow(['dynamodb:DeleteItem'], [fleet], inPartitions('heartbeat', 'order')),
  ];
}

function group(stack: Stack, { ingest }: SchedulerNeeds): readonly iam.PolicyStatement[] {
  // The part in the middle is an id that nobody knows beforehand.
  const arn = stack.formatArn({
    service: 'autoscaling',
    resource: 'autoScalingGroup',
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    resourceName: `*:autoScalingGroupName/${ingest.hosts.autoScalingGroupName}`,
  });
  return [
    allowUnscoped(['autoscaling:DescribeAutoScalingGroups', 'ec2:DescribeInstances']),
    allow(
      [
        'autoscaling:SetDesiredCapacity',
        'autoscaling:SetInstanceProtection',
        'autoscaling:TerminateInstanceInAutoScalingGroup',
      ],
      [arn],
    ),
  ];
}

function addresses(stack: Stack, { settings, vpc, ingest }: SchedulerNeeds): readonly iam.PolicyStatement[] {
  const of = (resource: string): string => stack.formatArn({ service: 'ec2', resource, resourceName: '*' });
  const address = [of('elastic-ip')];
  const isTagged = { StringEquals: { [`aws:ResourceTag/${fleetTag}`]: settings.name } };
  return [
    allowUnscoped(['ec2:DescribeAddresses']),
    allow(['ec2:AllocateAddress'], address, {
      StringEquals: { [`aws:RequestTag/${fleetTag}`]: settings.name },
    }),
    // Tags in the call itself need this as well; by itself it would make any address the fleet's.
    allow(['ec2:CreateTags'], address, { StringEquals: { 'ec2:CreateAction': 'AllocateAddress' } }),
    allow(['ec2:AssociateAddress', 'ec2:ReleaseAddress'], address, isTagged),
    allow(['ec2:AssociateAddress'], [of('instance')], {
      StringEquals: { 'aws:ResourceTag/aws:autoscaling:groupName': ingest.hosts.autoScalingGroupName },
    }),
    // EC2 may ask for the instance's interface beside the instance; it has no tags of the group.
    allow(['ec2:AssociateAddress'], [of('network-interface')], { ArnEquals: { 'ec2:Vpc': vpc.vpcArn } }),
  ];
}

function tasks(stack: Stack, { ingest }: SchedulerNeeds): readonly iam.PolicyStatement[] {
  const { cluster, taskDefinition } = ingest;
  const inCluster = { ArnEquals: { 'ecs:cluster': cluster.clusterArn } };
  const of = (resource: string, resourceName: string): string =>
    stack.formatArn({ service: 'ecs', resource, resourceName });
  const tasksOfCluster = of('task', `${cluster.clusterName}/*`);
  const pinned = of('task-definition', `${taskDefinition.family}-*:*`);
  return [
    allow(['ecs:ListContainerInstances'], [cluster.clusterArn]),
    allow(['ecs:DescribeContainerInstances'], [of('container-instance', `${cluster.clusterName}/*`)]),
    allowUnscoped(['ecs:ListTasks'], inCluster),
    allow(['ecs:DescribeTasks', 'ecs:StopTask'], [tasksOfCluster]),
    allow(['ecs:RunTask'], [pinned], inCluster),
    allow(['ecs:TagResource'], [tasksOfCluster], { StringEquals: { 'ecs:CreateAction': 'RunTask' } }),
  ];
}

function images(stack: Stack, { registry, ingest }: SchedulerNeeds): readonly iam.PolicyStatement[] {
  const { family, taskRole } = ingest.taskDefinition;
  const executionRole = ingest.taskDefinition.obtainExecutionRole();
  const definition = (name: string): string =>
    stack.formatArn({ service: 'ecs', resource: 'task-definition', resourceName: name });
  return [
    allow(['ecr:DescribeImages'], [registry.ingest.repositoryArn]),
    allowUnscoped(['ecs:DescribeTaskDefinition']),
    allowUnscoped(['ecs:RegisterTaskDefinition'], {
      StringLike: { 'aws:RequestTag/tidecast:copied-from': definition(`${family}:*`) },
    }),
    allow(['ecs:TagResource'], [definition(`${family}-*:*`)], {
      StringEquals: { 'ecs:CreateAction': 'RegisterTaskDefinition' },
    }),
    // What a revision may run as: what the stack's runs as, nothing else.
    allow(['iam:PassRole'], [taskRole.roleArn, executionRole.roleArn], {
      StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
    }),
  ];
}

function targets(stack: Stack, { ingest }: SchedulerNeeds): readonly iam.PolicyStatement[] {
  return [
    allowUnscoped(['elasticloadbalancing:DescribeTargetGroups', 'elasticloadbalancing:DescribeTargetHealth']),
    allow(
      ['elasticloadbalancing:RegisterTargets', 'elasticloadbalancing:DeregisterTargets'],
      [
        stack.formatArn({
          service: 'elasticloadbalancing',
          resource: 'targetgroup',
          resourceName: `${ingest.targetGroupPrefix}-*/*`,
        }),
      ],
    ),
  ];
}

function records(stack: Stack, { zoneId, ingestName }: Domain): readonly iam.PolicyStatement[] {
  const zone = [
    stack.formatArn({
      service: 'route53',
      region: '',
      account: '',
      resource: 'hostedzone',
      resourceName: zoneId,
    }),
  ];
  const names = 'route53:ChangeResourceRecordSetsNormalizedRecordNames';
  return [
    allow(['route53:ListResourceRecordSets'], zone),
    // The zone may hold the whole company's names: these are ours.
    allow(['route53:ChangeResourceRecordSets'], zone, {
      // ForAllValues alone is true of a call that says nothing.
      Null: { [names]: 'false' },
      'ForAllValues:StringLike': { [names]: [ingestName, `*.${ingestName}`] },
      'ForAllValues:StringEquals': {
        'route53:ChangeResourceRecordSetsRecordTypes': ['A'],
        'route53:ChangeResourceRecordSetsActions': ['UPSERT', 'DELETE'],
      },
    }),
  ];
}
