import { Stack } from 'aws-cdk-lib';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { broadcastIndexes } from '../../core/tables.ts';
import type { DataParts } from '../parts.ts';
import type { WildcardAction } from '../wildcards.ts';

/** Partitions of tables that a task has to do with: runtime/store/tables/fleet-items.ts and chat-items.ts. */
export const taskPartitions = {
  /** Its heartbeat; orders and the front set are the scheduler's (design section 5: one owner for each state). */
  writes: ['heartbeat'],
  reads: ['order', 'scheduler'],
  shards: ['shards'],
} as const;

const ofPartitions = (partitions: readonly string[]): iam.Conditions => ({
  'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [...partitions] },
  // Without it, a request that names no key would pass.
  Null: { 'dynamodb:LeadingKeys': 'false' },
});

const allow = (
  actions: readonly string[],
  resources: readonly string[],
  conditions?: iam.Conditions,
): iam.PolicyStatement =>
  new iam.PolicyStatement({
    actions: [...actions],
    resources: [...resources],
    ...(conditions === undefined ? {} : { conditions }),
  });

/** What an ingest task does, call by call: runtime/store as containers/ingest uses it. */
export function taskPermissions({ tables, archive }: DataParts): readonly iam.PolicyStatement[] {
  const { channels, broadcasts, fleet, chat } = tables.all;
  return [
    allow(['dynamodb:GetItem', 'dynamodb:UpdateItem'], [channels.tableArn]),
    allow(
      ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'DeleteItem'].map(
        (action) => `dynamodb:${action}`,
      ),
      [broadcasts.tableArn],
    ),
    // Recovery looks for broadcasts that nobody holds.
    allow(['dynamodb:Query'], [`${broadcasts.tableArn}/index/${broadcastIndexes.unended.name}`]),
    allow(['dynamodb:PutItem'], [fleet.tableArn], ofPartitions(taskPartitions.writes)),
    allow(['dynamodb:GetItem'], [fleet.tableArn], ofPartitions(taskPartitions.reads)),
    // A broadcast gets its chat shard when it begins.
    allow(['dynamodb:Query'], [chat.tableArn], ofPartitions(taskPartitions.shards)),
    // AbortMultipartUpload: large playlists go up in parts, which cost money when they are left behind.
    allow(['s3:PutObject', 's3:AbortMultipartUpload'], [objects(archive.bucketArn, 'archive')]),
    allow(['s3:GetObject'], [objects(archive.bucketArn, 'archive')]),
    allow(['s3:PutObject', 's3:DeleteObject'], [objects(archive.bucketArn, 'thumbs')]),
    // Without a condition on the prefix: reading what is not there would else be answered with 403 and not with 404,
    // and a broadcast whose archive can't be looked up does not begin. Only names can be seen by it.
    allow(['s3:ListBucket'], [archive.bucketArn]),
  ];
}

const objects = (bucketArn: string, folder: string): string => `${bucketArn}/${folder}/*`;

/** Why a resource in it has a `*` (lib/wildcards.ts). */
export const taskWildcards = {
  '/archive/*': 'segments of every broadcast, whose names come with it',
  '/thumbs/*': 'the picture of every broadcast',
} as const;

/** What the agent on a host does: for this cluster only, and it can neither make clusters nor touch other hosts. */
export function agentPermissions(cluster: ecs.ICluster): readonly iam.PolicyStatement[] {
  const { clusterArn, clusterName } = cluster;
  const itself = Stack.of(cluster).formatArn({
    service: 'ecs',
    resource: 'container-instance',
    resourceName: `${clusterName}/*`,
  });
  return [
    allow(
      [
        'ecs:RegisterContainerInstance',
        'ecs:DeregisterContainerInstance',
        'ecs:SubmitAttachmentStateChanges',
        'ecs:SubmitContainerStateChange',
        'ecs:SubmitTaskStateChange',
      ],
      [clusterArn],
    ),
    allow(['ecs:Poll', 'ecs:StartTelemetrySession'], [itself], {
      ArnEquals: { 'ecs:cluster': clusterArn },
    }),
    allow(['ecs:DiscoverPollEndpoint'] satisfies readonly WildcardAction[], ['*']),
  ];
}

export const agentWildcards = {
  ':container-instance/': 'the agent registers its host under an id that ECS makes up; the cluster is ours',
} as const;
