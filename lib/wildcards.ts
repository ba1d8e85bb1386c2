/** Every `*` in what our roles may do, with its reason. */
import { Stack, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';

/**
 * Every action that a role of ours may do on resource `*`: those for which AWS knows no resource (Service
 * Authorization Reference). test/lib/iam.test.ts finds any other one in the templates.
 */
export const wildcards = {
  'autoscaling:DescribeAutoScalingGroups': 'descriptions of Auto Scaling know no resource',
  'cloudwatch:PutMetricData': 'metrics know no resource; the statement names the namespace',
  'ec2:DescribeAddresses': 'descriptions of EC2 know no resource',
  'ec2:DescribeManagedPrefixLists': 'descriptions of EC2 know no resource',
  'ec2:DescribeInstances': 'descriptions of EC2 know no resource',
  'ecr:GetAuthorizationToken': 'a token is for all of ECR; what may be pulled with it is another permission',
  'ecs:DescribeTaskDefinition': 'knows no resource',
  'ecs:DiscoverPollEndpoint': 'knows no resource: where the agents of a region report',
  'ecs:ListTasks':
    'knows only container instances, which the call does not name; the statement names the cluster',
  'ecs:RegisterTaskDefinition':
    'a revision has no ARN before it is there; the statement names the tag, and iam:PassRole the roles',
  'elasticloadbalancing:DescribeTargetGroups': 'descriptions of Elastic Load Balancing know no resource',
  'elasticloadbalancing:DescribeTargetHealth': 'descriptions of Elastic Load Balancing know no resource',
  'xray:PutTelemetryRecords': 'traces know no resource',
  'xray:PutTraceSegments': 'traces know no resource',
} as const satisfies Readonly<Record<string, string>>;

export type WildcardAction = keyof typeof wildcards;

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

const listOf = <T>(value: T | readonly T[]): readonly T[] =>
  Array.isArray(value) ? (value as readonly T[]) : [value as T];

/** A resource as cdk-nag names it in its findings. */
function flat(resource: unknown): string {
  if (typeof resource === 'string') return resource.replaceAll('${', '<').replaceAll('}', '>');
  const { Ref, ...functions } = resource as Readonly<Record<string, unknown>>;
  if (Ref !== undefined) return `<${flat(Ref)}>`;
  if (functions['Fn::Join'] !== undefined) {
    const [delimiter, parts] = functions['Fn::Join'] as readonly [string, readonly unknown[]];
    return parts.map(flat).join(delimiter);
  }
  if (functions['Fn::Sub'] !== undefined) return flat(functions['Fn::Sub']);
  if (functions['Fn::GetAtt'] !== undefined)
    return `<${(functions['Fn::GetAtt'] as readonly unknown[]).map(flat).join('.')}>`;
  return JSON.stringify(resource);
}

/** Why a resource of a statement has a `*`; undefined when nobody has said. */
function reasonOf(
  resource: string,
  { Action }: Statement,
  reasons: Readonly<Record<string, string>>,
): string | undefined {
  if (resource !== '*') return Object.entries(reasons).find(([part]) => resource.includes(part))?.[1];
  const actions = listOf(Action).map((action) => (wildcards as Readonly<Record<string, string>>)[action]);
  return actions.includes(undefined) ? undefined : [...new Set(actions)].join('; ');
}

/**
 * Tells cdk-nag why the role's policies have wildcards. Any other one stays a finding.
 * @param reasons by a part of the resource that has the `*`, for example `:elastic-ip/*`; `*` itself stands above
 */
export function acknowledgeWildcards(role: iam.Role, reasons: Readonly<Record<string, string>>): void {
  const acknowledge = (policy: iam.CfnPolicy): void => {
    const { Statement: statements } = Stack.of(policy).resolve(policy.policyDocument) as {
      readonly Statement: readonly Statement[];
    };
    const found = statements.flatMap((statement) =>
      listOf(statement.Resource)
        .map(flat)
        .filter((resource) => resource.includes('*'))
        .map((resource) => ({ resource, reason: reasonOf(resource, statement, reasons) })),
    );
    const unexplained = new Set(
      found.filter(({ reason }) => reason === undefined).map((each) => each.resource),
    );
    for (const { resource, reason } of found)
      if (reason !== undefined && !unexplained.has(resource))
        Validations.of(policy).acknowledge({
          id: `AwsSolutions::AwsSolutions-IAM5[Resource::${resource}]`,
          reason,
        });
  };
  // Only then do references to other stacks have the form in which cdk-nag sees them.
  role.node.addValidation({
    validate: () => {
      for (const child of role.node.findAll()) if (child instanceof iam.CfnPolicy) acknowledge(child);
      return [];
    },
  });
}
