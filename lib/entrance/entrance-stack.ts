import { Duration, Validations, type App } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Settings } from '../config.ts';
import type { EntranceParts, NetworkParts } from '../parts.ts';
import { servicePorts } from '../services/ports.ts';
import { TidecastStack } from '../stack.ts';

/**
 * Below the 72 s for which API and chat keep a connection open (keepAliveTimeout), so that it never writes into one that
 * is being closed; above the 25 s in which every chat connection says something, and the 15 s of a long request.
 */
const idleTimeout = Duration.seconds(60);

/** What CloudFront connects to for API and chat, and the cluster that their services run in. */
export class EntranceStack extends TidecastStack implements EntranceParts {
  readonly loadBalancer: elb.ApplicationLoadBalancer;
  readonly listener: elb.ApplicationListener;
  readonly loadBalancerSecurityGroup: ec2.SecurityGroup;
  readonly servicesSecurityGroup: ec2.SecurityGroup;
  readonly cluster: ecs.ICluster;

  constructor(app: App, settings: Settings, { network }: { readonly network: NetworkParts }) {
    super(app, { part: 'entrance', settings, description: 'load balancer and cluster of API and chat' });
    const { vpc } = network;
    this.loadBalancerSecurityGroup = new ec2.SecurityGroup(this, 'LoadBalancerGroup', {
      vpc,
      description: 'Load balancer of API and chat: reached by CloudFront, from inside the VPC',
      allowAllOutbound: false,
    });
    this.servicesSecurityGroup = new ec2.SecurityGroup(this, 'ServicesGroup', {
      vpc,
      description: 'API and chat: reached by their load balancer only',
      allowAllIpv6Outbound: true,
    });
    this.loadBalancerSecurityGroup.addIngressRule(
      ec2.Peer.ipv4(settings.vpcCidr),
      ec2.Port.tcp(80),
      'From the VPC. CloudFront has a rule of its own',
    );
    for (const [name, port] of Object.entries(servicePorts)) {
      this.servicesSecurityGroup.addIngressRule(this.loadBalancerSecurityGroup, ec2.Port.tcp(port), name);
      this.loadBalancerSecurityGroup.addEgressRule(this.servicesSecurityGroup, ec2.Port.tcp(port), name);
    }
    this.loadBalancer = new elb.ApplicationLoadBalancer(this, 'LoadBalancer', {
      vpc,
      internetFacing: false,
      vpcSubnets: network.serviceSubnets,
      securityGroup: this.loadBalancerSecurityGroup,
      idleTimeout,
      dropInvalidHeaderFields: true,
      desyncMitigationMode: elb.DesyncMitigationMode.DEFENSIVE,
      deletionProtection: settings.keepData,
    });
    Validations.of(this.loadBalancer).acknowledge({
      id: 'AwsSolutions::AwsSolutions-ELB2',
      reason: 'logTo() has them written, where all logs are kept',
    });
    // Plain HTTP: CloudFront's way here is inside AWS's network and the VPC, and no HTTP/2, which WebSockets don't pass.
    this.listener = this.loadBalancer.addListener('Http', {
      port: 80,
      protocol: elb.ApplicationProtocol.HTTP,
      open: false,
      // It can say no Cache-Control; the routes of API and chat keep no error (core/routes.ts).
      defaultAction: elb.ListenerAction.fixedResponse(404, {
        contentType: 'application/json',
        messageBody: '{"title":"There is nothing at this path."}',
      }),
    });
    const hasInsights = settings.profile !== 'small';
    this.cluster = new ecs.Cluster(this, 'Cluster', {
      vpc,
      containerInsightsV2: hasInsights ? ecs.ContainerInsights.ENABLED : ecs.ContainerInsights.DISABLED,
      // The library's own types don't agree under exactOptionalPropertyTypes.
    }) as ecs.ICluster;
    if (!hasInsights)
      Validations.of(this.cluster).acknowledge({
        id: 'AwsSolutions::AwsSolutions-ECS4',
        reason: 'their metrics cost more than the tasks of this profile; CPU and memory are there without',
      });
  }

  logTo(bucket: s3.IBucket, prefix?: string): void {
    this.loadBalancer.logAccessLogs(bucket, prefix);
  }
}
