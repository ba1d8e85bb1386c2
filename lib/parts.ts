/**
 * What stacks have of each other: each part is a stack (or a construct in it) that offers these, and lib/app.ts
 * hands them on. Weak references (cdk.json) make outputs of them, so that no stack locks another.
 */
import type { CfnWebACL } from 'aws-cdk-lib/aws-wafv2';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import type * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecr from 'aws-cdk-lib/aws-ecr';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as secrets from 'aws-cdk-lib/aws-secretsmanager';
import type { AutoScalingGroup } from 'aws-cdk-lib/aws-autoscaling';
import type { Tables } from './data/tables.ts';

/** network/network-stack.ts */
export interface NetworkParts {
  readonly vpc: ec2.IVpc;
  /** Where services run: behind NAT, or with public addresses that nothing may connect to. */
  readonly serviceSubnets: ec2.SubnetSelection;
  readonly servicesHavePublicAddresses: boolean;
}

/** data/data-stack.ts */
export interface DataParts {
  readonly tables: Tables;
  readonly archive: s3.IBucket;
  readonly cookieKey: secrets.ISecret;
  /** Its public half at CloudFront: COOKIE_KEY_PAIR_ID. */
  readonly cookiePublicKey: cloudfront.IPublicKey;
  /** The delivery trusts it. */
  readonly cookieKeyGroup: cloudfront.IKeyGroup;
  /** Password of every shard's Redis. */
  readonly redisPassword: secrets.ISecret;
}

/** registry/registry-stack.ts: made before the first image can be pushed. */
export interface RegistryParts {
  /** Its `release` tag drives rollouts. */
  readonly ingest: ecr.IRepository;
}

/** ingest/ingest-stack.ts */
export interface IngestParts {
  readonly cluster: ecs.ICluster;
  readonly hosts: AutoScalingGroup;
  readonly taskDefinition: ecs.TaskDefinition;
  /** Name of the container in it that runs the ingest image. */
  readonly containerName: string;
  /** Internal; the origin of /live/*. */
  readonly loadBalancer: elb.IApplicationLoadBalancer;
  readonly targetGroupPrefix: string;
  /** What the tasks say, with task and slot. */
  readonly logGroup: logs.ILogGroup;
  /** Has the load balancer write its access log; the bucket's stack can't need anything of the ingest's. */
  logTo(bucket: s3.IBucket, prefix?: string): void;
}

/** scheduler/scheduler-stack.ts */
export interface SchedulerParts {
  readonly handler: lambda.IFunction;
}

/**
 * entrance/entrance-stack.ts: the load balancer of API and chat, and where their services run. A stack of its own, as
 * the delivery stands before it, and the API must know the address that the delivery gets.
 */
export interface EntranceParts {
  /** Internal; the origin of /api/* and /chat/*. */
  readonly loadBalancer: elb.IApplicationLoadBalancer;
  /** API and chat stacks add their rules to it. */
  readonly listener: elb.IApplicationListener;
  readonly loadBalancerSecurityGroup: ec2.ISecurityGroup;
  /** Of every service behind it: each shard's Redis lets it in, and nobody else. */
  readonly servicesSecurityGroup: ec2.ISecurityGroup;
  readonly cluster: ecs.ICluster;
  /** Has the load balancer write its access log; the bucket's stack can't need anything of this one. */
  logTo(bucket: s3.IBucket, prefix?: string): void;
}

/** What the API has of the delivery. */
export interface PublicAddress {
  /** https://live.example.com, or CloudFront's own name: what viewers type. */
  readonly publicUrl: string;
}

/** delivery/delivery-stack.ts */
export interface DeliveryParts extends PublicAddress {
  /** https://m1.live.example.com, …: distributions that deliver media alone. MEDIA_URLS. */
  readonly mediaUrls: readonly string[];
  /** Pages, API, chat, and every other route. */
  readonly web: cloudfront.Distribution;
  readonly media: readonly cloudfront.Distribution[];
  /** Of the gate: keys `gate` and `key`. */
  readonly gateStore: cloudfront.KeyValueStore;
}

/** api/api-stack.ts: the API's service, and who people are. Comes after the delivery. */
export interface ApiParts extends Omit<EntranceParts, 'logTo'> {
  readonly logGroup: logs.ILogGroup;
  readonly service: ecs.IBaseService;
  readonly targetGroup: elb.IApplicationTargetGroup;
  /** The user pool of the stack, or what the settings name. */
  readonly identity: Identity;
}

/** OIDC_ISSUER and OIDC_CLIENT_ID of the programs. */
export interface Identity {
  readonly issuer: string;
  readonly clientId: string;
}

/** chat/chat-stack.ts, one for each shard */
export interface ChatParts {
  readonly shard: string;
  readonly service: ecs.IBaseService;
  readonly targetGroup: elb.IApplicationTargetGroup;
  /** Of the replication group, for metrics. */
  readonly redisId: string;
  readonly logGroup: logs.ILogGroup;
}

/** edge/edge-stack.ts, in us-east-1 */
export interface EdgeParts {
  /** Absent without a domain. */
  readonly certificate: ICertificate | undefined;
  readonly firewall: CfnWebACL;
}
