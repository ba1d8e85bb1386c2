import * as scaling from 'aws-cdk-lib/aws-applicationautoscaling';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';

export interface ServiceScalingProps {
  readonly service: ecs.FargateService;
  readonly minTasks: number;
  readonly maxTasks: number;
  /** Percent of a task's CPU that the number of tasks is chosen for. */
  readonly cpuPercent: number;
}

/**
 * As many tasks as their CPU needs. ECS measures it every 20 s instead of every 60 s, and a policy may go by that: 86 s
 * instead of 6 min until there are more (notes aws B9). The library's own classes don't know of it; and its scalable target
 * would make a role, where Application Auto Scaling brings its own.
 */
export class ServiceScaling extends Construct {
  /** By this name Application Auto Scaling knows it: scheduled actions raise its floor before an event. */
  readonly resourceId: string;
  readonly #target: scaling.CfnScalableTarget;

  constructor(scope: Construct, id: string, props: ServiceScalingProps) {
    super(scope, id);
    const { service, minTasks, maxTasks, cpuPercent } = props;
    (service.node.defaultChild as ecs.CfnService).monitoring = {
      metricConfigurations: [{ metricNames: ['CPUUtilization'], resolutionSeconds: 20 }],
    };
    this.resourceId = `service/${service.cluster.clusterName}/${service.serviceName}`;
    this.#target = new scaling.CfnScalableTarget(this, 'Resource', {
      serviceNamespace: scaling.ServiceNamespace.ECS,
      resourceId: this.resourceId,
      scalableDimension: 'ecs:service:DesiredCount',
      minCapacity: minTasks,
      maxCapacity: maxTasks,
    });
    this.#follow('Cpu', {
      targetValue: cpuPercent,
      predefinedMetricSpecification: {
        predefinedMetricType: 'ECSServiceAverageCPUUtilizationHighResolution',
      },
    });
  }

  /** As many tasks as this metric needs too, each at `target` on average: the larger number counts. */
  alsoFollow(id: string, { namespace, metricName }: cloudwatch.Metric, target: number): void {
    this.#follow(id, {
      targetValue: target,
      customizedMetricSpecification: { namespace, metricName, statistic: 'Average' },
    });
  }

  #follow(id: string, what: scaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty): void {
    new scaling.CfnScalingPolicy(this, id, {
      policyName: `${this.node.path}/${id}`,
      policyType: 'TargetTrackingScaling',
      scalingTargetId: this.#target.ref,
      targetTrackingScalingPolicyConfiguration: {
        ...what,
        // Out fast: a crowd comes in a minute. In slowly: who goes sends viewers away, and the next show may follow.
        scaleOutCooldown: 20,
        scaleInCooldown: 600,
      },
    });
  }
}
