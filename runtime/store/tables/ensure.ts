import { setTimeout as delay } from 'node:timers/promises';
import {
  CreateTableCommand,
  DescribeTableCommand,
  ResourceInUseException,
  ResourceNotFoundException,
  type KeySchemaElement,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { tableNames, tables, type TableDefinition, type TableName } from '../../../core/tables.ts';
import { reach, TableError, type TableClient } from './client.ts';

const keySchema = (partitionKey: string, sortKey?: string): KeySchemaElement[] => [
  { AttributeName: partitionKey, KeyType: 'HASH' },
  ...(sortKey === undefined ? [] : [{ AttributeName: sortKey, KeyType: 'RANGE' } as const]),
];

const toCreate = (name: string, table: TableDefinition): CreateTableCommand => {
  const keys = [
    table.partitionKey,
    ...(table.sortKey === undefined ? [] : [table.sortKey]),
    ...table.indexes.flatMap((index) => [index.partitionKey, index.sortKey]),
  ];
  return new CreateTableCommand({
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [...new Set(keys)].map((key) => ({ AttributeName: key, AttributeType: 'S' })),
    KeySchema: keySchema(table.partitionKey, table.sortKey),
    ...(table.indexes.length === 0
      ? {}
      : {
          GlobalSecondaryIndexes: table.indexes.map((index) => ({
            IndexName: index.name,
            KeySchema: keySchema(index.partitionKey, index.sortKey),
            Projection: { ProjectionType: 'KEYS_ONLY' },
          })),
        }),
  });
};

/** Key schemas as text: two tables that say the same are the same for us. */
const fingerprint = (table: TableDefinition): string =>
  [
    table.sortKey === undefined ? table.partitionKey : `${table.partitionKey}/${table.sortKey}`,
    ...table.indexes.map((index) => `${index.name}:${index.partitionKey}:${index.sortKey}`).sort(),
  ].join(' ');

const described = (table: TableDescription): string => {
  const sortKey = table.KeySchema?.[1]?.AttributeName;
  return fingerprint({
    partitionKey: table.KeySchema?.[0]?.AttributeName ?? '',
    ...(sortKey === undefined ? {} : { sortKey }),
    indexes: (table.GlobalSecondaryIndexes ?? []).map((index) => ({
      name: index.IndexName ?? '',
      partitionKey: index.KeySchema?.[0]?.AttributeName ?? '',
      sortKey: index.KeySchema?.[1]?.AttributeName ?? '',
    })),
  });
};

async function describe(client: TableClient, name: string): Promise<TableDescription | undefined> {
  try {
    return (await client.send(new DescribeTableCommand({ TableName: name }))).Table;
  } catch (cause) {
    if (cause instanceof ResourceNotFoundException) return undefined;
    throw new TableError(`could not describe the table ${name}`, { cause });
  }
}

async function ensureTable(client: TableClient, name: string, table: TableDefinition): Promise<void> {
  // 200 × 50 ms: dynalite makes a table in milliseconds, an emulator in seconds.
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const found = await describe(client, name);
    if (found === undefined) {
      // Another program that starts at the same moment may have been first: that is as good.
      const made = client.send(toCreate(name, table)).catch((cause: unknown) => {
        if (!(cause instanceof ResourceInUseException)) throw cause;
      });
      await reach(`create the table ${name}`, made);
    } else if (described(found) !== fingerprint(table)) {
      throw new TableError(
        `the table ${name} is of another version of Tidecast (${described(found)} instead of ` +
          `${fingerprint(table)}): remove it, or use another TABLE_PREFIX`,
      );
    } else if (found.TableStatus === 'ACTIVE') {
      return;
    }
    await delay(50);
  }
  throw new TableError(`the table ${name} did not become active within 10 s: remove it and start again`);
}

/** Makes the tables where nobody else does (one machine, tests). In AWS the stacks make them. */
export async function ensureTables(options: {
  readonly client: TableClient;
  readonly prefix: string;
}): Promise<void> {
  const names = tableNames(options.prefix);
  const wanted = Object.entries(tables) as [TableName, TableDefinition][];
  await Promise.all(wanted.map(([key, table]) => ensureTable(options.client, names[key], table)));
}
