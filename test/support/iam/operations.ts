/**
 * What AWS checks of each call that our programs make: action, resource, and the condition keys that its Service
 * Authorization Reference has for it. A call that is not here throws: nobody has looked up what it needs.
 */
import type { AwsCall } from './call.ts';
import type { Place } from './deployment.ts';
import { IamError, type Check } from './evaluate.ts';
import { tableChecks } from './table-operations.ts';

export interface World {
  readonly place: Place;
  /** Tags that a resource has had since before the call. */
  readonly tagsOf: (arn: string) => Readonly<Record<string, string>>;
  /** ARNs of the roles that a task definition names, for calls that only name the definition. */
  readonly rolesOf: (taskDefinition: string) => readonly string[];
  readonly vpc: string;
}

type Input = AwsCall['input'];
type Checks = (input: Input, world: World, action: string) => readonly Check[];

const text = (value: unknown): string => {
  if (typeof value !== 'string') throw new IamError(`text expected, not ${JSON.stringify(value)}`);
  return value;
};

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);

const arn = ({ place }: World, service: string, resource: string): string =>
  `arn:aws:${service}:${place.region}:${place.account}:${resource}`;

/** By their key in the two spellings that AWS has. */
function tagsIn(given: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    list(given).map((tag) => {
      const { key, value, Key, Value } = tag as Readonly<Record<string, string | undefined>>;
      return [Key ?? key ?? '', Value ?? value ?? ''];
    }),
  );
}

const keys = (prefix: string, tags: Readonly<Record<string, string>>): Check['context'] =>
  Object.fromEntries(Object.entries(tags).map(([key, value]) => [`${prefix}/${key}`, value]));

const requestTags = (tags: Readonly<Record<string, string>>): Check['context'] =>
  Object.keys(tags).length === 0 ? {} : { ...keys('aws:RequestTag', tags), 'aws:TagKeys': Object.keys(tags) };

/** The action on a resource that is there. */
const on = (world: World, action: string, resource: string, context: Check['context'] = {}): Check => ({
  action,
  resource,
  context: { ...keys('aws:ResourceTag', world.tagsOf(resource)), ...context },
});

const unscoped: Checks = (_input, _world, action) => [{ action, resource: '*', context: {} }];

const clusterOf = (input: Input, world: World): string => {
  const cluster = text(input['cluster']);
  return cluster.startsWith('arn:') ? cluster : arn(world, 'ecs', `cluster/${cluster}`);
};

const nameOf = (clusterArn: string): string => clusterArn.slice(clusterArn.lastIndexOf('/') + 1);

/** Calls name tasks and container instances by ARN or by id. */
const ofCluster = (kind: string, input: Input, world: World, id: unknown): string =>
  text(id).startsWith('arn:')
    ? text(id)
    : arn(world, 'ecs', `${kind}/${nameOf(clusterOf(input, world))}/${text(id)}`);

const inCluster = (input: Input, world: World): Check['context'] => ({
  'ecs:cluster': clusterOf(input, world),
});

const passed = (roles: readonly string[]): readonly Check[] =>
  roles.map((role) => ({
    action: 'iam:PassRole',
    resource: role,
    context: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
  }));

const tagging = (action: string, created: string, by: string, tags: Readonly<Record<string, string>>) => ({
  action,
  resource: created,
  context: { ...requestTags(tags), [`${action.split(':')[0]}:CreateAction`]: by },
});

/** Any id: what is yet to be made. */
const made = '0123456789abcdef0';

const ecs: Readonly<Record<string, Checks>> = {
  ListContainerInstances: (input, world, action) => [on(world, action, clusterOf(input, world))],
  DescribeContainerInstances: (input, world, action) =>
    list(input['containerInstances']).map((id) =>
      on(world, action, ofCluster('container-instance', input, world, id), inCluster(input, world)),
    ),
  ListTasks: (input, world, action) => [{ action, resource: '*', context: inCluster(input, world) }],
  DescribeTasks: (input, world, action) =>
    list(input['tasks']).map((id) =>
      on(world, action, ofCluster('task', input, world, id), inCluster(input, world)),
    ),
  StopTask: (input, world, action) => [
    on(world, action, ofCluster('task', input, world, input['task']), inCluster(input, world)),
  ],
  RunTask: (input, world, action) => {
    const definition = text(input['taskDefinition']);
    const tags = tagsIn(input['tags']);
    return [
      on(world, action, definition, { ...inCluster(input, world), ...requestTags(tags) }),
      ...passed(world.rolesOf(definition)),
      ...(Object.keys(tags).length === 0
        ? []
        : [tagging('ecs:TagResource', ofCluster('task', input, world, made), 'RunTask', tags)]),
    ];
  },
  DescribeTaskDefinition: unscoped,
  RegisterTaskDefinition: (input, world, action) => {
    const tags = tagsIn(input['tags']);
    const definition = arn(world, 'ecs', `task-definition/${text(input['family'])}:7`);
    return [
      { action, resource: '*', context: requestTags(tags) },
      ...passed(
        [input['taskRoleArn'], input['executionRoleArn']].filter((role) => role !== undefined).map(text),
      ),
      ...(Object.keys(tags).length === 0
        ? []
        : [tagging('ecs:TagResource', definition, 'RegisterTaskDefinition', tags)]),
    ];
  },
};

const ec2: Readonly<Record<string, Checks>> = {
  DescribeAddresses: unscoped,
  DescribeInstances: unscoped,
  AllocateAddress: (input, world, action) => {
    const address = arn(world, 'ec2', `elastic-ip/eipalloc-${made}`);
    const [specification] = list(input['TagSpecifications']);
    const tags = tagsIn((specification as { readonly Tags?: unknown } | undefined)?.Tags);
    return [
      { action, resource: address, context: requestTags(tags) },
      ...(Object.keys(tags).length === 0
        ? []
        : [tagging('ec2:CreateTags', address, 'AllocateAddress', tags)]),
    ];
  },
  AssociateAddress: (input, world, action) => [
    on(world, action, arn(world, 'ec2', `elastic-ip/${text(input['AllocationId'])}`)),
    on(world, action, arn(world, 'ec2', `instance/${text(input['InstanceId'])}`)),
    // Whether EC2 asks for it beside the instance its reference leaves open: it must be allowed.
    on(world, action, arn(world, 'ec2', `network-interface/eni-${made}`), { 'ec2:Vpc': world.vpc }),
  ],
  ReleaseAddress: (input, world, action) => [
    on(world, action, arn(world, 'ec2', `elastic-ip/${text(input['AllocationId'])}`)),
  ],
};

const ofGroup: Checks = (input, world, action) => [
  on(
    world,
    action,
    arn(
      world,
      'autoscaling',
      // A termination names only the instance; AWS finds its group.
      `autoScalingGroup:${made}:autoScalingGroupName/${text(
        input['AutoScalingGroupName'] ??
          world.tagsOf(arn(world, 'ec2', `instance/${text(input['InstanceId'])}`))[
            'aws:autoscaling:groupName'
          ],
      )}`,
    ),
  ),
];

const autoscaling: Readonly<Record<string, Checks>> = {
  DescribeAutoScalingGroups: unscoped,
  SetDesiredCapacity: ofGroup,
  SetInstanceProtection: ofGroup,
  TerminateInstanceInAutoScalingGroup: ofGroup,
};

const ofTargetGroup: Checks = (input, world, action) => [on(world, action, text(input['TargetGroupArn']))];

const elasticloadbalancing: Readonly<Record<string, Checks>> = {
  DescribeTargetGroups: unscoped,
  DescribeTargetHealth: unscoped,
  RegisterTargets: ofTargetGroup,
  DeregisterTargets: ofTargetGroup,
};

const zoneOf = (input: Input): string => `arn:aws:route53:::hostedzone/${text(input['HostedZoneId'])}`;

const route53: Readonly<Record<string, Checks>> = {
  ListResourceRecordSets: (input, world, action) => [on(world, action, zoneOf(input))],
  ChangeResourceRecordSets: (input, world, action) => {
    const { Changes } = input['ChangeBatch'] as {
      readonly Changes: readonly {
        readonly Action: string;
        readonly ResourceRecordSet: { readonly Name: string; readonly Type: string };
      }[];
    };
    const sets = Changes.map(({ ResourceRecordSet }) => ResourceRecordSet);
    const prefix = 'route53:ChangeResourceRecordSets';
    return [
      on(world, action, zoneOf(input), {
        // Normalised: small letters, no dot at the end.
        [`${prefix}NormalizedRecordNames`]: sets.map(({ Name }) => Name.toLowerCase().replace(/\.$/, '')),
        [`${prefix}RecordTypes`]: sets.map(({ Type }) => Type),
        [`${prefix}Actions`]: Changes.map(({ Action }) => Action),
      }),
    ];
  },
};

const object =
  (permission: string): Checks =>
  ({ Bucket, Key }, world) => [on(world, permission, `arn:aws:s3:::${text(Bucket)}/${text(Key)}`)];

const s3: Readonly<Record<string, Checks>> = {
  PutObject: object('s3:PutObject'),
  CreateMultipartUpload: object('s3:PutObject'),
  UploadPart: object('s3:PutObject'),
  CompleteMultipartUpload: object('s3:PutObject'),
  AbortMultipartUpload: object('s3:AbortMultipartUpload'),
  GetObject: object('s3:GetObject'),
  HeadObject: object('s3:GetObject'),
  DeleteObject: object('s3:DeleteObject'),
  ListObjectsV2: ({ Bucket, Prefix = '' }, world) => [
    on(world, 's3:ListBucket', `arn:aws:s3:::${text(Bucket)}`, { 's3:prefix': text(Prefix) }),
  ],
};

const ecr: Readonly<Record<string, Checks>> = {
  DescribeImages: (input, world, action) => [
    on(world, action, arn(world, 'ecr', `repository/${text(input['repositoryName'])}`)),
  ],
};

const cloudwatch: Readonly<Record<string, Checks>> = {
  PutMetricData: ({ Namespace }, _world, action) => [
    { action, resource: '*', context: { 'cloudwatch:namespace': text(Namespace) } },
  ],
};

/** By the SDK's client: the prefix of its actions, and its operations. */
const services: Readonly<Record<string, readonly [string, Readonly<Record<string, Checks>>]>> = {
  AutoScalingClient: ['autoscaling', autoscaling],
  CloudWatchClient: ['cloudwatch', cloudwatch],
  EC2Client: ['ec2', ec2],
  ECRClient: ['ecr', ecr],
  ECSClient: ['ecs', ecs],
  ElasticLoadBalancingV2Client: ['elasticloadbalancing', elasticloadbalancing],
  Route53Client: ['route53', route53],
  S3Client: ['s3', s3],
};

/** @throws IamError when nobody has looked up what the call needs */
export function checksOf({ client, operation, input }: AwsCall, world: World): readonly Check[] {
  if (client === 'DynamoDBClient') return tableChecks(operation, input, world.place);
  const [prefix, operations] = services[client] ?? ['', {}];
  const checks = operations[operation];
  if (checks === undefined) throw new IamError(`what ${client}.${operation} needs is not known here`);
  return checks(input, world, `${prefix}:${operation}`);
}
