import { setTimeout as delay } from 'node:timers/promises';
import { BatchGetCommand } from '@aws-sdk/lib-dynamodb';
import { reach, TableError, type TableClient } from './client.ts';

/** BatchGetItem takes so many keys. */
const keysInBatch = 100;
/** DynamoDB leaves keys out when it is short of capacity: 50 + 100 + … + 800 ms of patience. */
const attempts = 6;
const firstPauseMs = 50;

/** Items by their ids, as they are at this moment, in the order of the ids. Missing ones are left out. */
export async function getAll<T>(options: {
  readonly client: TableClient;
  readonly table: string;
  readonly keyName: string;
  readonly ids: readonly string[];
}): Promise<readonly T[]> {
  const { client, table, keyName, ids } = options;
  const found = new Map<unknown, T>();
  for (let start = 0; start < ids.length; start += keysInBatch) {
    let keys: Record<string, unknown>[] = ids
      .slice(start, start + keysInBatch)
      .map((id) => ({ [keyName]: id }));
    for (let attempt = 0; keys.length > 0; attempt += 1) {
      if (attempt === attempts) throw new TableError(`could not read ${table}: it is short of capacity`);
      if (attempt > 0) await delay(firstPauseMs * 2 ** (attempt - 1));
      const command = new BatchGetCommand({
        RequestItems: { [table]: { Keys: keys, ConsistentRead: true } },
      });
      const output = await reach(`read ${table}`, client.send(command));
      for (const item of output.Responses?.[table] ?? []) found.set(item[keyName], item as T);
      keys = output.UnprocessedKeys?.[table]?.Keys ?? [];
    }
  }
  return ids.flatMap((id) => found.get(id) ?? []);
}
