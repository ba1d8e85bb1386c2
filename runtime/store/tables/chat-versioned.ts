import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import type { ChatItems, ChatKey } from './chat-items.ts';
import { reachIf, type TableClient } from './client.ts';

interface Versioned {
  readonly version: number;
}

/**
 * Settings that several people change: each change says which version it began with, and is refused when that is
 * no longer the one. Fields that only a newer version of Tidecast knows stay as they are.
 */
export function createVersioned(options: {
  readonly client: TableClient;
  readonly table: string;
  readonly items: ChatItems;
}) {
  const { client, table, items } = options;

  const read = async <T extends Versioned>(key: ChatKey, record: z.ZodObject & z.ZodType<T>): Promise<T> =>
    // Without an item: all defaults.
    record.parse((await items.get(key)) ?? {});

  return {
    read,

    /** Undefined: somebody else has changed it meanwhile. */
    async change<T extends Versioned>(
      key: ChatKey,
      record: z.ZodObject & z.ZodType<T>,
      value: T,
      fromVersion: number,
    ): Promise<T | undefined> {
      const next = { ...value, version: fromVersion + 1 };
      const fields = Object.keys(record.shape);
      const [sets, removes] = [true, false].map((isSet) =>
        fields.filter((field) => (next[field as keyof T] !== undefined) === isSet),
      ) as [string[], string[]];
      const written = await reachIf(
        'change chat settings',
        client.send(
          new UpdateCommand({
            TableName: table,
            Key: { ...key },
            UpdateExpression:
              `SET ${sets.map((field) => `#${field} = :${field}`).join(', ')}` +
              (removes.length === 0 ? '' : ` REMOVE ${removes.map((field) => `#${field}`).join(', ')}`),
            ConditionExpression:
              fromVersion === 0 ? 'attribute_not_exists(#version) OR #version = :from' : '#version = :from',
            ExpressionAttributeNames: Object.fromEntries(fields.map((field) => [`#${field}`, field])),
            ExpressionAttributeValues: {
              ':from': fromVersion,
              ...Object.fromEntries(sets.map((field) => [`:${field}`, next[field as keyof T]])),
            },
          }),
        ),
      );
      if (written !== undefined) return next;
      // A lost answer, asked again by the SDK, looks like a refusal.
      const found = await read(key, record);
      return isDeepStrictEqual(found, next) ? found : undefined;
    },
  };
}
