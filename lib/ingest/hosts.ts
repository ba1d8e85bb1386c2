import { Tags, Validations } from 'aws-cdk-lib';
import * as autoscaling from 'aws-cdk-lib/aws-autoscaling';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Settings } from '../config.ts';
import type { NetworkParts, RegistryParts } from '../parts.ts';
import { acknowledgeWildcards } from '../wildcards.ts';
import { agentPermissions, agentWildcards } from './access.ts';
import { userDataOf } from './agent.ts';
import { SuspendedProcesses } from './suspended-processes.ts';
import type { HostSizes } from './sizes.ts';

export interface HostsProps {
  readonly settings: Settings;
  readonly network: NetworkParts;
  readonly registry: RegistryParts;
  readonly cluster: ecs.ICluster;
  readonly securityGroup: ec2.ISecurityGroup;
  readonly sizes: HostSizes;
  readonly logGroup: logs.ILogGroup;
}

/**
 * The instances of the ingest tasks. A host with a broadcast must outlive everything but its own death (I1 in design
 * section 5), so nobody but the scheduler ends one, by its id:
 * - new instances are protected from scale-in, and no policy, schedule or capacity provider scales the group;
 * - there is no rolling update, no instance refresh, no longest lifetime, no spot: a new launch template is for new hosts;
 * - rebalancing the zones is suspended, with all that acts for the group by itself (suspended-processes.ts).
 *
 * What stays on is the replacement of instances that EC2 itself calls broken: the scheduler counts on it (a host that
 * has died stays in the group's desired number until the group has another), and such a host has no broadcast any more.
 */
export class Hosts extends Construct {
  readonly group: autoscaling.AutoScalingGroup;

  constructor(scope: Construct, id: string, props: HostsProps) {
    super(scope, id);
    const { settings, network } = props;
    this.group = new autoscaling.AutoScalingGroup(this, 'Group', {
      vpc: network.vpc,
      vpcSubnets: { subnetGroupName: 'public' },
      launchTemplate: this.#template(props),
      minCapacity: 0,
      maxCapacity: settings.ingest.policy.hosts.max,
      // No desiredCapacity: it belongs to the scheduler, and a deploy would set it back in the middle of a show.
      newInstancesProtectedFromScaleIn: true,
      // What EC2 says, never a load balancer: a task that is late with an answer is no broken host.
      healthChecks: autoscaling.HealthChecks.ec2(),
      groupMetrics: [autoscaling.GroupMetrics.all()],
    });
    Validations.of(this.group).acknowledge({
      id: 'AwsSolutions::AwsSolutions-AS3',
      reason: 'the scheduler keeps every decision about a host with its reason, and raises the alarms',
    });
    Tags.of(this.group).add('Name', `${settings.name} ingest`);
    new SuspendedProcesses(this, 'Suspended', { settings, group: this.group });
  }

  #template(props: HostsProps): ec2.LaunchTemplate {
    const { settings, registry, cluster, securityGroup, sizes, logGroup } = props;
    const { instance } = settings.ingest;
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com'),
      description: 'Agent of an ingest host',
    });
    for (const statement of agentPermissions(cluster)) role.addToPrincipalPolicy(statement);
    // The task's execution role has these too; which of the two the agent takes depends on its version and settings.
    registry.ingest.grantPull(role);
    logGroup.grantWrite(role);
    acknowledgeWildcards(role, agentWildcards);
    const template = new ec2.LaunchTemplate(this, 'Template', {
      instanceType: new ec2.InstanceType(instance.type),
      // Looked up at each deploy: a newer image comes with the next hosts (notes aws, pitfall 11).
      machineImage: ecs.EcsOptimizedImage.amazonLinux2023(
        instance.architecture === 'arm64' ? ecs.AmiHardwareType.ARM : ecs.AmiHardwareType.STANDARD,
      ),
      userData: userDataOf({
        clusterName: cluster.clusterName,
        reservedMemoryMiB: sizes.reservedMemoryMiB,
      }),
      role,
      securityGroup,
      // To reach ECS and ECR: the slot's Elastic IP, which takes its place, comes when the host is in the cluster.
      associatePublicIpAddress: true,
      requireImdsv2: true,
      // The agent and the task are in the host's own network: nothing has to reach it through a bridge.
      httpPutResponseHopLimit: 1,
      // No slip of a hand ends a host. The group still can.
      disableApiTermination: true,
      blockDevices: [
        {
          deviceName: '/dev/xvda',
          volume: ec2.BlockDeviceVolume.ebs(sizes.volumeGiB, {
            volumeType: ec2.EbsDeviceVolumeType.GP3,
            encrypted: true,
          }),
        },
      ],
    });
    (template.node.defaultChild as ec2.CfnLaunchTemplate).addPropertyOverride(
      'LaunchTemplateData.DisableApiStop',
      true,
    );
    return template;
  }
}
