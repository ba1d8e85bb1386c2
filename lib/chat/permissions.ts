import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { ICluster } from 'aws-cdk-lib/aws-ecs';
import { chatFolder } from '../../core/chat/replay.ts';
import type { DataParts } from '../parts.ts';

/** What containers/chat calls, and nothing else (runtime/store, containers/chat/archive). */
export function chatStatements({
  tables,
  archive,
  cluster,
}: Pick<DataParts, 'tables' | 'archive'> & { readonly cluster: ICluster }): readonly iam.PolicyStatement[] {
  const { broadcasts, chat, messages } = tables.all;
  const allow = (actions: readonly string[], resource: string): iam.PolicyStatement =>
    new iam.PolicyStatement({ actions: [...actions], resources: [resource] });
  const item = (...verbs: readonly string[]): readonly string[] => verbs.map((verb) => `dynamodb:${verb}`);
  return [
    allow(item('GetItem'), broadcasts.tableArn),
    allow(item('GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'), chat.tableArn),
    allow(item('Query'), messages.tableArn),
    allow(['s3:GetObject', 's3:PutObject'], archive.arnForObjects(`${chatFolder('*')}*`)),
    // For a broadcast without an archive yet: who may not list is told 403 in place of 404.
    allow(['s3:ListBucket'], archive.bucketArn),
    // Whether it is being taken out of the load balancer (runtime/lifecycle/ecs-task.ts).
    allow(
      ['ecs:DescribeTasks'],
      Stack.of(cluster).formatArn({
        service: 'ecs',
        resource: 'task',
        resourceName: `${cluster.clusterName}/*`,
      }),
    ),
  ];
}
