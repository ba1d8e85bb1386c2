import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

export type TableClient = DynamoDBDocumentClient;

export interface TableClientOptions {
  readonly region: string;
  /** Set when the tables are not in AWS: dynalite takes any credentials, but wants some. */
  readonly endpoint?: string | undefined;
  /** Attempts of one call. The SDK's own number (3) when absent; 1 for who tries again by itself. */
  readonly attempts?: number;
}

export function createTableClient(options: TableClientOptions): TableClient {
  const client = new DynamoDBClient({
    region: options.region,
    ...(options.endpoint === undefined
      ? {}
      : { endpoint: options.endpoint, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }),
    ...(options.attempts === undefined ? {} : { maxAttempts: options.attempts }),
    // A heartbeat is due every 5 s: an answer that takes longer is better asked for again. Without `throw…` the SDK only warns.
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 4_000, throwOnRequestTimeout: true },
  });
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}

/** The tables could not be read or written. Trying again later can help. */
export class TableError extends Error {
  override readonly name = 'TableError';
}

/** Waits for a call; whatever went wrong becomes a TableError that says what was being done. */
export async function reach<T>(doing: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (cause) {
    throw new TableError(`could not ${doing}`, { cause });
  }
}

/** Like `reach`, but undefined when the condition of the write did not hold. */
export async function reachIf<T>(doing: string, call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (cause) {
    if (cause instanceof ConditionalCheckFailedException) return undefined;
    throw new TableError(`could not ${doing}`, { cause });
  }
}
