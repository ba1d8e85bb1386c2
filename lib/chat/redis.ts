import { SecretValue, Validations } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elasticache from 'aws-cdk-lib/aws-elasticache';
import { Construct } from 'constructs';
import type { Settings } from '../config.ts';
import { redisSecretName } from '../naming.ts';
import type { EntranceParts, NetworkParts } from '../parts.ts';
import { redisPort } from '../services/ports.ts';

export interface RedisProps {
  readonly settings: Settings;
  readonly shard: string;
  readonly network: NetworkParts;
  readonly entrance: Pick<EntranceParts, 'servicesSecurityGroup'>;
}

/**
 * A shard's Valkey: one primary (runtime/bus/keys.ts), with a replica in another zone where the settings say so. A cache:
 * what it loses, the bus reads from the tables.
 */
export class Redis extends Construct {
  readonly id: string;
  /** REDIS_URL */
  readonly url: string;

  constructor(scope: Construct, id: string, { settings, shard, network, entrance }: RedisProps) {
    super(scope, id);
    const { redisNode, redisReplica } = settings.chat;
    const group = new ec2.SecurityGroup(this, 'Access', {
      vpc: network.vpc,
      description: `Redis of the chat shard ${shard}: reached by API and chat only`,
      allowAllOutbound: false,
    });
    group.addIngressRule(entrance.servicesSecurityGroup, ec2.Port.tcp(redisPort), 'API and chat');
    const subnets = new elasticache.CfnSubnetGroup(this, 'Subnets', {
      description: `Tidecast: chat shard ${shard}`,
      subnetIds: network.vpc.selectSubnets({ subnetGroupName: 'data' }).subnetIds,
    });
    const parameters = new elasticache.CfnParameterGroup(this, 'Parameters', {
      cacheParameterGroupFamily: 'valkey8',
      description: `Tidecast: chat shard ${shard}`,
      properties: {
        // All that the bus writes expires. Full, it is better to forget what would go first than to refuse every post.
        'maxmemory-policy': 'volatile-ttl',
      },
    });
    const replication = new elasticache.CfnReplicationGroup(this, 'Resource', {
      replicationGroupDescription: `Tidecast: chat shard ${shard}`,
      engine: 'valkey',
      engineVersion: '8.0',
      cacheNodeType: redisNode,
      // Cluster mode is off: a post is weighed against the whole shard in one script.
      numCacheClusters: redisReplica ? 2 : 1,
      automaticFailoverEnabled: redisReplica,
      multiAzEnabled: redisReplica,
      port: redisPort,
      cacheSubnetGroupName: subnets.ref,
      cacheParameterGroupName: parameters.ref,
      securityGroupIds: [group.securityGroupId],
      transitEncryptionEnabled: true,
      transitEncryptionMode: 'required',
      atRestEncryptionEnabled: true,
      // By name, so that CloudFormation resolves a text that nothing else has to be put into first.
      authToken: SecretValue.secretsManager(redisSecretName(settings.name)).unsafeUnwrap(),
      autoMinorVersionUpgrade: true,
      // Early on Wednesday in Asia, in the evening before in Europe and America; patches move the primary for seconds.
      preferredMaintenanceWindow: 'tue:20:00-tue:21:00',
      snapshotRetentionLimit: 0,
    });
    acknowledge(replication, redisReplica);
    this.id = replication.ref;
    this.url = `rediss://${replication.attrPrimaryEndPointAddress}:${redisPort}`;
  }
}

function acknowledge(replication: elasticache.CfnReplicationGroup, redisReplica: boolean): void {
  const reasons = {
    'AwsSolutions::AwsSolutions-AEC5':
      'only API and chat reach it, with a password: another port would hide it from nobody',
    ...(redisReplica
      ? {}
      : {
          'AwsSolutions::AwsSolutions-AEC4':
            'the settings ask for one node: what it loses is read from the tables',
        }),
  };
  for (const [id, reason] of Object.entries(reasons)) Validations.of(replication).acknowledge({ id, reason });
}
