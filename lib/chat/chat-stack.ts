import { Duration, type App } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { z } from 'zod';
import { chatMetricNamespace, loadLine, socketsMetric } from '../../core/chat/metrics.ts';
import { chatPath } from '../../core/chat/protocol.ts';
import type { chatEnvironment } from '../../core/environment/chat.ts';
import type { Settings } from '../config.ts';
import type { ApiParts, ChatParts, DataParts, NetworkParts } from '../parts.ts';
import { servicePorts } from '../services/ports.ts';
import { WebService } from '../services/service.ts';
import { TidecastStack } from '../stack.ts';
import { chatStatements } from './permissions.ts';
import { priorityOf } from './priority.ts';
import { Redis } from './redis.ts';
import { chatTaskSize } from './size.ts';

export interface ChatStackParts {
  readonly network: NetworkParts;
  readonly data: DataParts;
  readonly api: ApiParts;
}

type ChatVariables = Partial<Record<keyof z.input<typeof chatEnvironment>, string>>;
type ChatSecrets = Partial<Record<keyof z.input<typeof chatEnvironment>, ecs.Secret>>;

/** After its drain a task says good-bye (5 s, containers/chat/main.ts) and closes. */
const closeS = 15;
/** A task notices within 15 s that it is to go (runtime/lifecycle/ecs-task.ts), and says good-bye. */
const noticeS = 30;

/** Of its capacity, on average: the rest is for who comes while the next tasks start. */
const fullShare = 0.75;

/** A chat shard: its Valkey, its tasks, its path on the load balancer. */
export class ChatStack extends TidecastStack implements ChatParts {
  readonly shard: string;
  readonly service: ecs.FargateService;
  readonly targetGroup: elb.ApplicationTargetGroup;
  readonly redisId: string;
  readonly logGroup: logs.ILogGroup;

  constructor(app: App, settings: Settings, { network, data, api }: ChatStackParts, shard: string) {
    super(app, { part: `chat-${shard}`, settings, description: `chat shard ${shard}` });
    const { cpu, drainS, polling, shards } = settings.chat;
    const { capacity, maxSockets, admitPerS } = chatTaskSize(cpu);
    const redis = new Redis(this, 'Redis', { settings, shard, network, entrance: api });
    const environment = {
      SHARD: shard,
      TABLE_PREFIX: data.tables.prefix,
      AWS_REGION: this.region,
      OBJECT_STORE: `s3://${data.archive.bucketName}`,
      HTTP_PORT: String(servicePorts.chat),
      REDIS_URL: redis.url,
      OIDC_ISSUER: api.identity.issuer,
      OIDC_CLIENT_ID: api.identity.clientId,
      CAPACITY: String(capacity),
      MAX_SOCKETS: String(maxSockets),
      ADMIT_PER_S: String(admitPerS),
      DRAIN_S: String(drainS),
      TRANSPORTS: polling ? 'all' : 'websocket',
    } satisfies ChatVariables;
    const secrets = {
      REDIS_PASSWORD: ecs.Secret.fromSecretsManager(data.redisPassword),
    } satisfies ChatSecrets;
    const { service, targetGroup, logGroup, scaling } = new WebService(this, 'Chat', {
      settings,
      network,
      entrance: api,
      program: 'chat',
      environment,
      secrets,
      statements: chatStatements({ ...data, cluster: api.cluster }),
      wildcards: {
        '/archive/*/chat/*': 'the chat of any broadcast: the shard that has it is chosen when it begins',
        ':task/': 'its own task, whose id is not known before it starts',
      },
      path: `${chatPath(shard)}*`,
      priority: priorityOf(shard, shards),
      stopTimeout: Duration.seconds(drainS + closeS),
      // 5,000 sockets take 40 % of a core (notes chat 5), and all that comes at once needs the rest.
      cpuPercent: 45,
      target: {
        healthCheck: {
          path: '/healthz',
          interval: Duration.seconds(5),
          timeout: Duration.seconds(3),
          healthyThresholdCount: 2,
          unhealthyThresholdCount: 3,
        },
        // Whoever is still connected then is cut off, all at once: the task must have sent them away before.
        deregistrationDelay: Duration.seconds(drainS + noticeS),
        // An open WebSocket is outstanding: newcomers go where the fewest are.
        loadBalancingAlgorithmType: elb.TargetGroupLoadBalancingAlgorithmType.LEAST_OUTSTANDING_REQUESTS,
        // Long polling is many requests of one session, and the session is in one task. Each answer renews the cookie,
        // and one comes every 25 s; it is forgotten soon, as whoever comes again is better off in another task.
        ...(polling ? { stickinessCookieDuration: Duration.minutes(2) } : {}),
      },
    });
    const sockets = logGroup.addMetricFilter('Sockets', {
      metricNamespace: chatMetricNamespace(this.stackName),
      metricName: socketsMetric,
      filterPattern: logs.FilterPattern.stringValue('$.msg', '=', loadLine),
      metricValue: '$.sockets',
    });
    scaling.alsoFollow('People', sockets.metric({ statistic: 'Average' }), capacity * fullShare);
    this.shard = shard;
    this.service = service;
    this.targetGroup = targetGroup;
    this.redisId = redis.id;
    this.logGroup = logGroup;
  }
}
