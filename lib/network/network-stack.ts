import { Validations, type App } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Settings } from '../config.ts';
import { removalOf, retentionOf } from '../keeping.ts';
import type { NetworkParts } from '../parts.ts';
import { TidecastStack } from '../stack.ts';

/** Of a /16: 8,192 addresses a zone, as each Fargate task takes one. A /24 is full at 250 (notes aws B10). */
const taskMask = 19;
/** Hosts, load balancers, NAT: a few hundred. */
const publicMask = 22;

/** Where everything lives: dual-stack subnets in each zone. */
export class NetworkStack extends TidecastStack implements NetworkParts {
  readonly vpc: ec2.IVpc;
  /** Where services run: behind NAT, or with public addresses that nothing may connect to. */
  readonly serviceSubnets: ec2.SubnetSelection;
  readonly servicesHavePublicAddresses: boolean;

  constructor(app: App, settings: Settings) {
    super(app, { part: 'network', settings, description: 'network' });
    const hasNat = settings.natGateways > 0;
    this.servicesHavePublicAddresses = !hasNat;
    this.serviceSubnets = { subnetGroupName: hasNat ? 'tasks' : 'public-tasks' };
    const vpc = new ec2.Vpc(this, 'Vpc', {
      ipProtocol: ec2.IpProtocol.DUAL_STACK,
      ipAddresses: ec2.IpAddresses.cidr(settings.vpcCidr),
      ipv6Addresses: ec2.Ipv6Addresses.amazonProvided(),
      availabilityZones: [...settings.zones],
      natGateways: settings.natGateways,
      subnetConfiguration: [
        {
          name: 'public',
          subnetType: ec2.SubnetType.PUBLIC,
          cidrMask: publicMask,
          // Hosts get their slot's Elastic IP; nothing else here needs an address.
          mapPublicIpOnLaunch: true,
        },
        hasNat
          ? { name: 'tasks', subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS, cidrMask: taskMask }
          : {
              name: 'public-tasks',
              subnetType: ec2.SubnetType.PUBLIC,
              cidrMask: taskMask,
              mapPublicIpOnLaunch: false,
            },
        { name: 'data', subnetType: ec2.SubnetType.PRIVATE_ISOLATED, cidrMask: publicMask },
      ],
      // Free, and what would else pass NAT or the open internet at $0.062 a GB: segments, image layers, every item.
      gatewayEndpoints: {
        S3: { service: ec2.GatewayVpcEndpointAwsService.S3 },
        DynamoDB: { service: ec2.GatewayVpcEndpointAwsService.DYNAMODB },
      },
      restrictDefaultSecurityGroup: false,
    });
    // The library's own types don't agree under exactOptionalPropertyTypes.
    this.vpc = vpc as ec2.IVpc;
    Validations.of(vpc).acknowledge({
      id: 'CloudFormation-Validate::W3010',
      reason: 'the zones are a setting: asking for them would take credentials to synthesise',
    });
    const flowLogs = new logs.LogGroup(this, 'FlowLogs', {
      retention: retentionOf(settings.logsKeptDays),
      removalPolicy: removalOf(false),
    });
    vpc.addFlowLog('Rejected', {
      destination: ec2.FlowLogDestination.toCloudWatchLogs(flowLogs),
      // All traffic would be what viewers watch, written down: $0.50 a GB.
      trafficType: ec2.FlowLogTrafficType.REJECT,
      maxAggregationInterval: ec2.FlowLogMaxAggregationInterval.TEN_MINUTES,
    });
  }
}
