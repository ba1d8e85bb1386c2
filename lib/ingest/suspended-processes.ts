import type * as autoscaling from 'aws-cdk-lib/aws-autoscaling';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as resources from 'aws-cdk-lib/custom-resources';
import { Construct } from 'constructs';
import type { Settings } from '../config.ts';
import { removalOf, retentionOf } from '../keeping.ts';
import { acknowledgeWildcards } from '../wildcards.ts';

/** What Auto Scaling does by itself with a group, and must not with ours. */
export const suspendedProcesses = [
  /** Ends hosts only so that each zone has as many. */
  'AZRebalance',
  // Nothing here makes an alarm, a schedule or a refresh for the group; should a person, it is not by it that hosts go.
  'AlarmNotification',
  'ScheduledActions',
  'InstanceRefresh',
] as const;

/** CloudFormation suspends processes only while it updates a group: for good takes this call. */
export class SuspendedProcesses extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { settings, group }: { readonly settings: Settings; readonly group: autoscaling.AutoScalingGroup },
  ) {
    super(scope, id);
    const logGroup = new logs.LogGroup(this, 'Logs', {
      retention: retentionOf(settings.logsKeptDays),
      removalPolicy: removalOf(false),
    });
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: 'Suspends what would end ingest hosts by itself',
    });
    logGroup.grantWrite(role);
    const { policyDependable } = role.addToPrincipalPolicy(
      new iam.PolicyStatement({
        actions: ['autoscaling:SuspendProcesses'],
        resources: [group.autoScalingGroupArn],
      }),
    );
    acknowledgeWildcards(role, {
      ':autoScalingGroup:*': 'the id in the middle is given by Auto Scaling; the name is of our group',
    });
    const suspend: resources.AwsSdkCall = {
      service: 'auto-scaling',
      action: 'SuspendProcesses',
      parameters: {
        AutoScalingGroupName: group.autoScalingGroupName,
        ScalingProcesses: [...suspendedProcesses],
      },
      physicalResourceId: resources.PhysicalResourceId.of('suspended-processes'),
    };
    const call = new resources.AwsCustomResource(this, 'Call', {
      resourceType: 'Custom::SuspendedProcesses',
      onCreate: suspend,
      onUpdate: suspend,
      role,
      installLatestAwsSdk: false,
      logGroup,
    });
    if (policyDependable !== undefined) call.node.addDependency(policyDependable);
  }
}
