import { Duration, Size, Validations } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Settings } from '../config.ts';
import { removalOf, retentionOf } from '../keeping.ts';
import type { EntranceParts, NetworkParts } from '../parts.ts';
import { acknowledgeWildcards } from '../wildcards.ts';
import { imageOf } from './image.ts';
import { servicePorts } from './ports.ts';
import { ServiceScaling } from './scaling.ts';

export interface WebServiceProps {
  readonly settings: Settings;
  readonly network: NetworkParts;
  readonly entrance: Pick<EntranceParts, 'cluster' | 'listener' | 'servicesSecurityGroup'>;
  /** Which program: containers/<program>, and the size that the settings have for it. */
  readonly program: keyof typeof servicePorts;
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, ecs.Secret>>;
  /** What the program may do. */
  readonly statements: readonly iam.PolicyStatement[];
  /** Why in them, by a part of the resource, stands a `*` (lib/wildcards.ts). */
  readonly wildcards: Readonly<Record<string, string>>;
  readonly path: string;
  /** Of the path's rule; each of a listener has its own. */
  readonly priority: number;
  /** Longer than the program takes to end: it is killed then. Fargate allows 120 s. */
  readonly stopTimeout: Duration;
  readonly target: Pick<
    elb.ApplicationTargetGroupProps,
    'healthCheck' | 'deregistrationDelay' | 'stickinessCookieDuration' | 'loadBalancingAlgorithmType'
  >;
  /** Percent of a task's CPU that its number is chosen for. */
  readonly cpuPercent: number;
}

/** The base images' user without rights. */
const user = '1000:1000';
/** Lines that wait while CloudWatch does not answer; then they are dropped, not the program held up. */
const logBuffer = Size.mebibytes(4);

/** A program behind the entrance: Fargate on ARM, as many tasks as its CPU needs. */
export class WebService extends Construct {
  readonly service: ecs.FargateService;
  readonly targetGroup: elb.ApplicationTargetGroup;
  readonly logGroup: logs.LogGroup;
  readonly scaling: ServiceScaling;

  constructor(scope: Construct, id: string, props: WebServiceProps) {
    super(scope, id);
    const { settings, network, entrance, program, target } = props;
    const size = settings[program];
    const port = servicePorts[program];
    const assumedBy = new iam.ServicePrincipal('ecs-tasks.amazonaws.com');
    const taskRole = new iam.Role(this, 'TaskRole', { assumedBy });
    const executionRole = new iam.Role(this, 'ExecutionRole', { assumedBy });
    for (const statement of props.statements) taskRole.addToPolicy(statement);
    acknowledgeWildcards(taskRole, props.wildcards);
    acknowledgeWildcards(executionRole, {});
    this.logGroup = new logs.LogGroup(this, 'Logs', {
      retention: retentionOf(settings.logsKeptDays),
      removalPolicy: removalOf(false),
    });
    const taskDefinition = new ecs.FargateTaskDefinition(this, 'Task', {
      cpu: size.cpu,
      memoryLimitMiB: size.memoryMiB,
      taskRole,
      executionRole,
      runtimePlatform: {
        cpuArchitecture: ecs.CpuArchitecture.ARM64,
        operatingSystemFamily: ecs.OperatingSystemFamily.LINUX,
      },
    });
    Validations.of(taskDefinition).acknowledge({
      id: 'AwsSolutions::AwsSolutions-ECS2',
      reason: 'nothing in these variables is secret: what is stands in Secrets Manager',
    });
    const linuxParameters = new ecs.LinuxParameters(this, 'Linux', { initProcessEnabled: true });
    linuxParameters.dropCapabilities(ecs.Capability.ALL);
    taskDefinition.addContainer(program, {
      image: imageOf(this, program),
      environment: { ...props.environment },
      secrets: { ...props.secrets },
      portMappings: [{ containerPort: port }],
      user,
      readonlyRootFilesystem: true,
      linuxParameters,
      stopTimeout: props.stopTimeout,
      // A socket is a file: 15,000 of them, and more.
      ulimits: [{ name: ecs.UlimitName.NOFILE, softLimit: 65_536, hardLimit: 65_536 }],
      logging: ecs.LogDrivers.awsLogs({
        streamPrefix: program,
        mode: ecs.AwsLogDriverMode.NON_BLOCKING,
        maxBufferSize: logBuffer,
        logGroup: this.logGroup,
      }),
    });
    this.service = new ecs.FargateService(this, 'Service', {
      cluster: entrance.cluster,
      taskDefinition,
      securityGroups: [entrance.servicesSecurityGroup],
      vpcSubnets: network.serviceSubnets,
      assignPublicIp: network.servicesHavePublicAddresses,
      // No desiredCount: a deploy would set it back to that in the middle of a show.
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { enable: true, rollback: true },
      healthCheckGracePeriod: Duration.seconds(30),
      // It would move tasks, with their viewers, only to even out the zones.
      availabilityZoneRebalancing: ecs.AvailabilityZoneRebalancing.DISABLED,
    });
    this.targetGroup = new elb.ApplicationTargetGroup(this, 'Targets', {
      vpc: entrance.cluster.vpc,
      port,
      protocol: elb.ApplicationProtocol.HTTP,
      targetType: elb.TargetType.IP,
      ...target,
    });
    new elb.ApplicationListenerRule(this, 'Rule', {
      listener: entrance.listener,
      priority: props.priority,
      conditions: [elb.ListenerCondition.pathPatterns([props.path])],
      action: elb.ListenerAction.forward([this.targetGroup]),
    });
    // The library waits for the task's role only: without the other one the first tasks could not be pulled.
    this.service.node.addDependency(executionRole);
    this.service.attachToApplicationTargetGroup(this.targetGroup);
    const { minTasks, maxTasks } = size;
    const { cpuPercent } = props;
    this.scaling = new ServiceScaling(this, 'Scaling', {
      service: this.service,
      minTasks,
      maxTasks,
      cpuPercent,
    });
  }
}
