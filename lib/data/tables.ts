import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { tableNames, tables, type TableDefinition, type TableName } from '../../core/tables.ts';
import type { Settings } from '../config.ts';
import { removalOf } from '../keeping.ts';

export interface TablesProps {
  readonly settings: Settings;
}

const key = (name: string): dynamodb.Attribute => ({ name, type: dynamodb.AttributeType.STRING });

/** A table for each definition of core/tables.ts, billed by the request. */
export class Tables extends Construct {
  /** TABLE_PREFIX of every program. */
  readonly prefix: string;
  readonly all: Readonly<Record<TableName, dynamodb.TableV2>>;

  constructor(scope: Construct, id: string, { settings }: TablesProps) {
    super(scope, id);
    this.prefix = settings.name;
    const names = tableNames(this.prefix);
    const make = (name: TableName, definition: TableDefinition): dynamodb.TableV2 => {
      const { partitionKey, sortKey, expiryAttribute, indexes } = definition;
      return new dynamodb.TableV2(this, name, {
        tableName: names[name],
        partitionKey: key(partitionKey),
        ...(sortKey === undefined ? {} : { sortKey: key(sortKey) }),
        ...(expiryAttribute === undefined ? {} : { timeToLiveAttribute: expiryAttribute }),
        globalSecondaryIndexes: indexes.map((index) => ({
          indexName: index.name,
          partitionKey: key(index.partitionKey),
          sortKey: key(index.sortKey),
          projectionType: dynamodb.ProjectionType.KEYS_ONLY,
        })),
        billing: dynamodb.Billing.onDemand(),
        pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
        removalPolicy: removalOf(settings.keepData),
      });
    };
    this.all = {
      channels: make('channels', tables.channels),
      broadcasts: make('broadcasts', tables.broadcasts),
      fleet: make('fleet', tables.fleet),
      chat: make('chat', tables.chat),
      messages: make('messages', tables.messages),
    };
  }
}
