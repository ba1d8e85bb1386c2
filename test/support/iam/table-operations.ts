import { tables, tableNames, type TableName } from '../../../core/tables.ts';
import type { AwsCall } from './call.ts';
import type { Place } from './deployment.ts';
import { IamError, type Check } from './evaluate.ts';

type Input = AwsCall['input'];
type Item = Readonly<Record<string, unknown>>;

interface Write {
  readonly PutRequest?: { readonly Item: Item };
  readonly DeleteRequest?: { readonly Key: Item };
}

/** With the types of the wire, `{ S: 'text' }`, or without. */
const plain = (value: unknown): string => {
  if (typeof value === 'string') return value;
  const { S } = (value ?? {}) as { readonly S?: unknown };
  if (typeof S === 'string') return S;
  throw new IamError(`keys are text, not ${JSON.stringify(value)}`);
};

/** `<prefix>-fleet` is the fleet table, whatever the prefix. */
function definitionOf(table: string): (typeof tables)[TableName] {
  const name = (Object.keys(tables) as TableName[]).find((each) => table.endsWith(tableNames('')[each]));
  if (name === undefined) throw new IamError(`${table} is none of our tables`);
  return tables[name];
}

/** The value that the partition key has in a query. */
function partitionOf(input: Input, key: string): string {
  const expression = plain(input['KeyConditionExpression']);
  const names = (input['ExpressionAttributeNames'] ?? {}) as Readonly<Record<string, string>>;
  const values = (input['ExpressionAttributeValues'] ?? {}) as Item;
  for (const [, name = '', value = ''] of expression.matchAll(/([#\w]+)\s*=\s*(:\w+)/g))
    if ((names[name] ?? name) === key) return plain(values[value]);
  throw new IamError(`no value for ${key} in ${expression}`);
}

function itemsOf(
  operation: string,
  input: Input,
): readonly (readonly [table: string, items: readonly Item[]])[] {
  const table = (): string => plain(input['TableName']);
  switch (operation) {
    case 'GetItem':
    case 'UpdateItem':
    case 'DeleteItem':
      return [[table(), [input['Key'] as Item]]];
    case 'PutItem':
      return [[table(), [input['Item'] as Item]]];
    case 'BatchGetItem':
      return Object.entries(
        input['RequestItems'] as Readonly<Record<string, { readonly Keys: readonly Item[] }>>,
      ).map(([name, { Keys }]) => [name, Keys]);
    case 'BatchWriteItem':
      return Object.entries(input['RequestItems'] as Readonly<Record<string, readonly Write[]>>).map(
        ([name, writes]) => [
          name,
          writes.flatMap(({ PutRequest, DeleteRequest }): readonly Item[] =>
            [PutRequest?.Item, DeleteRequest?.Key].filter((item) => item !== undefined),
          ),
        ],
      );
    default:
      throw new IamError(`what DynamoDB.${operation} needs is not known here`);
  }
}

/** What DynamoDB checks: the action on each table or index, and `dynamodb:LeadingKeys`, the partitions. */
export function tableChecks(operation: string, input: Input, { account, region }: Place): readonly Check[] {
  const action = `dynamodb:${operation}`;
  const arn = (table: string): string => `arn:aws:dynamodb:${region}:${account}:table/${table}`;
  if (operation === 'Query') {
    const table = plain(input['TableName']);
    const { partitionKey, indexes } = definitionOf(table);
    const index = input['IndexName'] === undefined ? undefined : plain(input['IndexName']);
    const key = indexes.find(({ name }) => name === index)?.partitionKey ?? partitionKey;
    return [
      {
        action,
        resource: index === undefined ? arn(table) : `${arn(table)}/index/${index}`,
        context: { 'dynamodb:LeadingKeys': [partitionOf(input, key)] },
      },
    ];
  }
  return itemsOf(operation, input).map(([table, items]) => {
    const { partitionKey } = definitionOf(table);
    return {
      action,
      resource: arn(table),
      context: { 'dynamodb:LeadingKeys': [...new Set(items.map((item) => plain(item[partitionKey])))] },
    };
  });
}
