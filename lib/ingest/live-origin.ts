import { Duration, Validations } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import { liveRoots } from '../../core/media/addresses.ts';
import { ConfigError } from '../config.ts';
import { ingestPorts } from './ports.ts';

export interface LiveOriginProps {
  readonly vpc: ec2.IVpc;
  readonly securityGroup: ec2.ISecurityGroup;
  readonly slots: readonly string[];
  readonly targetGroupPrefix: string;
}

/** Of a load balancer; the quota of target groups can't be raised (notes aws B3). */
const mostSlots = 100;
const longestName = 32;

/**
 * Longer than the longest wait for an answer, a blocking reload of three target durations (6 s); shorter than the 72 s
 * for which the tasks keep a connection open (containers/ingest/http.ts), so that none is closed under a request.
 */
const idleTimeout = Duration.seconds(60);

/** What /live and /live-private come from: an internal load balancer that finds a slot's task by its path. */
export class LiveOrigin extends Construct {
  readonly loadBalancer: elb.ApplicationLoadBalancer;
  readonly targetGroups: ReadonlyMap<string, elb.ApplicationTargetGroup>;

  constructor(scope: Construct, id: string, props: LiveOriginProps) {
    super(scope, id);
    const { vpc, securityGroup, slots, targetGroupPrefix } = props;
    if (slots.length > mostSlots)
      throw new ConfigError(
        `tidecast.config.ts can't be used: in ingest.policy, slots are ${slots.length}; one load balancer has ${mostSlots} target groups`,
      );
    this.loadBalancer = new elb.ApplicationLoadBalancer(this, 'LoadBalancer', {
      vpc,
      internetFacing: false,
      vpcSubnets: { subnetGroupName: 'data' },
      securityGroup,
      idleTimeout,
      // Longer than CloudFront keeps its connections (at most 120 s): it is CloudFront that ends them.
      clientKeepAlive: Duration.hours(1),
      dropInvalidHeaderFields: true,
    });
    Validations.of(this.loadBalancer).acknowledge({
      id: 'AwsSolutions::AwsSolutions-ELB2',
      reason: 'the observability stack has its access logs written, where it keeps all logs',
    });
    const listener = this.loadBalancer.addListener('Http', {
      port: 80,
      protocol: elb.ApplicationProtocol.HTTP,
      open: false,
      // It can say no Cache-Control; the routes of /live keep no error (core/routes.ts).
      defaultAction: elb.ListenerAction.fixedResponse(404, {
        contentType: 'text/plain',
        messageBody: 'there is no such slot',
      }),
    });
    this.targetGroups = new Map(
      slots.map((slot, index) => {
        const group = this.#targets(vpc, slot, `${targetGroupPrefix}-${slot}`);
        new elb.ApplicationListenerRule(this, `Rule ${slot}`, {
          listener,
          priority: index + 1,
          conditions: [
            elb.ListenerCondition.pathPatterns(Object.values(liveRoots).map((root) => `/${root}/${slot}/*`)),
          ],
          action: elb.ListenerAction.forward([group]),
        });
        return [slot, group];
      }),
    );
  }

  /** Empty: the scheduler registers the slot's host when its task serves (lambda/scheduler/aws/targets.ts). */
  #targets(vpc: ec2.IVpc, slot: string, targetGroupName: string): elb.ApplicationTargetGroup {
    if (targetGroupName.length > longestName || targetGroupName.endsWith('-'))
      throw new ConfigError(
        `tidecast.config.ts can't be used: in ingest.policy, slot ${slot} would have the target group ${targetGroupName}; a name has at most ${longestName} characters and no hyphen at its end`,
      );
    return new elb.ApplicationTargetGroup(this, `Targets ${slot}`, {
      vpc,
      targetGroupName,
      targetType: elb.TargetType.IP,
      protocol: elb.ApplicationProtocol.HTTP,
      port: ingestPorts.http,
      healthCheck: {
        path: '/healthz',
        interval: Duration.seconds(10),
        timeout: Duration.seconds(5),
        healthyThresholdCount: 2,
        unhealthyThresholdCount: 3,
      },
      // A target goes when its task has stopped: nothing is under way, and the slot's next task should not wait.
      deregistrationDelay: Duration.seconds(5),
    });
  }
}
