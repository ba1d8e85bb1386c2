import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ECRClient } from '@aws-sdk/client-ecr';
import { ECSClient } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { Route53Client } from '@aws-sdk/client-route-53';

export interface Clients {
  readonly ecs: ECSClient;
  readonly ec2: EC2Client;
  /** Never asks twice: for the call that has no idempotency of its own (AllocateAddress). */
  readonly ec2Once: EC2Client;
  readonly autoScaling: AutoScalingClient;
  readonly route53: Route53Client;
  readonly ecr: ECRClient;
  readonly balancing: ElasticLoadBalancingV2Client;
  readonly cloudWatch: CloudWatchClient;
  close(): void;
}

/**
 * A pass is due every 10 s: an answer that takes longer than 2 s is better asked for again, and after three
 * attempts the next pass sees how things stand. Without `throwOnRequestTimeout` the SDK only warns.
 */
const patience = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 2_000, throwOnRequestTimeout: true },
} as const;

export interface ClientOptions {
  readonly region: string;
  /** Both come from the environment otherwise (AWS_ENDPOINT_URL where it is not AWS's own). */
  readonly endpoint?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export function createClients(given: ClientOptions): Clients {
  const options = { ...given, ...patience };
  const clients = {
    ecs: new ECSClient(options),
    ec2: new EC2Client(options),
    ec2Once: new EC2Client({ ...options, maxAttempts: 1 }),
    autoScaling: new AutoScalingClient(options),
    route53: new Route53Client(options),
    ecr: new ECRClient(options),
    balancing: new ElasticLoadBalancingV2Client(options),
    cloudWatch: new CloudWatchClient(options),
  };
  return {
    ...clients,
    close: () => {
      for (const client of Object.values(clients)) client.destroy();
    },
  };
}
