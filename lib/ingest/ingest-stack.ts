import { Validations, type App } from 'aws-cdk-lib';
import type * as autoscaling from 'aws-cdk-lib/aws-autoscaling';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Settings } from '../config.ts';
import { removalOf, retentionOf } from '../keeping.ts';
import { liveTargetGroupPrefix } from '../naming.ts';
import type { DataParts, IngestParts, NetworkParts, RegistryParts } from '../parts.ts';
import { TidecastStack } from '../stack.ts';
import { Hosts } from './hosts.ts';
import { LiveOrigin } from './live-origin.ts';
import { ingestPorts } from './ports.ts';
import { sizesOf } from './sizes.ts';
import { IngestTask } from './task.ts';

/** Where broadcasts are taken and served live. What runs in it is the scheduler's business; this is what it has to work with. */
export class IngestStack extends TidecastStack implements IngestParts {
  readonly cluster: ecs.ICluster;
  readonly hosts: autoscaling.AutoScalingGroup;
  readonly taskDefinition: ecs.TaskDefinition;
  readonly containerName: string;
  readonly loadBalancer: elb.ApplicationLoadBalancer;
  readonly targetGroupPrefix: string;
  readonly targetGroups: ReadonlyMap<string, elb.ApplicationTargetGroup>;
  readonly logGroup: logs.LogGroup;

  constructor(
    app: App,
    settings: Settings,
    parts: {
      readonly network: NetworkParts;
      readonly data: DataParts;
      readonly registry: RegistryParts;
    },
  ) {
    super(app, { part: 'ingest', settings, description: 'hosts and tasks that take broadcasts' });
    const { network, data, registry } = parts;
    const sizes = sizesOf(settings.ingest.instance, settings.ingest.policy);
    const groups = this.#securityGroups(network.vpc);
    this.cluster = this.#makeCluster(network.vpc);
    this.logGroup = new logs.LogGroup(this, 'Logs', {
      retention: retentionOf(settings.logsKeptDays),
      removalPolicy: removalOf(false),
    });
    const { cluster, logGroup } = this;
    const task = new IngestTask(this, 'Task', {
      settings,
      data,
      sizes,
      region: settings.region,
      logGroup,
    });
    this.taskDefinition = task.definition;
    this.containerName = task.containerName;
    this.hosts = new Hosts(this, 'Hosts', {
      settings,
      network,
      registry,
      cluster,
      securityGroup: groups.hosts,
      sizes,
      logGroup,
    }).group;
    this.targetGroupPrefix = liveTargetGroupPrefix(settings.name);
    const live = new LiveOrigin(this, 'Live', {
      vpc: network.vpc,
      securityGroup: groups.loadBalancer,
      slots: settings.ingest.policy.slots,
      targetGroupPrefix: this.targetGroupPrefix,
    });
    this.loadBalancer = live.loadBalancer;
    this.targetGroups = live.targetGroups;
  }

  logTo(bucket: s3.IBucket, prefix?: string): void {
    this.loadBalancer.logAccessLogs(bucket, prefix);
  }

  #makeCluster(vpc: ec2.IVpc): ecs.ICluster {
    const hasInsights = this.settings.profile !== 'small';
    // Without capacity providers: tasks are started on hosts that the scheduler has chosen (docs/decisions/0006).
    const cluster = new ecs.Cluster(this, 'Cluster', {
      vpc,
      containerInsightsV2: hasInsights ? ecs.ContainerInsights.ENABLED : ecs.ContainerInsights.DISABLED,
    });
    if (!hasInsights)
      Validations.of(cluster).acknowledge({
        id: 'AwsSolutions::AwsSolutions-ECS4',
        reason:
          'each metric of it costs $0.30 a month; tasks report their load to the scheduler, which shows it',
      });
    return cluster as ecs.ICluster;
  }

  #securityGroups(vpc: ec2.IVpc): {
    readonly hosts: ec2.SecurityGroup;
    readonly loadBalancer: ec2.SecurityGroup;
  } {
    const loadBalancer = new ec2.SecurityGroup(this, 'LoadBalancerGroup', {
      vpc,
      description: 'Load balancer of live windows: reached by CloudFront, from inside the VPC',
      allowAllOutbound: false,
    });
    loadBalancer.addIngressRule(
      ec2.Peer.ipv4(this.settings.vpcCidr),
      ec2.Port.tcp(80),
      'From the VPC. CloudFront has a rule of its own',
    );
    const hosts = new ec2.SecurityGroup(this, 'HostsGroup', {
      vpc,
      description: 'Ingest hosts: encoders from everywhere, viewers by the load balancer only',
      allowAllIpv6Outbound: true,
    });
    for (const peer of [ec2.Peer.anyIpv4(), ec2.Peer.anyIpv6()])
      for (const port of [ingestPorts.rtmp, ingestPorts.rtmps])
        hosts.addIngressRule(peer, ec2.Port.tcp(port), 'encoders');
    Validations.of(hosts).acknowledge({
      id: 'AwsSolutions::AwsSolutions-EC23',
      reason: 'broadcasters are everywhere; the task asks for their stream key before it takes anything',
    });
    hosts.addIngressRule(hosts, ec2.Port.tcp(ingestPorts.relay), 'newcomers that another task passes on');
    hosts.addIngressRule(loadBalancer, ec2.Port.tcp(ingestPorts.http), 'live windows and health');
    loadBalancer.addEgressRule(hosts, ec2.Port.tcp(ingestPorts.http), 'live windows and health');
    return { hosts, loadBalancer };
  }
}
