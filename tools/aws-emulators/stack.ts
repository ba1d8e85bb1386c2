/** What the stacks will make in AWS, made in the emulators: everything that the scheduler finds and does not make. */
import {
  AutoScalingClient,
  CreateAutoScalingGroupCommand,
  DescribeAutoScalingGroupsCommand,
} from '@aws-sdk/client-auto-scaling';
import {
  CreateLaunchTemplateCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { CreateRepositoryCommand, ECRClient, PutImageCommand } from '@aws-sdk/client-ecr';
import { CreateClusterCommand, ECSClient, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import {
  CreateTargetGroupCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { CreateHostedZoneCommand, Route53Client } from '@aws-sdk/client-route-53';
import { createHash } from 'node:crypto';
import type { SchedulerEnvironment } from '../../core/environment/scheduler.ts';
import { emulatorOptions } from './gaps/direct.ts';

export interface Stack {
  /** The environment that the stack would give to the scheduler. */
  readonly environment: Readonly<Record<string, string>> & {
    readonly [Name in 'CLUSTER' | 'ZONE_ID' | 'INGEST_DOMAIN' | 'TABLE_PREFIX' | 'AWS_REGION']: string;
  };
  /** `docker image push`: another image behind the release tag. Answers with its digest. */
  release(content: string): Promise<string>;
  /** Instances of the group, as Auto Scaling says. */
  members(): Promise<readonly string[]>;
  close(): void;
}

type Names = Pick<
  SchedulerEnvironment,
  'FLEET' | 'CLUSTER' | 'TASK_FAMILY' | 'CONTAINER' | 'HOST_GROUP' | 'REPOSITORY' | 'TARGET_GROUP_PREFIX'
>;

export const stackNames: Names = {
  FLEET: 'test',
  CLUSTER: 'test-ingest',
  TASK_FAMILY: 'test-ingest',
  CONTAINER: 'ingest',
  HOST_GROUP: 'test-hosts',
  REPOSITORY: 'test/ingest',
  TARGET_GROUP_PREFIX: 'test',
};

const domain = 'ingest.live.example.com';

export async function buildStack(options: {
  readonly url: string;
  readonly slots: readonly string[];
  readonly maxHosts: number;
}): Promise<Stack> {
  const settings = emulatorOptions(options.url);
  const ec2 = new EC2Client(settings);
  const autoScaling = new AutoScalingClient(settings);
  const ecs = new ECSClient(settings);
  const ecr = new ECRClient(settings);
  const balancing = new ElasticLoadBalancingV2Client(settings);
  const route53 = new Route53Client(settings);
  const names = stackNames;

  await ecs.send(new CreateClusterCommand({ clusterName: names.CLUSTER }));
  const { repository } = await ecr.send(new CreateRepositoryCommand({ repositoryName: names.REPOSITORY }));
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: names.TASK_FAMILY,
      networkMode: 'host',
      requiresCompatibilities: ['EC2'],
      containerDefinitions: [
        {
          name: names.CONTAINER,
          image: `${repository?.repositoryUri ?? ''}:release`,
          cpu: 1024,
          memory: 2048,
          essential: true,
          portMappings: [1935, 1936, 8935].map((port) => ({
            containerPort: port,
            hostPort: port,
            protocol: 'tcp',
          })),
          environment: [{ name: 'TABLE_PREFIX', value: 'test' }],
          stopTimeout: 120,
        },
      ],
    }),
  );
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
  const { Subnet } = await ec2.send(
    new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: '10.0.0.0/20', AvailabilityZone: 'us-east-1a' }),
  );
  await ec2.send(
    new CreateLaunchTemplateCommand({
      LaunchTemplateName: names.HOST_GROUP,
      LaunchTemplateData: { ImageId: 'ami-12c6146b', InstanceType: 'c7i.xlarge' },
    }),
  );
  await autoScaling.send(
    new CreateAutoScalingGroupCommand({
      AutoScalingGroupName: names.HOST_GROUP,
      LaunchTemplate: { LaunchTemplateName: names.HOST_GROUP, Version: '$Latest' },
      MinSize: 0,
      MaxSize: options.maxHosts,
      DesiredCapacity: 0,
      VPCZoneIdentifier: Subnet?.SubnetId,
      NewInstancesProtectedFromScaleIn: true,
    }),
  );
  for (const slot of options.slots)
    await balancing.send(
      new CreateTargetGroupCommand({
        Name: `${names.TARGET_GROUP_PREFIX}-${slot}`,
        Protocol: 'HTTP',
        Port: 8935,
        VpcId: Vpc?.VpcId,
        TargetType: 'ip',
      }),
    );
  const { HostedZone } = await route53.send(
    new CreateHostedZoneCommand({ Name: 'live.example.com', CallerReference: 'test' }),
  );

  return {
    environment: {
      ...names,
      TABLE_PREFIX: 'test',
      RELEASE_TAG: 'release',
      ZONE_ID: (HostedZone?.Id ?? '').replace('/hostedzone/', ''),
      INGEST_DOMAIN: domain,
      AWS_REGION: settings.region,
      AWS_ENDPOINT_URL: options.url,
      AWS_ACCESS_KEY_ID: 'scheduler',
      AWS_SECRET_ACCESS_KEY: 'scheduler',
    },
    release: async (content) => {
      const layer = `sha256:${createHash('sha256').update(content).digest('hex')}`;
      const manifest = {
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config: { mediaType: 'application/vnd.oci.image.config.v1+json', size: 2, digest: layer },
        // moto's digest is made from the layers' digests; ECR's is that of the manifest's bytes.
        layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', size: 1, digest: layer }],
      };
      const { image } = await ecr.send(
        new PutImageCommand({
          repositoryName: names.REPOSITORY,
          imageManifest: JSON.stringify(manifest),
          imageManifestMediaType: manifest.mediaType,
          imageTag: 'release',
        }),
      );
      return image?.imageId?.imageDigest ?? '';
    },
    members: async () => {
      const { AutoScalingGroups: [group] = [] } = await autoScaling.send(
        new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [names.HOST_GROUP] }),
      );
      return (group?.Instances ?? []).flatMap(({ InstanceId }) => InstanceId ?? []);
    },
    close: () => {
      for (const client of [ec2, autoScaling, ecs, ecr, balancing, route53]) client.destroy();
    },
  };
}
