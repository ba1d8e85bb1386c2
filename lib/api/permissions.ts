import type * as iam from 'aws-cdk-lib/aws-iam';
import * as policy from 'aws-cdk-lib/aws-iam';
import { broadcastIndexes } from '../../core/tables.ts';
import type { DataParts } from '../parts.ts';

const { byChannel, listed, unended } = broadcastIndexes;

/** What containers/api calls, and nothing else (runtime/store). */
export function apiStatements({
  tables,
  archive,
}: Pick<DataParts, 'tables' | 'archive'>): readonly iam.PolicyStatement[] {
  const { channels, broadcasts, fleet, chat, messages } = tables.all;
  const allow = (actions: readonly string[], ...resources: readonly string[]): policy.PolicyStatement =>
    new policy.PolicyStatement({ actions: [...actions], resources: [...resources] });
  const item = (...verbs: readonly string[]): readonly string[] => verbs.map((verb) => `dynamodb:${verb}`);
  return [
    allow(item('GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'DeleteItem'), channels.tableArn),
    // Broadcasts begin with their encoder; the API changes what owners and operators may.
    allow(item('GetItem', 'BatchGetItem', 'UpdateItem'), broadcasts.tableArn),
    allow(
      item('Query'),
      ...[byChannel, listed, unended].map(({ name }) => `${broadcasts.tableArn}/index/${name}`),
    ),
    // The console: report and decisions are read, wishes written. It can give no order.
    allow(item('GetItem', 'Query'), fleet.tableArn),
    new policy.PolicyStatement({
      actions: ['dynamodb:PutItem'],
      resources: [fleet.tableArn],
      // ForAllValues alone is true of a call that says nothing.
      conditions: {
        Null: { 'dynamodb:LeadingKeys': 'false' },
        'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['request'] },
      },
    }),
    allow(item('GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'), chat.tableArn),
    allow(item('Query', 'BatchWriteItem'), messages.tableArn),
    // The picture of a broadcast that becomes private.
    allow(['s3:DeleteObject'], archive.arnForObjects('thumbs/*')),
  ];
}
