import { RemovalPolicy } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { IApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import { AwsCustomResource, PhysicalResourceId } from 'aws-cdk-lib/custom-resources';
import { Construct } from 'constructs';
import { acknowledgeWildcards } from '../wildcards.ts';

export interface CloudFrontAccessProps {
  readonly loadBalancers: Readonly<Record<string, IApplicationLoadBalancer>>;
}

const listName = 'com.amazonaws.global.cloudfront.origin-facing';

/**
 * Lets CloudFront's VPC origins in to the load balancers, and nobody else. Their connections count as CloudFront's
 * own addresses although they come out of the VPC: a rule for the VPC's range leaves every request to end as 504.
 * The list counts as 55 of the 60 rules that a security group may have.
 */
export class CloudFrontAccess extends Construct {
  constructor(scope: Construct, id: string, { loadBalancers }: CloudFrontAccessProps) {
    super(scope, id);
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: 'Finds the list of addresses that CloudFront connects from',
    });
    role.addToPolicy(
      new iam.PolicyStatement({ actions: ['ec2:DescribeManagedPrefixLists'], resources: ['*'] }),
    );
    acknowledgeWildcards(role, {});
    const log = new logs.LogGroup(this, 'Log', {
      retention: logs.RetentionDays.ONE_WEEK,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    log.grantWrite(role);
    // Its id differs from region to region, and looking it up to synthesise would take credentials.
    const lookUp = {
      service: 'EC2',
      action: 'describeManagedPrefixLists',
      parameters: { Filters: [{ Name: 'prefix-list-name', Values: [listName] }] },
      outputPaths: ['PrefixLists.0.PrefixListId'],
      physicalResourceId: PhysicalResourceId.of(listName),
    };
    const list = new AwsCustomResource(this, 'List', {
      resourceType: 'Custom::CloudFrontPrefixList',
      onCreate: lookUp,
      onUpdate: lookUp,
      installLatestAwsSdk: false,
      role,
      logGroup: log,
    });
    list.node.addDependency(role);
    for (const [name, { connections }] of Object.entries(loadBalancers))
      for (const [index, { securityGroupId }] of connections.securityGroups.entries())
        new ec2.CfnSecurityGroupIngress(this, `${name}${index}`, {
          groupId: securityGroupId,
          ipProtocol: 'tcp',
          fromPort: 80,
          toPort: 80,
          sourcePrefixListId: list.getResponseField('PrefixLists.0.PrefixListId'),
          description: 'CloudFront',
        });
  }
}
