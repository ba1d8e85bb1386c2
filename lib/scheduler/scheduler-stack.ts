import { Duration, type App } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as targets from 'aws-cdk-lib/aws-scheduler-targets';
import type { Settings } from '../config.ts';
import { removalOf, retentionOf } from '../keeping.ts';
import type { DataParts, IngestParts, NetworkParts, RegistryParts, SchedulerParts } from '../parts.ts';
import { TidecastStack } from '../stack.ts';
import { bundleOf } from './bundle.ts';
import { environmentOf } from './environment.ts';
import { acknowledgeWildcards } from '../wildcards.ts';
import { schedulerPermissions, wildcardReasons } from './permissions.ts';

/** Lambda knows no shorter one, and the next invocation is as good as a late one. */
const eventAge = Duration.seconds(60);

/**
 * The fleet scheduler (design section 5): a Lambda that EventBridge Scheduler starts every minute. It lies in no
 * network: it talks to AWS's own APIs only. What it misses needs no dead letters: the next minute does all of it.
 */
export class SchedulerStack extends TidecastStack implements SchedulerParts {
  readonly handler: lambda.Function;

  constructor(
    app: App,
    settings: Settings,
    parts: {
      readonly network: NetworkParts;
      readonly data: DataParts;
      readonly registry: RegistryParts;
      readonly ingest: IngestParts;
    },
  ) {
    super(app, { part: 'scheduler', settings, description: 'the fleet scheduler' });
    const logGroup = new logs.LogGroup(this, 'Logs', {
      retention: retentionOf(settings.logsKeptDays),
      removalPolicy: removalOf(false),
    });
    const role = new iam.Role(this, 'Role', {
      description: 'The fleet scheduler of Tidecast',
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    });
    logGroup.grantWrite(role);
    for (const statement of schedulerPermissions(this, { settings, vpc: parts.network.vpc, ...parts }))
      role.addToPolicy(statement);
    acknowledgeWildcards(role, wildcardReasons);
    this.handler = new lambda.Function(this, 'Handler', {
      description: 'Observes the ingest fleet and does what is next',
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      code: bundleOf(this, 'scheduler'),
      handler: 'index.handler',
      role,
      environment: environmentOf(settings, parts),
      // Under the period, so that there is one at a time as a rule; the lease sees to it when not.
      timeout: Duration.seconds(50),
      // A pass over 100 hosts is some MB; a third of a core parses the answers well inside its second.
      memorySize: 512,
      // A pass that failed is repeated by the next minute, on newer facts.
      retryAttempts: 0,
      maxEventAge: eventAge,
      ...(settings.reservedConcurrency ? { reservedConcurrentExecutions: 1 } : {}),
      tracing: lambda.Tracing.ACTIVE,
      logGroup,
    });
    this.#everyMinute();
  }

  #everyMinute(): void {
    const role = new iam.Role(this, 'Invoker', {
      description: 'EventBridge Scheduler, when it starts the fleet scheduler of Tidecast',
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
    });
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['lambda:InvokeFunction'],
        resources: [this.handler.functionArn],
      }),
    );
    new scheduler.Schedule(this, 'EveryMinute', {
      description: 'Starts the fleet scheduler of Tidecast',
      schedule: scheduler.ScheduleExpression.rate(Duration.minutes(1)),
      timeWindow: scheduler.TimeWindow.off(),
      target: new targets.LambdaInvoke(this.handler, {
        // By itself it would also allow every version and alias.
        role: role.withoutPolicyUpdates(),
        retryAttempts: 0,
        maxEventAge: eventAge,
      }),
    });
  }
}
