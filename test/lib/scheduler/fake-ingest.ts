/** As much of the registry and the ingest stack as the scheduler's asks for. */
import type { App } from 'aws-cdk-lib';
import * as autoscaling from 'aws-cdk-lib/aws-autoscaling';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { Settings } from '../../../lib/config.ts';
import type { IngestParts, NetworkParts, RegistryParts } from '../../../lib/parts.ts';
import { TidecastStack } from '../../../lib/stack.ts';

export class FakeIngest extends TidecastStack {
  readonly registry: RegistryParts;
  readonly ingest: IngestParts;

  constructor(app: App, settings: Settings, { vpc }: NetworkParts) {
    super(app, { part: 'fake-ingest', settings, description: 'fake' });
    const repository = new ecr.Repository(this, 'Images');
    this.registry = { ingest: repository };
    const taskDefinition = new ecs.Ec2TaskDefinition(this, 'Task', {
      family: `${settings.name}-ingest`,
      networkMode: ecs.NetworkMode.HOST,
    });
    taskDefinition.addContainer('ingest', {
      image: ecs.ContainerImage.fromEcrRepository(repository, 'release'),
      memoryReservationMiB: 512,
    });
    this.ingest = {
      cluster: new ecs.Cluster(this, 'Cluster', { vpc }) as ecs.ICluster,
      hosts: new autoscaling.AutoScalingGroup(this, 'Hosts', {
        vpc,
        vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
        launchTemplate: new ec2.LaunchTemplate(this, 'Host', {
          machineImage: ecs.EcsOptimizedImage.amazonLinux2023(ecs.AmiHardwareType.ARM),
          instanceType: new ec2.InstanceType('c8g.xlarge'),
          requireImdsv2: true,
          securityGroup: new ec2.SecurityGroup(this, 'HostGroup', { vpc }),
          role: new iam.Role(this, 'HostRole', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') }),
        }),
      }),
      taskDefinition,
      containerName: 'ingest',
      loadBalancer: new elb.ApplicationLoadBalancer(this, 'Balancer', { vpc }),
      targetGroupPrefix: settings.name,
    };
  }
}
