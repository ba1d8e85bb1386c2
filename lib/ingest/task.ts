import { Duration, Size, Validations } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Settings } from '../config.ts';
import { ingestFamily, ingestRepositoryName } from '../naming.ts';
import type { DataParts } from '../parts.ts';
import { releaseTag } from '../registry/registry-stack.ts';
import { acknowledgeWildcards } from '../wildcards.ts';
import { taskPermissions, taskWildcards } from './access.ts';
import { spoolHostPath, taskUser } from './agent.ts';
import { environmentOf, spoolDir } from './environment.ts';
import { ingestPorts } from './ports.ts';
import { temporaryMiB, type HostSizes } from './sizes.ts';

export interface IngestTaskProps {
  readonly settings: Settings;
  readonly data: DataParts;
  readonly sizes: HostSizes;
  readonly region: string;
  readonly logGroup: logs.ILogGroup;
}

/** Lines that wait while CloudWatch does not answer; then they are dropped, not the show held up (notes aws, pitfall 16). */
const logBuffer = Size.mebibytes(25);

/**
 * Connections are files: 20,000 requests may be held (containers/ingest/live/http.ts), and ffmpegs and encoders are
 * some hundreds more.
 */
const openFiles = 65_536;

/** Node says it, as the image has no curl. */
const healthCheck = `fetch('http://127.0.0.1:${ingestPorts.http}/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))`;

/** The ingest task as the scheduler copies it for each image: the whole of a host, in the host's network. */
export class IngestTask extends Construct {
  readonly definition: ecs.Ec2TaskDefinition;
  readonly containerName = 'ingest';

  constructor(scope: Construct, id: string, props: IngestTaskProps) {
    super(scope, id);
    const { settings, data, sizes, region, logGroup } = props;
    const taskRole = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com'),
      description: 'The ingest task: its shows, their archive, its heartbeat',
    });
    for (const statement of taskPermissions(data)) taskRole.addToPrincipalPolicy(statement);
    acknowledgeWildcards(taskRole, taskWildcards);
    const executionRole = new iam.Role(this, 'ExecutionRole', {
      assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com'),
      description: 'ECS for the ingest task: pulls its image, writes its log',
    });
    acknowledgeWildcards(executionRole, {});
    this.definition = new ecs.Ec2TaskDefinition(this, 'Definition', {
      family: ingestFamily(settings.name),
      networkMode: ecs.NetworkMode.HOST,
      taskRole,
      executionRole,
      volumes: [{ name: 'spool', host: { sourcePath: spoolHostPath } }],
    });
    Validations.of(this.definition).acknowledge({
      id: 'AwsSolutions::AwsSolutions-ECS2',
      reason: 'nothing in its environment is a secret; what differs from task to task is said at its start',
    });
    const linuxParameters = new ecs.LinuxParameters(this, 'Linux', { initProcessEnabled: true });
    linuxParameters.dropCapabilities(ecs.Capability.ALL);
    linuxParameters.addTmpfs({
      containerPath: '/tmp',
      size: temporaryMiB,
      mountOptions: [ecs.TmpfsMountOption.NOSUID, ecs.TmpfsMountOption.NODEV],
    });
    // By its name: taken out of the other stack's ARN, the address would be split and joined while it is deployed.
    const images = ecr.Repository.fromRepositoryName(this, 'Images', ingestRepositoryName(settings.name));
    const container = this.definition.addContainer(this.containerName, {
      // Only where the repository stands: the scheduler puts a digest in the tag's place (lambda/scheduler/aws/images.ts).
      image: ecs.ContainerImage.fromEcrRepository(images, releaseTag),
      environment: environmentOf({ settings, data, sizes, region }),
      cpu: sizes.taskCpu,
      memoryLimitMiB: sizes.taskMemoryMiB,
      user: `${taskUser.uid}:${taskUser.gid}`,
      readonlyRootFilesystem: true,
      linuxParameters,
      ulimits: [{ name: ecs.UlimitName.NOFILE, softLimit: openFiles, hardLimit: openFiles }],
      portMappings: Object.values(ingestPorts).map((port) => ({ containerPort: port })),
      // For who looks: ECS stops no standalone task for it, and the scheduler goes by heartbeats.
      healthCheck: {
        command: ['CMD', 'node', '--eval', healthCheck],
        interval: Duration.seconds(30),
        timeout: Duration.seconds(5),
        retries: 3,
        startPeriod: Duration.seconds(60),
      },
      // No stopTimeout: ECS documents two minutes as its most; the agent's own goes as long as we say (agent.ts).
      logging: ecs.LogDrivers.awsLogs({
        streamPrefix: this.containerName,
        logGroup,
        mode: ecs.AwsLogDriverMode.NON_BLOCKING,
        maxBufferSize: logBuffer,
      }),
    });
    container.addMountPoints({ sourceVolume: 'spool', containerPath: spoolDir, readOnly: false });
  }
}
