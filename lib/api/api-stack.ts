import { Duration, type App } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { z } from 'zod';
import type { apiEnvironment } from '../../core/environment/api.ts';
import type { Settings } from '../config.ts';
import type { ApiParts, DataParts, DeliveryParts, EntranceParts, Identity, NetworkParts } from '../parts.ts';
import { servicePorts } from '../services/ports.ts';
import { WebService } from '../services/service.ts';
import { TidecastStack } from '../stack.ts';
import { UserPool } from './identity.ts';
import { apiStatements } from './permissions.ts';

export interface ApiStackParts {
  readonly network: NetworkParts;
  readonly data: DataParts;
  readonly entrance: EntranceParts;
  readonly delivery: Pick<DeliveryParts, 'publicUrl' | 'mediaUrls'>;
}

/** Names of what the API reads; a test parses the values. */
type ApiVariables = Partial<Record<keyof z.input<typeof apiEnvironment>, string>>;
type ApiSecrets = Partial<Record<keyof z.input<typeof apiEnvironment>, ecs.Secret>>;

/** Before the shards' rules (lib/chat/priority.ts). */
const priority = 1;

/** The HTTP API, and who people are. */
export class ApiStack extends TidecastStack implements ApiParts {
  readonly loadBalancer: elb.IApplicationLoadBalancer;
  readonly listener: elb.IApplicationListener;
  readonly loadBalancerSecurityGroup: ec2.ISecurityGroup;
  readonly servicesSecurityGroup: ec2.ISecurityGroup;
  readonly cluster: ecs.ICluster;
  readonly service: ecs.FargateService;
  readonly targetGroup: elb.ApplicationTargetGroup;
  readonly logGroup: logs.ILogGroup;
  readonly identity: Identity;

  constructor(app: App, settings: Settings, { network, data, entrance, delivery }: ApiStackParts) {
    super(app, { part: 'api', settings, description: 'HTTP API and user pool' });
    this.loadBalancer = entrance.loadBalancer;
    this.listener = entrance.listener;
    this.loadBalancerSecurityGroup = entrance.loadBalancerSecurityGroup;
    this.servicesSecurityGroup = entrance.servicesSecurityGroup;
    this.cluster = entrance.cluster;
    const { publicUrl } = delivery;
    this.identity = settings.identity ?? new UserPool(this, 'Identity', { settings, publicUrl });
    const environment = {
      TABLE_PREFIX: data.tables.prefix,
      AWS_REGION: this.region,
      OBJECT_STORE: `s3://${data.archive.bucketName}`,
      HTTP_PORT: String(servicePorts.api),
      OIDC_ISSUER: this.identity.issuer,
      OIDC_CLIENT_ID: this.identity.clientId,
      PUBLIC_URL: publicUrl,
      MEDIA_URLS: delivery.mediaUrls.join(','),
      COOKIE_KEY_PAIR_ID: data.cookiePublicKey.publicKeyId,
      // Without a domain the API takes it from the scheduler's report.
      ...(settings.domain === undefined ? {} : { RTMP_URL: `rtmp://${settings.domain.ingestName}/live` }),
    } satisfies ApiVariables;
    const secrets = {
      COOKIE_KEY: ecs.Secret.fromSecretsManager(data.cookieKey),
      REDIS_PASSWORD: ecs.Secret.fromSecretsManager(data.redisPassword),
    } satisfies ApiSecrets;
    const { service, targetGroup, logGroup } = new WebService(this, 'Api', {
      settings,
      network,
      entrance,
      program: 'api',
      environment,
      secrets,
      statements: apiStatements(data),
      wildcards: { '/thumbs/*': 'the picture of any broadcast: its owner may make it private' },
      path: '/api/*',
      priority,
      // Answers take at most 15 s (containers/api), and ending has 25 s (runtime/lifecycle).
      stopTimeout: Duration.seconds(30),
      cpuPercent: 50,
      target: {
        healthCheck: {
          path: '/healthz',
          interval: Duration.seconds(10),
          timeout: Duration.seconds(5),
          healthyThresholdCount: 2,
          unhealthyThresholdCount: 3,
        },
        // As long as its longest answer.
        deregistrationDelay: Duration.seconds(15),
        loadBalancingAlgorithmType: elb.TargetGroupLoadBalancingAlgorithmType.LEAST_OUTSTANDING_REQUESTS,
      },
    });
    this.service = service;
    this.targetGroup = targetGroup;
    this.logGroup = logGroup;
  }
}
